"""A server whose garbage collector is off: `python -m tests.http.server_without_gc REPORT serve ...`.

On SIGUSR1 it collects once and writes to REPORT, as JSON, the package's cyclic garbage: its objects, and exceptions,
tracebacks and frames of its code.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType, TracebackType

import faceVer
from faceVer import cli

ROOT = str(Path(faceVer.__file__).parent)


def _is_ours(thing: object) -> bool:
    if isinstance(thing, TracebackType):
        return _is_ours(thing.tb_frame)
    if isinstance(thing, FrameType):
        return thing.f_code.co_filename.startswith(ROOT)
    if isinstance(thing, BaseException):
        return thing.__traceback__ is not None and _is_ours(thing.__traceback__)
    return type(thing).__module__.startswith("faceVer.")


def _collect(report: Path) -> None:
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    found = [repr(thing)[:200] for thing in gc.garbage if _is_ours(thing)]
    gc.set_debug(0)
    gc.garbage.clear()
    gc.collect()
    fresh = report.with_suffix(".new")
    fresh.write_text(json.dumps(found), encoding="utf-8")
    os.replace(fresh, report)


def main() -> int:
    report = Path(sys.argv[1])
    gc.collect()
    gc.disable()
    signal.signal(signal.SIGUSR1, lambda *_: _collect(report))
    return cli.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
