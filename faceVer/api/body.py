"""Reading request bodies within bounds: sizes, time, and the memory of all requests together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web
from multipart import MultipartError, ParserLimitReached, PushMultipartParser

from faceVer.api.pool import InferencePool
from faceVer.api.transfer import disposition, is_base64, unbase64
from faceVer.config import Settings
from faceVer.errors import FaceVerError, OverloadedError, SampleError, TooLargeError

T = TypeVar("T")

# base64 of n bytes takes 4n/3, and a line break for each of its short lines.
BASE64_GROWTH = 1.5
HEADER_BYTES, HEADERS = 8192, 32
INLINE_BASE64 = 256 * 1024
"""Bytes of base64 up to which decoding (about 1 ms) is done on the event loop."""
PAYLOAD = "payload"
"""The part of folder requests that is JSON, not a file: the request's transfer encoding is not on it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body. content_type: None where the part states none. encoded: base64 is still on it."""

    name: str
    filename: str | None
    content_type: str | None
    encoded: bool
    data: bytes


class MalformedBodyError(Exception):
    """The body did not arrive whole, or is not the form it says it is; the endpoint knows which code that is."""


class Budget:
    """Bytes of request bodies a process may hold at a time."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    @contextlib.contextmanager
    def hold(self) -> Iterator[Grant]:
        grant = Grant(self)
        try:
            yield grant
        finally:
            self._held -= grant.size

    def take(self, size: int) -> None:
        if self._held and self._held + size > self._limit:
            raise OverloadedError(f"{self._held} bytes of bodies are held, {size} more would pass the limit")
        self._held += size


class Grant:
    """One request's share of the budget; grows as its body arrives."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.size = 0

    def reach(self, size: int) -> None:
        """Hold at least `size` bytes. Raises OverloadedError."""
        if size > self.size:
            self._budget.take(size - self.size)
            self.size = size


def check_length(request: web.Request, limit: int) -> None:
    """Refuse by the announced length, before a byte of the body is read. Raises TooLargeError."""
    announced = request.content_length
    if announced is not None and announced > limit:
        raise TooLargeError(f"a body of {announced} bytes is announced, at most {limit} are allowed")


async def chunks(request: web.Request, limit: int, grant: Grant, seconds: float) -> AsyncIterator[bytes]:
    """The body, piece by piece, within `limit` bytes and `seconds`.

    Raises TooLargeError, MalformedBodyError, OverloadedError.
    """
    check_length(request, limit)
    received = 0
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                chunk = await request.content.readany()
        except TimeoutError:
            raise MalformedBodyError(f"the body did not arrive within {seconds:g} s") from None
        except (web.RequestPayloadError, ValueError) as error:
            raise MalformedBodyError(f"the body is broken: {error}") from error
        if not chunk:
            return
        received += len(chunk)
        if received > limit:
            raise TooLargeError(f"the body passes {limit} bytes")
        grant.reach(received)
        yield chunk


async def read_file(request: web.Request, settings: Settings, grant: Grant, *, encoded: bool) -> bytes:
    """A body that is one file, its transfer encoding still on it.

    Raises SampleError, TooLargeError, OverloadedError.
    """
    try:
        pieces = chunks(request, file_limit(settings, encoded), grant, settings.body_timeout)
        return b"".join([chunk async for chunk in pieces])
    except MalformedBodyError as error:
        raise SampleError(str(error)) from error


def file_limit(settings: Settings, encoded: bool) -> int:
    """Largest file in bytes as sent."""
    return int(settings.max_file_bytes * BASE64_GROWTH) if encoded else settings.max_file_bytes


async def read_parts(
    request: web.Request, mark: bytes, settings: Settings, grant: Grant, *, encoded: bool
) -> list[Part]:
    """Every part of a multipart body, in order. encoded: the request's own header says base64.

    Raises MalformedBodyError, TooLargeError, RequestTypeError, OverloadedError.
    """
    parser = PushMultipartParser(
        mark,
        max_header_size=HEADER_BYTES,
        max_header_count=HEADERS,
        max_segment_count=settings.max_parts,
        header_charset="latin1",
    )
    parts: list[Part] = []
    head: tuple[str, str | None, str | None, bool] = ("", None, None, False)
    pieces: list[bytes] = []
    size = room = 0
    try:
        async for chunk in chunks(request, settings.max_request_bytes, grant, settings.body_timeout):
            if parser.closed:
                continue  # an epilogue; read to the end so that the connection can be kept
            for event in parser.parse(chunk):
                if event is None:
                    parts.append(Part(*head, data=pieces[0] if len(pieces) == 1 else b"".join(pieces)))
                elif isinstance(event, (bytes, bytearray)):
                    size += len(event)
                    if size > room:
                        raise TooLargeError(f"part {head[0]!r} passes {room} bytes")
                    pieces.append(bytes(event))
                else:
                    head = _head(event.headerlist, encoded)
                    pieces, size, room = [], 0, file_limit(settings, head[3])
        parser.close()
    except ParserLimitReached as error:
        if len(parts) >= settings.max_parts:
            raise TooLargeError(f"more than {settings.max_parts} parts") from error
        raise MalformedBodyError(str(error)) from error
    except MultipartError as error:
        raise MalformedBodyError(str(error)) from error
    return parts


def _head(headers: list[tuple[str, str]], encoded: bool) -> tuple[str, str | None, str | None, bool]:
    """(name, filename, Content-Type, encoded) of a part. encoded: what the request's own header says of file parts."""
    name, filename, content_type, own = "", None, None, None
    for key, raw in headers:
        value = _text(raw)
        match key.lower():
            case "content-disposition":
                name, filename = disposition(value)
            case "content-type":
                content_type = value
            case "content-transfer-encoding":
                own = is_base64(value)
    return name, filename, content_type, (encoded and name != PAYLOAD) if own is None else own


def _text(raw: str) -> str:
    """A header's text: UTF-8 as clients send it, Latin-1 where it is not."""
    octets = raw.encode("latin1")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return raw


def decoded(data: bytes, encoded: bool, settings: Settings, error: type[FaceVerError], what: str) -> bytes:
    """A file without its transfer encoding. what: its name for the log.

    Raises `error` where it is not base64, TooLargeError.
    """
    if not encoded:
        return data
    try:
        plain = unbase64(data)
    except ValueError:
        raise error(f"{what} is not base64") from None
    if len(plain) > settings.max_file_bytes:
        raise TooLargeError(f"{what} has {len(plain)} bytes, at most {settings.max_file_bytes} are allowed")
    return plain


async def unpack(pool: InferencePool, parts: Sequence[Part], work: Callable[[], T]) -> T:
    """Do `work`, which undoes the parts' base64: on a thread where that would hold up the event loop."""
    large = sum(len(part.data) for part in parts if part.encoded) > INLINE_BASE64
    return await pool.run(work) if large else work()
