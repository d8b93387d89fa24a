"""A decoder that misbehaves as the file says. The fork server of test_sandbox.py loads it in place of the real one."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import subprocess
import threading
import time
from typing import Any

import numpy as np

from faceVer.domain.errors import SampleError
from faceVer.domain.values import Frame
from faceVer.media.medium import Medium
from faceVer.media.sandbox import helper
from faceVer.media.sandbox.messages import NO_MEMORY

MIB = 1 << 20


def decode(data: bytes, kind: Any, limits: Any, side: int) -> Medium:
    """Run the fault that `data` names; a fault that does not end the process or raise gives an image of its result."""
    result = FAULTS[data.decode()]()
    if isinstance(result, Medium):
        return result
    return Medium([Frame(np.full((2, 2, 3), result is None, np.uint8))], 2, 2)


def denied(action: Any, *arguments: Any) -> None:
    """None if the kernel forbids the action."""
    try:
        action(*arguments)
    except PermissionError:
        return
    raise AssertionError(f"{action} is permitted")


def hang() -> None:
    while True:
        pass


def allocate(size: int) -> None:
    bytearray(size)


def reject() -> None:
    raise SampleError("no good")


def fail() -> None:
    raise RuntimeError("a defect")


def many_frames() -> Medium:
    return Medium([Frame(np.zeros((1000, 1000, 3), np.uint8))] * 100, 1000, 1000)


FAULTS = {
    "fine": lambda: None,
    "reject": reject,
    "defect": fail,
    "crash": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "hang": hang,
    "sleep": lambda: time.sleep(60),
    "leave": lambda: os._exit(0),
    "no thread": lambda: os._exit(NO_MEMORY),
    "ordinary": lambda: allocate(200 * MIB),
    "large": lambda: allocate(500 * MIB),
    "giant": lambda: allocate(5000 * MIB),
    "long result": many_frames,
    "read a file": lambda: denied(open, "/etc/hostname", "rb"),
    "write a file": lambda: denied(os.open, "/tmp/facever-escape", os.O_CREAT | os.O_WRONLY),
    "list a folder": lambda: denied(os.listdir, "/"),
    "open a socket": lambda: denied(socket.socket),
    "fork": lambda: denied(os.fork),
    "execute": lambda: denied(os.execv, "/bin/true", ["true"]),
    "start a program": lambda: denied(subprocess.run, ["/bin/true"]),
    "kill the parent": lambda: denied(os.kill, os.getppid(), 0),
    "kill by thread": lambda: denied(signal.pthread_kill, threading.main_thread().ident, 0),
    "limits of others": lambda: denied(resource.prlimit, os.getppid(), resource.RLIMIT_CPU),
}

helper.decode_medium = decode
