"""A helper process: decodes one file at a time for the server at the other end of its channel."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import replace
from typing import Any

import msgpack

from faceVer.domain.errors import SampleError, TooLargeError
from faceVer.media.limits import PixelBudget
from faceVer.media.medium import decode_medium
from faceVer.media.sandbox.confinement import NICE, Limits, allow_few_system_calls, end_with_parent
from faceVer.media.sandbox.messages import MOST_BYTES, Job, read_file, share

_UNLIMITED = 1 << 62
_NO_ROOM = (errno.ENOMEM, errno.EFBIG, errno.ENOSPC)


def run_helper(channel: socket.socket, large: int) -> None:
    """Serve until the server closes the channel. large: see `SandboxPlan`. The process must be of no further use."""
    end_with_parent()
    os.nice(NICE)
    limits, is_filtered = Limits(large), allow_few_system_calls()
    while True:
        message, files, _, _ = socket.recv_fds(channel, MOST_BYTES, 1)
        if not message:
            return
        job = Job.unpacked(message)
        is_permitted = limits.begin(job)
        reply, file = _result(job, files[0], is_permitted=is_permitted)
        message = msgpack.packb(reply | {"filtered": is_filtered})
        socket.send_fds(channel, [message], [file] if file is not None else [])
        if file is not None:
            os.close(file)


def _result(job: Job, file: int, *, is_permitted: bool) -> tuple[dict[str, Any], int | None]:
    """(reply, pixels if there are any)."""
    try:
        budget = PixelBudget(_UNLIMITED if job.budget is None else job.budget)
        before = budget.left
        medium = decode_medium(read_file(file), job.kind, replace(job.limits, budget=budget), job.side)
        return share(medium, before - budget.left)
    except MemoryError:
        return {"memory": is_permitted}, None
    except TooLargeError:
        return {"pixels spent": True}, None
    except SampleError as error:
        return {"sample": str(error)[:1000]}, None
    except OSError as error:
        if error.errno in _NO_ROOM:
            return {"memory": is_permitted}, None
        return {"defect": repr(error)[:1000]}, None
    except Exception as error:
        return {"defect": repr(error)[:1000]}, None
