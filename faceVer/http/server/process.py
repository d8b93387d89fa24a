"""Settings of the process itself: limits of the system, memory, garbage collection, standard error."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import sys

from faceVer.domain.errors import SetupError
from faceVer.http.pipeline.webhooks import ATTEMPTS
from faceVer.http.server.connection_count import SPARE
from faceVer.observability.cgroup import inference_threads
from faceVer.settings.field import PREFIX
from faceVer.settings.model import Settings

M_MMAP_THRESHOLD, MMAP_THRESHOLD = -3, 1 << 20
"""mallopt's parameter, and from how many bytes a block is mapped on its own, so that freeing it returns it."""
GC_THRESHOLDS = 20_000, 20, 20
"""Objects, then collections, between two collections: a form of many parts makes as many objects and no cycle."""
OWN_DESCRIPTORS = 20
"""Of a process that serves nobody: event loop, pipes, listening sockets, log. Measured are 14, in a worker 17."""
DECODER_DESCRIPTORS = 4
"""Of the helper process in which an inference thread decodes: its pipes, on both sides."""
WEBHOOK_DESCRIPTORS = 2 * ATTEMPTS
"""Of the attempts that run at a time: a connection each, and a look-up of its name."""
STORE_DESCRIPTORS = 64
"""Of the store's 20 database connections, up to two files each, and of the files that it reads and writes."""
LEAST_CONNECTIONS = 4
"""With fewer a server is of no use, and does not start."""


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


def fit_connections(settings: Settings) -> tuple[Settings, str]:
    """(the settings with no more connections than the system allows descriptors for, what to tell the operator).

    The spare connections stay, for probes. Raises SetupError if hardly any others would be left.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted, needed = settings.server.max_connections, descriptors(settings)
    if most == resource.RLIM_INFINITY or most >= needed:
        return settings, ""
    allowed = f"{most} descriptors may be open (ulimit -n, LimitNOFILE=)"
    left, least = wanted - (needed - most), min(wanted, LEAST_CONNECTIONS)
    if left < least:
        raise SetupError(f"{allowed}: at least {most + least - left} are needed, {needed} for all connections")
    warning = f"{allowed}, {needed} are needed: {PREFIX}MAX_CONNECTIONS is lowered from {wanted} to {left}"
    return settings.changed(max_connections=left), warning


def descriptors(settings: Settings) -> int:
    """The most file descriptors a process needs."""
    threads = inference_threads(settings.threads, settings.server.workers)
    webhooks = WEBHOOK_DESCRIPTORS if settings.webhooks.webhook_hosts else 0
    store = STORE_DESCRIPTORS if settings.store.store else 0
    own = OWN_DESCRIPTORS + DECODER_DESCRIPTORS * threads + webhooks + store
    return settings.server.max_connections + SPARE + own


def close_standard_error() -> None:
    """Where nobody reads standard error any more, Python would exit with an error for what it could not write there."""
    try:
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
