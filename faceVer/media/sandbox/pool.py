"""The sandbox of a server process: a bounded number of helpers, for any number of threads."""

from __future__ import annotations

import contextlib
import logging
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace

from faceVer.domain.errors import SampleError, SandboxBusyError, SetupError, TooLargeError
from faceVer.domain.folders import MediaKind
from faceVer.media.limits import MediaLimits
from faceVer.media.medium import Medium
from faceVer.media.sandbox.launch import TICK, ForkServer, Helper, MoreMemoryError
from faceVer.media.sandbox.messages import Job
from faceVer.media.sandbox.plan import LIFETIME, ORDINARY, SLACK, SandboxPlan
from faceVer.observability.timings import checkpoint

log = logging.getLogger(__name__)

_PIXEL = bytes.fromhex("47494638376101000100800000ffffff0000002c00000000010001000002024401003b")
"""A GIF of one white pixel."""


class Sandbox:
    """Starts at the first file, or by `start`; not before the process forks workers."""

    def __init__(self, plan: SandboxPlan) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._servers: list[ForkServer] = []
        """None or one."""
        self._idle: list[Helper] = []
        weakref.finalize(self, _end, self._servers, self._idle)
        self._places = threading.Semaphore(plan.helpers)
        self._large = threading.Semaphore(plan.large_jobs)

    def decode(self, data: bytes, kind: MediaKind, limits: MediaLimits, side: int) -> Medium:
        """Decode a file in a helper. Frames are read-only. Raises SampleError, SandboxBusyError, DeadlineError."""
        with _place(self._places):
            try:
                return self._decode(data, kind, limits, side, ORDINARY)
            except MoreMemoryError:
                pass
            with _place(self._large):
                try:
                    return self._decode(data, kind, limits, side, self._plan.large)
                except MoreMemoryError:
                    raise SampleError("the file needs more memory to decode than any file may") from None

    def _decode(self, data: bytes, kind: MediaKind, limits: MediaLimits, side: int, memory: int) -> Medium:
        budget = limits.budget
        left, space = budget.left if budget is not None else None, memory - self._plan.result
        inside = replace(limits, budget=None, memory=space - SLACK)
        job = Job(kind, side, inside, left, space, self._plan.result, self._plan.seconds(kind))
        helper = self._take()
        try:
            medium, spent = helper.decode(job, data)
        except TooLargeError:
            if budget is not None:
                budget.spend(budget.left + 1)
            raise
        finally:
            # A large one would keep the memory.
            self._put(helper, keep=memory == ORDINARY and not helper.is_lost)
        if budget is not None:
            budget.spend(spent)
        return medium

    def start(self) -> None:
        """Start the processes, which takes them half a second, and decode a file. Raises SetupError if that fails."""
        try:
            self.decode(_PIXEL, "image", MediaLimits(), 1)
        except SampleError as error:
            raise SetupError(f"the decoding sandbox does not work here: {error}") from error
        except SandboxBusyError as error:
            log.warning("%s", error)  # it may be able to later
        if not all(helper.is_filtered for helper in self._idle):
            log.warning(
                "libseccomp or the kernel's part of it is missing: decoding helpers have no filter of system calls"
            )

    def close(self) -> None:
        """End all processes; files that are being decoded fail."""
        with self._lock:
            _end(self._servers, self._idle)

    def _take(self) -> Helper:
        """An idle helper, or a new one. Raises SandboxBusyError."""
        with self._lock:
            while self._idle:
                helper = self._idle.pop()
                if helper.is_alive:
                    return helper
                helper.close()
            try:
                return self._fork()
            except (OSError, MemoryError) as error:
                raise SandboxBusyError(f"no decoding helper can be started: {error}") from None

    def _fork(self) -> Helper:
        if self._servers:
            with contextlib.suppress(OSError):
                return self._servers[0].fork()
            _end(self._servers, self._idle)  # it has ended itself: the kernel's lack of memory
        self._servers.append(ForkServer(self._plan.large))
        return self._servers[0].fork()

    def _put(self, helper: Helper, *, keep: bool) -> None:
        if keep and helper.files < LIFETIME:
            with self._lock:
                if self._servers:
                    self._idle.append(helper)
                    return
        helper.close()


def _end(servers: list[ForkServer], idle: list[Helper]) -> None:
    """End these processes. Not a method: it also runs when the sandbox is no more, or Python ends."""
    while idle:
        idle.pop().close()
    while servers:
        servers.pop().close()


@contextlib.contextmanager
def _place(places: threading.Semaphore) -> Iterator[None]:
    """Wait for a place while the client waits. Raises DeadlineError."""
    while not places.acquire(timeout=TICK):
        checkpoint()
    try:
        yield
    finally:
        places.release()
