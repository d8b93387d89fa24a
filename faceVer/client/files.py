"""File arguments: bytes, paths and open binary files, read block by block while they are sent."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from faceVer.client.content_types import HEAD_SIZE

BLOCK = 256 * 1024
"""Bytes that are read and sent at a time."""

File = bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO
"""bytes; a path; or a binary file, which is read from its current position to its end."""
NamedFile = File | tuple[str, File]
"""A file, or (the file name to send it under, the file)."""
Face = str | int | tuple[float, float, float, float]
"""Which face of an image counts: "largest", "central", its number from the left (1 = leftmost), or a box (x, y, width,
height) in pixels of the upright image. Other people in the image are no error then."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is sent of one file argument.

    content: the bytes, a path, or an open file. size: bytes, None where an open file is not seekable. head: its first
    bytes, `HEAD_SIZE` or more of them. start: the position of an open file.
    """

    content: bytes | Path | BinaryIO
    size: int | None
    head: bytes
    start: int = 0

    @classmethod
    def of(cls, data: bytes) -> Source:
        return cls(data, len(data), data)

    @property
    def repeatable(self) -> bool:
        """Whether `blocks` may run again."""
        return self.size is not None

    def blocks(self) -> Iterator[bytes]:
        """The bytes, in blocks. Raises OSError, also where a file has become shorter than announced."""
        content = self.content
        if isinstance(content, bytes):
            for at in range(0, len(content), BLOCK):
                yield content[at : at + BLOCK]
            return
        with content.open("rb") if isinstance(content, Path) else nullcontext(content) as stream:
            if self.size is None:
                yield self.head
                while block := stream.read(BLOCK):
                    yield block
                return
            stream.seek(self.start)
            left = self.size
            while left:
                if not (block := stream.read(min(left, BLOCK))):
                    name = content if isinstance(content, Path) else "the file"
                    raise OSError(f"{name} became shorter while it was sent")
                left -= len(block)
                yield block


def load(file: File) -> Source:
    """Prepare a file argument; of files, only the head is read. Raises TypeError, and OSError for unreadable files."""
    if isinstance(file, (bytes, bytearray, memoryview)):
        return Source.of(bytes(file))
    if isinstance(file, (str, os.PathLike)):
        path = Path(file)
        with path.open("rb") as stream:
            about = os.fstat(stream.fileno())
            if not stat.S_ISREG(about.st_mode):  # a pipe can be opened once
                return Source.of(stream.read())
            return Source(path, about.st_size, stream.read(HEAD_SIZE))
    given: object = file
    if isinstance(given, io.TextIOBase):
        raise TypeError("a file must be open in binary mode")
    if not hasattr(file, "read"):
        raise TypeError(f"a file is bytes, a path or an open binary file, not {type(file).__name__}")
    return _from_stream(file)


def _from_stream(stream: BinaryIO) -> Source:
    seekable = getattr(stream, "seekable", None)
    if seekable is None or not seekable():
        return Source(stream, None, _read_head(stream))
    start, head = stream.tell(), _read_head(stream)
    size = stream.seek(0, os.SEEK_END) - start
    stream.seek(start)
    return Source(stream, max(size, 0), head, start)


def _read_head(stream: BinaryIO) -> bytes:
    head: object = stream.read(HEAD_SIZE)
    if not isinstance(head, bytes):
        raise TypeError(f"a file must be open in binary mode; read() gave {type(head).__name__}")
    return head


def split_name(file: NamedFile) -> tuple[str, File]:
    """(name to send a file argument under, the file): the given name, a path's last part, or "" for none."""
    if isinstance(file, tuple):
        name, inner = file
        if not isinstance(name, str):
            raise TypeError("of a pair the first is the name, a str")
        return name, inner
    path = file if isinstance(file, (str, os.PathLike)) else getattr(file, "name", "")
    return (Path(path).name if isinstance(path, (str, os.PathLike)) else ""), file
