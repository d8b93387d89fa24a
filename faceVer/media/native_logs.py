"""Libraries that write to standard error by themselves, in the middle of log lines."""

from __future__ import annotations

import contextlib
import ctypes
import re
from pathlib import Path

_LIBTIFF = re.compile(r"(/\S*/libtiff[^/\s]*\.so\S*)$", re.MULTILINE)


def silence_libtiff() -> None:
    """Take away libtiff's handlers of errors and warnings; Pillow raises what matters. PIL must be imported already."""
    with contextlib.suppress(OSError, AttributeError):  # without /proc, or linked in some other way: it stays loud
        for path in set(_LIBTIFF.findall(Path("/proc/self/maps").read_text(encoding="utf-8"))):
            library = ctypes.CDLL(path)
            for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
                setter = getattr(library, name)
                setter.argtypes, setter.restype = (ctypes.c_void_p,), ctypes.c_void_p
                setter(None)
