"""A gzip file as a stream of limited length: all of its members, as pigz, bgzip and concatenation make several."""

from __future__ import annotations

import zlib

from faceVer.domain.errors import SampleError

MAGIC = b"\x1f\x8b"
_CHUNK = 16_384
"""Bytes given to the decompressor at a time."""
_MAX_MEMBERS = 10_000
"""bgzip makes a member of each 64 KiB; each costs microseconds, even if it is empty."""


class GzipStream:
    """The expanded bytes of a gzip file, of which only a buffer is in memory.

    Bytes after the last member are ignored, as gzip does. limit: expanded bytes; more of them raise SampleError.
    """

    def __init__(self, data: bytes, limit: int) -> None:
        self._data, self._at = data, 0
        self._left = limit
        self._members = 1
        self._inflate = zlib.decompressobj(wbits=31)

    def read(self, size: int, /) -> bytes:
        """The next `size` bytes, fewer at the end. Raises SampleError, zlib.error."""
        pieces = []
        while size > 0 and not (self._inflate.eof and not self._next_member()):
            packed = self._inflate.unconsumed_tail
            if not packed:
                packed = self._data[self._at : self._at + _CHUNK]
                self._at += len(packed)
            piece = self._inflate.decompress(packed, size)
            if not packed and not piece:
                raise SampleError("the gzip stream is cut short")
            pieces.append(piece)
            size -= len(piece)
            self._left -= len(piece)
            if self._left < 0:
                raise SampleError("the archive expands to more bytes than allowed")
        return b"".join(pieces)

    def _next_member(self) -> bool:
        self._at -= len(self._inflate.unused_data)
        if not self._data.startswith(MAGIC, self._at):
            self._at = len(self._data)
            return False
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise SampleError("the gzip stream has too many members")
        self._inflate = zlib.decompressobj(wbits=31)
        return True
