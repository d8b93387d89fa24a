"""File arguments: bytes, paths and open binary files, read block by block while they are sent."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from faceVer.client.kinds import HEAD

BLOCK = 256 * 1024
"""Bytes that are read and sent at a time."""

File = bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO
"""bytes; a path; or a binary file, which is read from where it stands to its end."""
NamedFile = File | tuple[str, File]
"""A file, or (the file name to send it under, the file)."""


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file by its path. size: bytes, when it was looked at."""

    path: Path
    size: int
    head: bytes

    @property
    def repeatable(self) -> bool:
        return True

    def blocks(self) -> Iterator[bytes]:
        """The file's bytes. Raises OSError, also where it is shorter than it was."""
        with self.path.open("rb") as stream:
            yield from _exactly(stream, self.size, str(self.path))


@dataclass(frozen=True, slots=True)
class Opened:
    """An open file. start: where it stood. size: bytes from there on; None where the file cannot be sought in."""

    stream: BinaryIO
    start: int
    size: int | None
    head: bytes

    @property
    def repeatable(self) -> bool:
        return self.size is not None

    def blocks(self) -> Iterator[bytes]:
        """The file's bytes from its start on; where it cannot be sought in, once. Raises OSError."""
        if self.size is not None:
            self.stream.seek(self.start)
            yield from _exactly(self.stream, self.size, "the file")
            return
        yield self.head
        while block := self.stream.read(BLOCK):
            yield block


Source = bytes | OnDisk | Opened


def load(file: File) -> Source:
    """What to send of a file argument. Raises TypeError, and OSError where a path cannot be read."""
    if isinstance(file, bytes):
        return file
    if isinstance(file, (bytearray, memoryview)):
        return bytes(file)
    if isinstance(file, (str, os.PathLike)):
        path = Path(file)
        with path.open("rb") as stream:
            about = os.fstat(stream.fileno())
            if not stat.S_ISREG(about.st_mode):  # a pipe can be opened once
                return stream.read()
            return OnDisk(path, about.st_size, stream.read(HEAD))
    given: object = file
    if isinstance(given, io.TextIOBase):
        raise TypeError("a file must be open in binary mode")
    if not hasattr(file, "read"):
        raise TypeError(f"a file is bytes, a path or an open binary file, not {type(file).__name__}")
    return _opened(file)


def head_of(source: Source) -> bytes:
    """Its first `kinds.HEAD` bytes, or fewer."""
    return source[:HEAD] if isinstance(source, bytes) else source.head


def size_of(source: Source) -> int | None:
    """Its bytes; None where that is not known."""
    return len(source) if isinstance(source, bytes) else source.size


def blocks_of(source: Source) -> Iterable[bytes]:
    """Its bytes, in blocks. Raises OSError."""
    if not isinstance(source, bytes):
        return source.blocks()
    return (source,) if len(source) <= BLOCK else (source[at : at + BLOCK] for at in range(0, len(source), BLOCK))


def split_name(file: NamedFile) -> tuple[str, File]:
    """(the name a file argument is sent under, the file): the name given, its path's last part, or "" for none."""
    if isinstance(file, tuple):
        name, inner = file
        if not isinstance(name, str):
            raise TypeError("of a pair the first is the name, a str")
        return name, inner
    if isinstance(file, (str, os.PathLike)):
        return Path(file).name, file
    name = getattr(file, "name", "")
    return (os.path.basename(name) if isinstance(name, str) else ""), file


def _opened(stream: BinaryIO) -> Opened:
    seekable = getattr(stream, "seekable", None)
    if seekable is None or not seekable():
        return Opened(stream, 0, None, _bytes(stream.read(HEAD)))
    start = stream.tell()
    head = _bytes(stream.read(HEAD))
    size = stream.seek(0, os.SEEK_END) - start
    stream.seek(start)
    return Opened(stream, start, max(size, 0), head)


def _bytes(block: object) -> bytes:
    if not isinstance(block, bytes):
        raise TypeError(f"a file must be open in binary mode; read() gave {type(block).__name__}")
    return block


def _exactly(stream: BinaryIO, size: int, name: str) -> Iterator[bytes]:
    """That many bytes: as many as the request has announced."""
    while size > 0:
        block = stream.read(min(size, BLOCK))
        if not block:
            raise OSError(f"{name} became shorter while it was sent")
        size -= len(block)
        yield block
