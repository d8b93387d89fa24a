"""What server, helper and fork server say to each other, and pixels in sealed shared memory.

All messages are msgpack. The server trusts no helper: the sizes in replies are checked against the memory that came
with them.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgpack
import numpy as np

from faceVer.domain.folders import MediaKind
from faceVer.domain.values import Frame
from faceVer.media.limits import MediaLimits
from faceVer.media.medium import Medium

MOST_BYTES = 4096
"""Of a message; everything long is in shared memory."""
NO_MEMORY = 127
"""The exit status by which the C library ends a process without memory for a thread's data. No signal's number."""
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


@dataclass(frozen=True, slots=True)
class Job:
    """budget: pixels that the request has left, None = no limit. memory, result: bytes of address space, and of the
    pixels returned. seconds: of CPU time.
    """

    kind: MediaKind
    side: int
    limits: MediaLimits
    budget: int | None
    memory: int
    result: int
    seconds: float

    def packed(self) -> bytes:
        return bytes(msgpack.packb(asdict(self)))

    @classmethod
    def unpacked(cls, message: bytes) -> Job:
        fields = msgpack.unpackb(message)
        return cls(**{**fields, "limits": MediaLimits(**fields["limits"])})


def shared_file(data: bytes) -> int:
    """A descriptor of memory with these bytes. Raises OSError."""
    return _memory("facever-file", [data], os.MFD_CLOEXEC)


def _memory(name: str, pieces: Sequence[Any], flags: int) -> int:
    """A descriptor of memory with these buffers. Written, not mapped: that takes half the time. Raises OSError."""
    file = os.memfd_create(name, flags)
    try:
        for piece in pieces:
            view = memoryview(piece).cast("B")
            while view:
                view = view[os.write(file, view) :]
    except OSError:
        os.close(file)
        raise
    return file


def read_file(file: int) -> bytes:
    """The bytes of `shared_file`; closes it."""
    with os.fdopen(file, "rb", buffering=0) as stream:
        stream.seek(0)
        return stream.read()


def share(medium: Medium, spent: int) -> tuple[dict[str, Any], int]:
    """(reply, descriptor of sealed memory) of a result. spent: pixels of the request's budget."""
    about: list[Any] = [medium.width, medium.height, medium.duration, medium.fps, spent]
    about.append([[*frame.image.shape[:2], frame.index, frame.time, frame.name] for frame in medium.frames])
    text = msgpack.packb(about, unicode_errors="replace")
    images = [np.ascontiguousarray(frame.image) for frame in medium.frames]
    file = _memory("facever-pixels", [*images, text], os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
    return {"pixels": sum(image.nbytes for image in images), "about": len(text)}, file


def shared(reply: dict[str, Any], file: int) -> tuple[Medium, int]:
    """(the result, the pixels it spent), without a copy. Raises ValueError, TypeError, OSError if it is not sound."""
    size, length = int(reply["pixels"]), int(reply["about"])
    if fcntl.fcntl(file, fcntl.F_GET_SEALS) & _SEALS != _SEALS or os.fstat(file).st_size != size + length or size < 1:
        raise ValueError("the memory is not sealed, or not of the size stated")
    # Private: before Linux 6.7 memory sealed against writing cannot be mapped shared, even for reading.
    memory = mmap.mmap(file, size + length, mmap.MAP_PRIVATE | mmap.MAP_POPULATE, mmap.PROT_READ)
    width, height, duration, fps, spent, rows = msgpack.unpackb(memory[size:], strict_map_key=False)
    frames = list(_frames(memory, rows, size))
    if not frames:
        raise ValueError("a result without frames")
    return Medium(frames, int(width), int(height), duration, fps), max(0, int(spent))


def _frames(memory: mmap.mmap, rows: Sequence[Sequence[Any]], size: int) -> Any:
    at = 0
    for height, width, index, time, name in rows:
        count = int(height) * int(width) * 3
        if height < 1 or width < 1 or at + count > size:
            raise ValueError("frames that are larger than the memory")
        image = np.frombuffer(memory, np.uint8, count, at).reshape(height, width, 3)
        yield Frame(image, int(index), float(time), str(name))
        at += count
