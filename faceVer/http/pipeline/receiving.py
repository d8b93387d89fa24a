"""What every endpoint that receives files does: reserve memory, read the body, take an executor slot, decode base64."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from aiohttp import web

from faceVer.domain.errors import FaceVerError
from faceVer.http.pipeline.context import BUDGET, EXECUTOR, SETTINGS
from faceVer.http.pipeline.forms.content_types import IMAGE_TYPES
from faceVer.http.pipeline.forms.parser import Part
from faceVer.http.pipeline.forms.reading import form_parts, image_body, run_decoding
from faceVer.http.pipeline.forms.transfer_encoding import decoded_body

T = TypeVar("T")


async def with_image(
    request: web.Request, work: Callable[[bytes], T], types: frozenset[str] = IMAGE_TYPES
) -> tuple[T, bool]:
    """Run `work` on an inference thread with the image that is the request's body.

    types: accepted media types. Returns the result of `work`, and whether the client sent the image as base64.
    Raises RequestTypeError, SampleError, TooLargeError, OverloadedError, and what `work` raises.
    """
    app, settings = request.app, request.app[SETTINGS]
    with app[BUDGET].reserve() as reservation:
        body, encoded = await image_body(request, reservation, types)
        with (executor := app[EXECUTOR]).slot() as slot:
            if encoded:
                body = await executor.run(decoded_body, body, encoded, settings)
            executor.follow(slot, [body])
            result = await executor.run(work, body)
    return result, bool(encoded)


async def with_form(
    request: web.Request,
    unreadable: type[FaceVerError],
    read: Callable[[list[Part]], T],
    files: Callable[[T], Iterable[bytes]],
    respond: Callable[[T, bool], Awaitable[web.Response]],
) -> web.Response:
    """Read the request's form and return the response that `respond` makes of it.

    unreadable: raised if the body is not a complete form. read: extracts the endpoint's input from the parts and
    decodes base64; it runs on a thread if there is much to decode. files: the media in what `read` returns. respond:
    receives the result of `read`, and whether the request's own header says base64.
    Raises RequestTypeError, TooLargeError, OverloadedError, and what both functions raise.
    """
    executor = request.app[EXECUTOR]
    with request.app[BUDGET].reserve() as reservation:
        parts, encoded = await form_parts(request, reservation, unreadable)
        with executor.slot() as slot:
            inputs = await run_decoding(executor, parts, lambda: read(parts))
            parts.clear()
            executor.follow(slot, files(inputs))
            return await respond(inputs, encoded)
