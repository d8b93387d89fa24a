"""Silencing libtiff, which writes to standard error by itself, between log lines."""

from __future__ import annotations

import contextlib
import ctypes
import re
from pathlib import Path

_LIBTIFF = re.compile(r"(/\S*/libtiff[^/\s]*\.so\S*)$", re.MULTILINE)


def silence_libtiff() -> None:
    """Remove libtiff's error and warning handlers; Pillow raises what matters. PIL must be imported already."""
    with contextlib.suppress(OSError, AttributeError):  # without /proc, or linked differently: it keeps writing
        for path in set(_LIBTIFF.findall(Path("/proc/self/maps").read_text(encoding="utf-8"))):
            library = ctypes.CDLL(path)
            for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
                setter = getattr(library, name)
                setter.argtypes, setter.restype = (ctypes.c_void_p,), ctypes.c_void_p
                setter(None)
