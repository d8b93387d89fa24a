"""Servers that are forked from a process that has imported their code: they start in a fifth of the time.

The process is `python -m tests.support_preload FD`. It reads requests from the socket FD, each a JSON object.
{"command", "environment", "folder"}, sent with the descriptor of the new standard error, runs `python -m COMMAND`: the
response is the process id. {"reap": id}, for a process that has ended: the response is its exit status.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

CODE = ("faceVer.cli", "faceVer.http.server.serve", "faceVer.http.server.workers")
_MESSAGE = 1 << 20


class ForkedProcess:
    """The part of subprocess.Popen that the tests use."""

    def __init__(self, preloaded: Preloaded, pid: int, stderr: IO[str]) -> None:
        self.pid, self.stderr = pid, stderr
        self.returncode: int | None = None
        self._preloaded = preloaded
        self._ended = os.pidfd_open(pid)

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, negative for a signal. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            poller = select.poll()
            poller.register(self._ended, select.POLLIN)
            if not poller.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired("facever", timeout or 0)
            self.returncode = self._preloaded.reap(self.pid)
            os.close(self._ended)
        return self.returncode

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:  # the process is not reaped yet, so no other process can have its id
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Preloaded:
    """The process that forks servers; it ends with the test process."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = str(theirs.fileno())
            command = [sys.executable, "-m", __name__, number]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=Path(__file__).parents[1])
        self._lock = threading.Lock()
        atexit.register(self.close)

    def close(self) -> None:
        """End the process, but not the servers that still run."""
        self._socket.close()
        self._process.wait()

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> ForkedProcess:
        """Run `python -m COMMAND` in a new process, whose standard error is a pipe."""
        reading, writing = os.pipe()
        request = {"command": list(command), "environment": dict(environment), "folder": str(Path.cwd())}
        try:
            pid = self._request(request, [writing])
        finally:
            os.close(writing)
        return ForkedProcess(self, pid, open(reading, encoding="utf-8"))

    def reap(self, pid: int) -> int:
        return self._request({"reap": pid})

    def _request(self, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> int:
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(message).encode()], descriptors)
            return int(self._socket.recv(_MESSAGE))


@cache
def preloaded() -> Preloaded:
    """The preloaded process of this test process."""
    return Preloaded()


def main(number: str) -> int:
    """Import the server, then fork on request."""
    for name in CODE:
        importlib.import_module(name)
    gc.freeze()  # a collection in a forked process would copy every page
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests = socket.socket(fileno=int(number))
    while True:
        message, descriptors, *_ = socket.recv_fds(requests, _MESSAGE, 1)
        if not message:
            return 0
        request = json.loads(message)
        if "reap" in request:
            answer = os.waitstatus_to_exitcode(os.waitpid(request["reap"], 0)[1])
        elif not (answer := os.fork()):
            requests.close()
            signal.signal(signal.SIGINT, interrupt)
            os.dup2(descriptors[0], sys.stderr.fileno())
            os.close(descriptors[0])
            os.chdir(request["folder"])
            os.environ.clear()
            os.environ.update(request["environment"])
            sys.argv = request["command"]
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
            return 0
        for descriptor in descriptors:
            os.close(descriptor)
        requests.send(str(answer).encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
