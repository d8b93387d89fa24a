"""The `facever` command. Modules are imported where they are needed: a command loads only its own."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence

from faceVer.cli.exit_codes import BROKEN_PIPE, FAILED, INTERRUPTED, USAGE, UsageError

# Requests run in parallel, not parts of one. Libraries with thread pools of their own would size them by the host's
# CPUs; they read these variables when they are first imported, which is after this.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status is one of `faceVer.cli.exit_codes`. It reports errors on standard error."""
    _open_streams()
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return _exit_now(INTERRUPTED, "interrupted")
    except BrokenPipeError:
        return _exit_now(BROKEN_PIPE)
    except UsageError as error:
        return _fail(USAGE, str(error))
    except Exception as error:
        if _caused_by_interrupt(error):
            return _exit_now(INTERRUPTED, "interrupted")
        message = _message(error)
        if message is None:
            raise
        return _fail(FAILED, message)


def _open_streams() -> None:
    """Replace standard streams that were closed before the start, as with `>&-`, by the null device."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - open until the process ends


def _caused_by_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C caused it: libraries report any interrupted import as a missing module."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _run(arguments: Sequence[str] | None) -> int:
    from faceVer.cli.parser import build

    try:
        options = build().parse_args(arguments)
        if isinstance(sys.stdout, io.TextIOWrapper):
            # JSON is UTF-8; in text, letters that the terminal's encoding lacks are escapes.
            encoding = "utf-8" if getattr(options, "json", False) else None
            sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")
        run: Callable[..., int] = options.run
        return run(options)
    finally:
        sys.stdout.flush()  # raises BrokenPipeError here, where it is handled


def _message(error: Exception) -> str | None:
    """The message of an expected error, one that needs no traceback."""
    from faceVer.cli.backend import FileError
    from faceVer.domain.errors import FaceVerError, SetupError

    if isinstance(error, SetupError):
        return str(error)
    if isinstance(error, FileError):
        return error.text
    if isinstance(error, FaceVerError):
        from faceVer.http.lite.errors import FACES

        return f"{FACES.row(error).code}: {error}"
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename or ''}"
    return None


def _fail(status: int, message: str) -> int:
    from faceVer.cli.output import printable

    print(f"facever: {printable(message)}", file=sys.stderr)
    return status


def _exit_now(status: int, message: str = "") -> int:
    """End without waiting for threads that still work on an image or a request.

    Files are written by the main thread only, which is here.
    """
    if message:
        _fail(status, message)
    sys.stderr.flush()
    os._exit(status)
