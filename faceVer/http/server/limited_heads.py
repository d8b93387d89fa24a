"""A connection that limits the head of a request as a whole, and takes no transfer coding but chunked."""

from __future__ import annotations

from typing import Any

from aiohttp import StreamReader, hdrs, web
from aiohttp.http_exceptions import BadHttpMessage, HttpProcessingError, LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD

from faceVer.http.server.heads import HeadCutter
from faceVer.http.server.internals import HttpConnection


class LimitedHeads(HttpConnection):
    """max_head: bytes of a head."""

    __slots__ = ("_body", "_heads", "_held", "_max_head", "_refused")

    def __init__(self, *arguments: Any, max_head: int, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._max_head = max_head
        self._heads = HeadCutter()
        self._body: StreamReader = EMPTY_PAYLOAD
        self._held = b""
        self._refused = False

    @property
    def is_in_head(self) -> bool:
        """Whether a part of a request's head has arrived."""
        return self._heads.size > 0

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived, in pieces that end with a head or a body: see `HeadCutter`.

        aiohttp calls it without data when it has handled queued requests.
        """
        if not data:
            super().data_received(data)
        data, self._held = self._held + data, b""
        while data and not self._refused:
            if self._is_full():  # aiohttp has paused reading
                self._held = data
                return
            piece, data = self._heads.cut(data)
            self._parse(piece)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._body, self._held = EMPTY_PAYLOAD, b""  # a body refers to this connection

    def _is_full(self) -> bool:
        """Whether the parser would keep what it gets for later: the queue is full, or the last body is not taken."""
        late = self._heads.expects_head and not self._body.is_eof() and self._body.exception() is None
        return late or self.has_full_queue

    def _parse(self, piece: bytes) -> None:
        size, parsed = self._heads.size, self.requests_parsed
        super().data_received(piece)
        is_new = self.requests_parsed > parsed
        if is_new:
            begun = self._body
            message, self._body = self.last_request()
            if message is None and not begun.is_eof():  # whose rest is malformed, which aiohttp does not say
                begun.set_exception(web.RequestPayloadError("malformed body"))
            elif message is not None:
                self._heads.head_ended(_body_length(message))
                if not _has_known_coding(message):
                    self._refuse(BadHttpMessage("Transfer-Encoding is not chunked alone"), last=True)
        if size > self._max_head:
            self._refuse(LineTooLong(b"head", self._max_head), last=is_new)

    def _refuse(self, error: HttpProcessingError, *, last: bool) -> None:
        """Answer with an error, and read nothing more."""
        self._refused = True
        self.refuse(error, last=last)


def _body_length(message: RawRequestMessage) -> int | None:
    """Bytes of a request's body, None if it is chunked."""
    return None if message.chunked else int(message.headers.get(hdrs.CONTENT_LENGTH, 0))


def _has_known_coding(message: RawRequestMessage) -> bool:
    """Whether the transfer coding is none or chunked; the parser accepts others before it, and does not undo them."""
    codings = message.headers.getall(hdrs.TRANSFER_ENCODING, [])
    return [coding.strip().lower() for coding in codings] in ([], ["chunked"])
