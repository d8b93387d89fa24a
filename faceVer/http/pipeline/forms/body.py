"""Reading request bodies within bounds: sizes, time, and the memory of all requests together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Self, TypeVar

from aiohttp import web

from faceVer.domain.errors import FaceVerError, OverloadedError, SampleError, TooLargeError
from faceVer.http.pipeline.executor import InferencePool
from faceVer.http.pipeline.forms.parser import FormParser
from faceVer.http.pipeline.forms.part import Encoding, MalformedBodyError, Part
from faceVer.http.pipeline.forms.transfer import unbase64
from faceVer.observability.timings import stage
from faceVer.settings.model import Settings

T = TypeVar("T")

# base64 of n bytes takes 4n/3, and a line break for each of its short lines.
BASE64_GROWTH = 1.5
INLINE_BASE64 = 256 * 1024
"""Bytes of base64 up to which it is decoded on the event loop: 0.2 ms where its lines are wrapped, else far less."""


class Budget:
    """Bytes of request bodies a process may hold at a time."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    def hold(self) -> Grant:
        return Grant(self)

    def take(self, size: int) -> None:
        if self._held and self._held + size > self._limit:
            raise OverloadedError(f"{self._held} bytes of bodies are held, {size} more would pass the limit")
        self._held += size

    def give_back(self, size: int) -> None:
        self._held -= size


class Grant:
    """One request's share of the budget; grows as its body arrives, is given back when it is left."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.give_back(self.size)

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


async def receive(
    request: web.Request, limit: int, grant: Grant, seconds: float, take: Callable[[bytes], object]
) -> None:
    """Hand the body to `take`, piece by piece as it arrives, within `limit` bytes and `seconds`.

    Raises TooLargeError, MalformedBodyError, OverloadedError, and what `take` raises.
    """
    check_length(request, limit)
    content, received = request.content, 0

    def accept(chunk: bytes) -> None:
        nonlocal received
        received += len(chunk)
        if received > limit:
            raise TooLargeError(f"the body passes {limit} bytes")
        grant.reach(received)
        take(chunk)

    try:
        if content.is_eof():
            # A small body is there with its headers; setting a timer would take as long as reading it.
            if chunk := content.read_nowait():
                accept(chunk)
            return
        async with asyncio.timeout(seconds):
            while chunk := await content.readany():
                accept(chunk)
    except TimeoutError:
        raise MalformedBodyError(f"the body did not arrive within {seconds:g} s") from None
    except (web.RequestPayloadError, ValueError) as error:
        raise MalformedBodyError(f"the body is broken: {error}") from error


async def read_file(request: web.Request, settings: Settings, grant: Grant, *, encoded: bool) -> bytes:
    """A body that is one file, its transfer encoding still on it.

    Raises SampleError, TooLargeError, OverloadedError.
    """
    pieces: list[bytes] = []
    try:
        await receive(request, file_limit(settings, encoded), grant, settings.server.body_timeout, pieces.append)
    except MalformedBodyError as error:
        raise SampleError(str(error)) from error
    return b"".join(pieces)


def file_limit(settings: Settings, encoded: bool) -> int:
    """Largest file in bytes as sent."""
    most = int(settings.limits.max_file_bytes * BASE64_GROWTH) if encoded else settings.limits.max_file_bytes
    return min(most, settings.limits.max_request_bytes)


async def read_parts(
    request: web.Request, mark: bytes, settings: Settings, grant: Grant, *, encoded: bool
) -> list[Part]:
    """Every part of a multipart body, in order. encoded: the request's own header says base64.

    Raises MalformedBodyError, TooLargeError, RequestTypeError, OverloadedError.
    """
    parser = FormParser(
        mark,
        max_parts=settings.limits.max_parts,
        room=file_limit(settings, encoded=False),
        encoded_room=file_limit(settings, encoded=True),
        encoded=encoded,
    )
    # Read past the last boundary, too, so that the connection can be kept.
    await receive(request, settings.limits.max_request_bytes, grant, settings.server.body_timeout, parser.feed)
    return parser.close()


def decoded(data: bytes, encoded: Encoding, settings: Settings, error: type[FaceVerError], what: str) -> bytes:
    """A file without its transfer encoding. what: its name for the log.

    Raises `error` where it is not base64, TooLargeError.
    """
    if not encoded:
        return data
    try:
        plain = unbase64(data)
    except ValueError:
        if encoded is not Encoding.PERHAPS:
            raise error(f"{what} is not base64") from None
        plain = data
    if len(plain) > settings.limits.max_file_bytes:
        raise TooLargeError(f"{what} has {len(plain)} bytes, at most {settings.limits.max_file_bytes} are allowed")
    return plain


def decoded_body(data: bytes, encoded: Encoding, settings: Settings) -> bytes:
    """A body that is one picture, without its transfer encoding. Raises SampleError, TooLargeError."""
    with stage("unpack"):
        return decoded(data, encoded, settings, SampleError, "body")


async def unpack(pool: InferencePool, parts: Sequence[Part], work: Callable[[], T]) -> T:
    """Do `work`, which undoes the parts' base64: on a thread where that would hold up the event loop."""
    encoded = 0
    for part in parts:
        if part.encoded:
            encoded += len(part.data)
    return await pool.run(work) if encoded > INLINE_BASE64 else work()
