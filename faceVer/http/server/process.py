"""Settings of the process itself: limits of the system, memory, garbage collection, standard error."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import sys

from faceVer.http.server.connection_count import SPARE
from faceVer.settings.model import Settings

M_MMAP_THRESHOLD, MMAP_THRESHOLD = -3, 1 << 20
"""mallopt's parameter, and from how many bytes a block is mapped on its own, so that freeing it returns it."""
GC_THRESHOLDS = 20_000, 20, 20
"""Objects, then collections, between two collections: a form of many parts makes as many objects and no cycle."""
OTHER_DESCRIPTORS = 64
"""For files, pipes and webhooks."""


def configure_process() -> None:
    """No core dumps, as many descriptors as are allowed, memory returned early, fewer garbage collections."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would contain images and templates
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # By itself glibc raises the threshold with every large block, and keeps ever larger blocks of freed images.
    with contextlib.suppress(OSError, AttributeError):  # another C library has no mallopt
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD)
    gc.set_threshold(*GC_THRESHOLDS)


def descriptors(settings: Settings) -> int:
    """The most file descriptors a process needs."""
    return settings.server.max_connections + SPARE + OTHER_DESCRIPTORS


def missing_descriptors(settings: Settings) -> tuple[int, int] | None:
    """(allowed, needed) where the system allows fewer descriptors than the settings need; None where it does not."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = descriptors(settings)
    return (most, needed) if most != resource.RLIM_INFINITY and most < needed else None


def close_standard_error() -> None:
    """Where nobody reads standard error any more, Python would exit with an error for what it could not write there."""
    try:
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
