"""A helper process: decodes one file at a time for the server at the other end of its channel."""

from __future__ import annotations

import errno
import os
import pickle
import socket

import msgpack

from faceVer.domain.errors import SampleError
from faceVer.media.medium import decode_medium
from faceVer.media.sandbox.confinement import NICE, Limits, allow_few_system_calls, end_with_parent, filter_library
from faceVer.media.sandbox.messages import MOST_BYTES, Job, read_file, share

_NO_ROOM = (errno.ENOMEM, errno.EFBIG, errno.ENOSPC)


def run_helper(channel: socket.socket, large: int) -> None:
    """Serve until the server closes the channel. large: see `SandboxPlan`. The process must be of no further use."""
    end_with_parent()
    os.nice(NICE)
    limits, library = Limits(large), filter_library()
    if library is not None:
        allow_few_system_calls(library)
    while True:
        message, files, _, _ = socket.recv_fds(channel, MOST_BYTES, 1)
        if not message:
            return
        job: Job = pickle.loads(message)  # noqa: S301 - of the server, which this process trusts
        is_permitted = limits.begin(job)
        reply, file = _result(job, files[0], is_permitted=is_permitted)
        socket.send_fds(channel, [reply], [file] if file is not None else [])
        if file is not None:
            os.close(file)


def _result(job: Job, file: int, *, is_permitted: bool) -> tuple[bytes, int | None]:
    """(reply, pixels if there are any)."""
    try:
        budget = job.limits.budget
        before = budget.left if budget is not None else 0
        medium = decode_medium(read_file(file), job.kind, job.limits, job.side)
        return share(medium, before - budget.left if budget is not None else 0)
    except MemoryError:
        return msgpack.packb({"memory": is_permitted}), None
    except SampleError as error:
        return msgpack.packb({"sample": str(error)[:1000]}), None
    except OSError as error:
        if error.errno in _NO_ROOM:
            return msgpack.packb({"memory": is_permitted}), None
        return msgpack.packb({"defect": repr(error)[:1000]}), None
    except Exception as error:
        return msgpack.packb({"defect": repr(error)[:1000]}), None
