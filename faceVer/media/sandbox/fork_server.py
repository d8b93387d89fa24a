"""The fork server: a single-threaded process with all decoders loaded, which forks helpers and watches over them.

A helper lives as long as its channel to the server: when the server closes it, or ends, the helper is killed. When a
helper dies, its server reads on the channel by which signal.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys

import msgpack

from faceVer.media.sandbox.helper import run_helper
from faceVer.media.sandbox.messages import NO_MEMORY
from faceVer.media.warm_up import warm_up


def main(control: int, large: int) -> None:
    """Serve until the server closes its end. control: descriptor of a sequenced-packet socket; each message on it
    carries the helper's end of a channel. large: see `SandboxPlan`."""
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to all processes of the server; the channels end them
        signal.signal(number, signal.SIG_IGN)
    warm_up()
    ForkServer(socket.socket(fileno=control), large).run()


class ForkServer:
    def __init__(self, control: socket.socket, large: int) -> None:
        self._control, self._large = control, large
        self._helpers: dict[int, tuple[int, socket.socket]] = {}
        """By the descriptor of its channel: the process and the channel."""
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def run(self) -> None:
        wake, waker = socket.socketpair()
        waker.setblocking(False)
        signal.set_wakeup_fd(waker.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._poll.register(wake, select.POLLIN)
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == wake.fileno():
                    wake.recv(4096)
                    self._bury()
                elif descriptor != self._control.fileno():
                    self._poll.unregister(descriptor)  # its server has closed it
                    os.kill(self._helpers[descriptor][0], signal.SIGKILL)
                elif not self._accept():
                    signal.set_wakeup_fd(-1)  # of helpers that end now nothing is said, and `waker` is closed
                    return

    def _accept(self) -> bool:
        """Fork a helper for the next message. Returns whether the server is still there."""
        message, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
        if not message:
            for process, _ in self._helpers.values():
                os.kill(process, signal.SIGKILL)
            return False
        channel = socket.socket(fileno=descriptors[0])
        try:
            process = os.fork()
        except OSError:
            _notify(channel, 0)
            channel.close()
            return True
        if process == 0:
            _become_helper(channel, self._large)
        self._helpers[channel.fileno()] = process, channel
        self._poll.register(channel, 0)  # nothing but that the other end was closed
        return True

    def _bury(self) -> None:
        """Say of each helper that has ended by which signal, or that it had no memory."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                process, status = ended
                descriptor = next(key for key, (owner, _) in self._helpers.items() if owner == process)
                _, channel = self._helpers.pop(descriptor)
                with contextlib.suppress(KeyError):
                    self._poll.unregister(descriptor)
                code = os.waitstatus_to_exitcode(status)
                _notify(channel, -code if code < 0 else NO_MEMORY if code == NO_MEMORY else 0)
                channel.close()


def _notify(channel: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):
        channel.send(msgpack.packb({"died": number}), socket.MSG_DONTWAIT)


def _become_helper(channel: socket.socket, large: int) -> None:
    """In the forked process; does not return."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        os.closerange(3, channel.fileno())
        os.closerange(channel.fileno() + 1, sys.maxsize >> 32)
        run_helper(channel, large)
        status = 0
    finally:
        os._exit(status)
