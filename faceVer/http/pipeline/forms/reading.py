"""Reading a request's body, one file or a form, within limits of type, size, time and memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from aiohttp import web

from faceVer.domain.errors import FaceVerError, RequestTypeError, SampleError, TooLargeError
from faceVer.http.pipeline.context import SETTINGS
from faceVer.http.pipeline.executor import InferenceExecutor
from faceVer.http.pipeline.forms.content_types import FORM, IMAGE_TYPES, accepts, boundary_of, media_type
from faceVer.http.pipeline.forms.parser import FormParser, Part
from faceVer.http.pipeline.forms.part_headers import MalformedBodyError
from faceVer.http.pipeline.forms.transfer_encoding import Encoding, is_base64
from faceVer.http.pipeline.memory_budget import MemoryReservation
from faceVer.http.pipeline.responses import TRANSFER_ENCODING
from faceVer.settings.model import Settings

T = TypeVar("T")

BASE64_GROWTH = 1.5
"""base64 of n bytes has 4n/3, and a line break for each of its lines, which may be short."""
INLINE_BASE64 = 256 * 1024
"""Bytes of base64 up to which it is decoded on the event loop: 0.2 ms if its lines are wrapped, else far less."""


def is_form(request: web.Request) -> bool:
    """Whether the request says its body is a form."""
    return media_type(request.headers.get("Content-Type")) == FORM


def length_limit(request: web.Request) -> int:
    """Bytes that the request's body may have. Raises RequestTypeError."""
    settings = request.app[SETTINGS]
    if is_form(request):
        return settings.limits.max_request_bytes
    return file_limit(settings, is_base64(request.headers.get(TRANSFER_ENCODING)))


def check_length(request: web.Request, limit: int) -> None:
    """Reject by the announced length, before a byte of the body is read. Raises TooLargeError."""
    announced = request.content_length
    if announced is not None and announced > limit:
        raise TooLargeError(f"a body of {announced} bytes is announced, at most {limit} are allowed")


async def image_body(
    request: web.Request, reservation: MemoryReservation, types: frozenset[str] = IMAGE_TYPES
) -> tuple[bytes, Encoding]:
    """(the body as sent, its transfer encoding) of a request that is one image. types: accepted media types.

    Raises RequestTypeError, SampleError, TooLargeError, OverloadedError.
    """
    settings = request.app[SETTINGS]
    encoding = Encoding(is_base64(request.headers.get(TRANSFER_ENCODING)))
    if not accepts(types, media_type(request.headers.get("Content-Type"))):
        raise RequestTypeError(f"Content-Type {request.headers.get('Content-Type')!r}")
    limit, pieces = file_limit(settings, bool(encoding)), list[bytes]()
    try:
        await receive(request, limit, reservation, settings.server.body_timeout, pieces.append)
    except MalformedBodyError as error:
        raise SampleError(str(error)) from error
    return b"".join(pieces), encoding


async def form_parts(
    request: web.Request, reservation: MemoryReservation, malformed: type[FaceVerError]
) -> tuple[list[Part], bool]:
    """(the parts in order, whether the request's own header says base64) of a form.

    Raises RequestTypeError, `malformed` if the body is not a complete form, TooLargeError, OverloadedError.
    """
    settings = request.app[SETTINGS]
    form_is_base64 = is_base64(request.headers.get(TRANSFER_ENCODING))
    content_type = request.headers.get("Content-Type", "")
    if media_type(content_type) != FORM:
        raise RequestTypeError(f"Content-Type {content_type!r}")
    parser = FormParser(
        boundary_of(content_type),
        max_parts=settings.limits.max_parts,
        max_size=file_limit(settings, False),
        max_base64_size=file_limit(settings, True),
        form_is_base64=form_is_base64,
    )
    try:
        # Reads past the last boundary too, so that the connection can be kept.
        await receive(
            request, settings.limits.max_request_bytes, reservation, settings.server.body_timeout, parser.feed
        )
        return parser.close(), form_is_base64
    except MalformedBodyError as error:
        raise malformed(f"the body is not a complete multipart form: {error}") from error


async def receive(
    request: web.Request,
    limit: int,
    reservation: MemoryReservation,
    seconds: float,
    take: Callable[[bytes], object],
    held: int | None = None,
    settle: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Pass the body to `take`, piece by piece as it arrives, within `limit` bytes and `seconds`.

    held: the most bytes of it that stay in memory, None = all. settle: awaited after each piece.
    Raises TooLargeError, MalformedBodyError, OverloadedError, and what `take` raises.
    """
    check_length(request, limit)
    content, received = request.content, 0

    def accept(chunk: bytes) -> None:
        nonlocal received
        received += len(chunk)
        if received > limit:
            raise TooLargeError(f"the body passes {limit} bytes")
        reservation.grow_to(received if held is None else min(received, held))
        take(chunk)

    try:
        if content.is_eof():
            # A small body arrives with its headers; setting a timer would take as long as reading it.
            if chunk := content.read_nowait():
                accept(chunk)
            return
        async with asyncio.timeout(seconds):
            while chunk := await content.readany():
                accept(chunk)
                if settle is not None:
                    await settle()
    except TimeoutError:
        raise MalformedBodyError(f"the body did not arrive within {seconds:g} s") from None
    except (web.RequestPayloadError, ValueError) as error:
        # `content` keeps the error, whose traceback would refer to this frame, and so to `content`.
        raise MalformedBodyError(f"the body is malformed: {error}") from error.with_traceback(None)


async def run_decoding(executor: InferenceExecutor, parts: Sequence[Part], work: Callable[[], T]) -> T:
    """Run `work`, which decodes the parts' base64: on a thread if it would block the event loop."""
    encoded = sum(len(part.data) for part in parts if part.encoding)
    return await executor.run(work) if encoded > INLINE_BASE64 else work()


def file_limit(settings: Settings, base64: bool) -> int:
    """Largest file in bytes as sent."""
    size = int(settings.limits.max_file_bytes * BASE64_GROWTH) if base64 else settings.limits.max_file_bytes
    return min(size, settings.limits.max_request_bytes)
