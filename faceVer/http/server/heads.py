"""Where a request's head ends in what arrives on a connection: the parser does not say how much of the next it holds.

Input is cut at the end of each head and of each body whose length is known, so that the size of a head that has not
ended is known, and so that nothing of the next request is in the bytes that end one.
"""

from __future__ import annotations

_END = b"\r\n\r\n"


class HeadCutter:
    """The state of one connection. size: bytes of the head that has begun and not ended, without empty lines before it.

    Raises nothing; what it counts wrongly in malformed input, the parser rejects.
    """

    __slots__ = ("_body", "_tail", "size")

    def __init__(self) -> None:
        self.size = 0
        self._body: int | None = 0
        self._tail = b""  # of the head, as its end may be cut

    @property
    def in_open_body(self) -> bool:
        """Whether a body arrives whose length is not known."""
        return self._body is None

    @property
    def expects_head(self) -> bool:
        return self._body == 0

    def cut(self, data: bytes) -> tuple[bytes, bytes]:
        """(what the parser gets next, the rest)."""
        if self._body is None:
            return data, b""
        if self._body:
            piece = data[: self._body]
            self._body -= len(piece)
            return piece, data[len(piece) :]
        end = (self._tail + data).find(_END)
        cut = len(data) if end < 0 else end + len(_END) - len(self._tail)
        piece = data[:cut]
        self.size += len(piece) if self.size else len(piece.lstrip(b"\r\n"))
        self._tail = (self._tail + piece)[1 - len(_END) :]
        return piece, data[cut:]

    def head_ended(self, body: int | None) -> None:
        """The parser has read a head. body: bytes of what follows it, None if that is not known."""
        self.size, self._tail, self._body = 0, b"", body

    def open_body_ended(self, piece: bytes) -> None:
        """A body of unknown length has ended within a piece; a head may have begun in the same one."""
        self.head_ended(0)
        self.cut(piece[piece.rfind(_END) + len(_END) :])
