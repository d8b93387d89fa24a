"""The server's side of fork server and helpers: starting them, and sending them files."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from typing import Any

import msgpack

from faceVer.domain.errors import SampleError, SandboxBusyError, TooLargeError
from faceVer.media.medium import Medium
from faceVer.media.sandbox.messages import MOST_BYTES, NO_MEMORY, Job, shared, shared_file
from faceVer.observability.timings import checkpoint

log = logging.getLogger(__name__)

_START = (
    "import sys; sys.path[:] = {path!r}; from faceVer.media.sandbox.fork_server import main; main({control}, {large})"
)
_INHERITED = ("LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "LANG", "LC_ALL")
"""Variables that Python and its libraries may need to start. All others may hold secrets."""
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
TICK = 0.25
"""Seconds between two looks whether the client still waits."""
_PATIENCE = 10
"""Wall time allowed for a second of CPU time: the helpers have a low priority on a busy machine."""


class MoreMemoryError(Exception):
    """The file needs a larger address space."""


class ForkServer:
    """The process that forks helpers. Raises OSError where the system starts no process."""

    def __init__(self, large: int) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        code = _START.format(path=sys.path, control=theirs.fileno(), large=large)
        try:
            with theirs:
                # A new session could have a scheduling group of its own, in which its nice value says nothing.
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-c", code], stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
                    env=_environment(), process_group=0,
                )  # fmt: skip
        except BaseException:
            ours.close()
            raise
        self._control = ours

    def fork(self) -> Helper:
        """A new helper, which may not have started yet. Raises OSError if the fork server has ended."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                socket.send_fds(self._control, [b"+"], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return Helper(ours)

    def close(self) -> None:
        """End it and all helpers."""
        self._control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
            return
        self._process.kill()
        self._process.wait()


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | _ONE_THREAD


class Helper:
    """A helper process, known by its channel."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        channel.settimeout(TICK)
        self.files = 0
        """That it has received."""
        self.is_lost = False
        """Whether it can receive no further file."""
        self.is_filtered = True
        """Whether the kernel filters its system calls, as it said last."""

    @property
    def is_alive(self) -> bool:
        """Whether nothing is known of its end."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        return not poll.poll(0)

    def decode(self, job: Job, data: bytes) -> tuple[Medium, int]:
        """(the result, the pixels it spent).

        Raises SampleError, MoreMemoryError, SandboxBusyError, DeadlineError.
        """
        self.files += 1
        self.is_lost = True  # until it has replied
        try:
            file = shared_file(data)
            try:
                socket.send_fds(self._channel, [job.packed()], [file])
            finally:
                os.close(file)
            reply, files = self._reply(time.monotonic() + _PATIENCE * job.seconds)
        except (OSError, MemoryError) as error:
            raise SandboxBusyError(f"a decoding helper cannot be used: {error}") from None
        self.is_filtered = reply.get("filtered") is not False
        try:
            outcome = _outcome(reply, files)
        except (SampleError, TooLargeError, MoreMemoryError) as error:
            self.is_lost = "died" in reply or isinstance(error, DamagedReplyError)
            raise
        else:
            self.is_lost = False
            return outcome
        finally:
            for descriptor in files:
                os.close(descriptor)

    def _reply(self, deadline: float) -> tuple[dict[str, Any], list[int]]:
        while True:
            try:
                message, files, _, _ = socket.recv_fds(self._channel, MOST_BYTES, 1)
            except TimeoutError:
                checkpoint()
                if time.monotonic() > deadline:
                    return {"died": signal.SIGXCPU}, []
                continue
            if not message:  # the fork server has ended, too
                return {"died": signal.SIGKILL}, []
            with contextlib.suppress(ValueError):
                if isinstance(reply := msgpack.unpackb(message), dict):
                    return reply, files
            return {}, files  # damaged

    def close(self) -> None:
        """End it, even if it is busy."""
        self._channel.close()


def _outcome(reply: dict[str, Any], files: list[int]) -> tuple[Medium, int]:
    """What a reply says. Raises what `Helper.decode` raises."""
    if "sample" in reply:
        raise SampleError(str(reply["sample"]))
    if "pixels spent" in reply:
        raise TooLargeError("the request's pictures have too many pixels together")
    if "memory" in reply:
        if reply["memory"] is True:
            raise MoreMemoryError
        raise SandboxBusyError("the system permits a helper less memory than the file may need")
    if "defect" in reply:
        log.error("a decoder fails: %s", reply["defect"])
        raise SampleError("the file cannot be decoded")
    if "died" in reply:
        if reply["died"] == NO_MEMORY:
            raise MoreMemoryError
        if reply["died"] in (0, signal.SIGKILL):  # it could not be forked, or the kernel has no memory
            raise SandboxBusyError("a decoding helper was killed, or could not start")
        if reply["died"] == signal.SIGXCPU:
            raise SampleError("the file takes too long to decode")
        raise SampleError(f"a decoder has crashed: signal {reply['died']}")
    try:
        return shared(reply, files[0])
    except (ValueError, TypeError, LookupError, msgpack.UnpackException) as error:
        raise DamagedReplyError(f"a decoder's answer is damaged: {type(error).__name__}") from None
    except OSError as error:
        raise SandboxBusyError(f"the pixels cannot be mapped: {error}") from None


class DamagedReplyError(SampleError):
    """A helper's reply is not what it should be."""
