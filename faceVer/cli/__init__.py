"""The `facever` command. Imports are made where they are needed: a command pays only for its own."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence

from faceVer.cli.exit_codes import BROKEN_PIPE, FAILED, INTERRUPTED, USAGE, UsageError

# Parallelism is across requests. Libraries that bring thread pools of their own would size them by the host's cores;
# they read these when they are first imported, which is after this.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status is one of `faceVer.cli.exit_codes`. It reports errors on standard error."""
    _open_all()
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return _leave(INTERRUPTED, "interrupted")
    except BrokenPipeError:
        return _leave(BROKEN_PIPE)
    except UsageError as error:
        return _failed(USAGE, str(error))
    except Exception as error:
        if _comes_of_interrupt(error):
            return _leave(INTERRUPTED, "interrupted")
        told = _told(error)
        if told is None:
            raise
        return _failed(FAILED, told)


def _open_all() -> None:
    """A stream that was closed before the start, as with `>&-`, is one whose text nobody wants."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - for as long as we live


def _comes_of_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C caused it: libraries report any interrupted import as a missing module."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _run(arguments: Sequence[str] | None) -> int:
    from faceVer.cli.parser import build

    try:
        options = build().parse_args(arguments)
        _prepare(json=getattr(options, "json", False))
        run: Callable[..., int] = options.run
        return run(options)
    finally:
        sys.stdout.flush()  # here, where it is noticed that nobody reads any more


def _told(error: Exception) -> str | None:
    """The message of an expected error, one that needs no traceback."""
    from faceVer.cli.backend import RefusedError
    from faceVer.domain.errors import FaceVerError, SetupError

    if isinstance(error, SetupError):
        return str(error)
    if isinstance(error, RefusedError):
        return error.told
    if isinstance(error, FaceVerError):
        from faceVer.http.lite.errors import FACES

        return f"{FACES.row(error).code}: {error}"
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename or ''}"
    return None


def _failed(status: int, text: str) -> int:
    from faceVer.cli.output import shown

    print(f"facever: {shown(text)}", file=sys.stderr)
    return status


def _prepare(*, json: bool) -> None:
    """Names that the terminal's encoding has no letters for come as escapes; JSON is UTF-8 wherever it is printed."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8" if json else None, errors="backslashreplace")


def _leave(status: int, text: str = "") -> int:
    """End at once: threads are still at work, on a picture or on a request, and nothing of theirs is wanted any more.

    Files are written by the main thread only, which is here.
    """
    if text:
        _failed(status, text)
    sys.stderr.flush()
    os._exit(status)
