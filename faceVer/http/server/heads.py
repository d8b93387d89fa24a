"""Where a request's head and body end in what arrives on a connection.

Input is cut there, so that the size of a head that has not ended is known, and so that the parser never keeps a part of
a further request: aiohttp counts a request whose body arrives after its handler has begun once too often, and a parser
that is full by that count keeps what it got until more arrives, which may be never.
"""

from __future__ import annotations

import re

_END = b"\r\n\r\n"
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")
_KEPT = 20
"""Bytes of an unfinished line in a chunked body that are kept: its chunk's size, without extensions, or a trailer's."""


class HeadCutter:
    """The state of one connection. size: bytes of the head that has begun and not ended, without empty lines before it.

    Raises nothing; what it counts wrongly in malformed input, the parser rejects.
    """

    __slots__ = ("_chunked", "_left", "_line", "_tail", "_trailers", "size")

    def __init__(self) -> None:
        self.size = 0
        self._left = 0  # bytes of the body, or of a chunk and its line end
        self._chunked = self._trailers = False
        self._line = b""  # of a chunked body, as a line may be cut
        self._tail = b""  # of the head, as its end may be cut

    @property
    def expects_head(self) -> bool:
        return not self._left and not self._chunked

    def cut(self, data: bytes) -> tuple[bytes, bytes]:
        """(what the parser gets next, the rest)."""
        if self._chunked:
            cut = self._end_of_chunks(data)
        elif self._left:
            cut = min(self._left, len(data))
            self._left -= cut
        else:
            end = (self._tail + data).find(_END)
            cut = len(data) if end < 0 else end + len(_END) - len(self._tail)
            piece = data[:cut]
            self.size += len(piece) if self.size else len(piece.lstrip(b"\r\n"))
            self._tail = (self._tail + piece)[1 - len(_END) :]
        return data[:cut], data[cut:]

    def head_ended(self, body: int | None) -> None:
        """The parser has read a head. body: bytes of what follows it, None if it is chunked."""
        self.size, self._tail, self._left = 0, b"", body or 0
        self._chunked, self._trailers, self._line = body is None, False, b""

    def _end_of_chunks(self, data: bytes) -> int:
        """How many bytes of `data` belong to the chunked body."""
        at = 0
        while at < len(data):
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
                continue
            end = data.find(b"\n", at)
            line = self._line + data[at : end + 1 or None]
            if end < 0:
                self._line = line[:_KEPT]
                break
            self._line = b""
            at = end + 1
            if self._trailers:
                if line in (b"\r\n", b"\n"):
                    self._chunked = False
                    return at
            elif (size := _CHUNK_SIZE.match(line)) is not None and int(size[0], 16):
                self._left = int(size[0], 16) + len(b"\r\n")
            else:
                self._trailers = True
        return len(data)
