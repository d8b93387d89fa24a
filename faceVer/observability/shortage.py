"""Whether the process lacks what the system gives it: memory, threads, descriptors.

Libraries tell of it in many ways: by MemoryError, by an error number, in words, or as if the file were damaged
(libwebp: "could not create decoder object"). Damaged files in turn make FFmpeg ask for more memory than there is. So
what a decoder reports decides nothing; whether the process can get memory does.
"""

from __future__ import annotations

import errno
import functools
import mmap
import re
import resource
from pathlib import Path

ROOM = 64 << 20
"""Bytes that must be free after a failure to blame the file: glibc takes as much for the heap of a thread."""
PIXEL = 16
"""Bytes per pixel of the format that needs most while it is decoded, WebP."""
_ERRNOS = frozenset({errno.ENOMEM, errno.EMFILE, errno.ENFILE})
_WORDS = re.compile(
    r"bad.?alloc|(?:out of|insufficient|not enough|cannot allocate) memory|failed to allocate|can't start new thread",
    re.I,
)
_STRICT = 2
"""vm.overcommit_memory: the system gives no more memory than it has."""


def tells_of_shortage(error: BaseException) -> bool:
    """Whether an error of a library says that the system gave it no memory, thread or descriptor.

    Not for errors about a file's contents, whose text the file may determine.
    """
    if isinstance(error, OSError):
        return error.errno in _ERRNOS
    return isinstance(error, MemoryError) or _WORDS.search(str(error)) is not None


def check_memory(pixels: int = 0) -> None:
    """Raises MemoryError if a decoder may lack memory, so that its failure says nothing about the file.

    pixels: of the picture, as far as they are known.
    """
    if is_limited() and not _can_get(ROOM + PIXEL * pixels):
        raise MemoryError("too little memory for a decoder") from None


def is_limited() -> bool:
    """Whether the system may refuse memory, instead of ending a process that uses too much."""
    limits = (resource.RLIMIT_AS, resource.RLIMIT_DATA)
    return _is_strict() or any(resource.getrlimit(one)[0] != resource.RLIM_INFINITY for one in limits)


@functools.cache
def _is_strict() -> bool:
    try:
        return int(Path("/proc/sys/vm/overcommit_memory").read_text()) == _STRICT
    except (OSError, ValueError):
        return False


def _can_get(size: int) -> bool:
    try:
        mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (OSError, MemoryError):
        return False
    return True
