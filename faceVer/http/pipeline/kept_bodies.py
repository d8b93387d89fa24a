"""Bodies of requests about what is stored: JSON, or forms whose files go to disk as they arrive."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from faceVer.domain.errors import PartTypeError, PayloadError, SampleError
from faceVer.http.pipeline.context import BUDGET, EXECUTOR, SETTINGS
from faceVer.http.pipeline.folder_forms import NOT_MEDIA
from faceVer.http.pipeline.forms.content_types import boundary_of, media_type
from faceVer.http.pipeline.forms.part_headers import PAYLOAD, MalformedBodyError
from faceVer.http.pipeline.forms.reading import file_limit, is_form, receive
from faceVer.http.pipeline.forms.spooled import IN_MEMORY, SpooledFile, SpoolingParser
from faceVer.http.pipeline.forms.transfer_encoding import decoded, is_base64
from faceVer.http.pipeline.responses import TRANSFER_ENCODING
from faceVer.services.folders.strict_json import MAX_BYTES
from faceVer.services.storable import storable_object
from faceVer.storage.json_conditions import is_storable


@dataclass(frozen=True, slots=True)
class ReceivedForm:
    """payload: the JSON of the part of that name, or of the whole body. files: in order; none where it was JSON."""

    payload: dict[str, Any]
    files: list[SpooledFile]


async def json_object(request: web.Request) -> dict[str, Any]:
    """The body as a JSON object, however it is labelled; an empty body is an empty object.

    Raises PayloadError, TooLargeError, OverloadedError.
    """
    pieces: list[bytes] = []
    with request.app[BUDGET].reserve() as reservation:
        try:
            await receive(request, MAX_BYTES, reservation, request.app[SETTINGS].server.body_timeout, pieces.append)
        except MalformedBodyError as error:
            raise PayloadError(str(error), exposed="payload") from None
        data = b"".join(pieces)
        return storable_object(data)


@contextlib.asynccontextmanager
async def received_form(request: web.Request) -> AsyncIterator[ReceivedForm]:
    """`async with received_form(request) as form:` the files are discarded at the end of the block.

    Raises PayloadError, SampleError, PartTypeError, TooLargeError, RequestTypeError, OverloadedError,
    FilesUnavailableError.
    """
    if not is_form(request):
        yield ReceivedForm(await json_object(request), [])
        return
    settings, content_type = request.app[SETTINGS], request.headers.get("Content-Type", "")
    lane = request.app[EXECUTOR].storage
    limit, seconds = settings.limits.max_request_bytes, settings.server.body_timeout
    parser = SpoolingParser(
        boundary_of(content_type),
        max_parts=settings.limits.max_media + 1,
        max_size=file_limit(settings, False),
        max_base64_size=file_limit(settings, True),
        form_is_base64=is_base64(request.headers.get(TRANSFER_ENCODING)),
        folder=settings.store.folder,
    )

    async def settle() -> None:
        if parser.is_due:
            await lane.run(parser.write_out)

    try:
        with request.app[BUDGET].reserve() as reservation:
            try:
                # Files go to disk: the reservation is for the payload, for small files and what waits to be written.
                held = MAX_BYTES + IN_MEMORY * (settings.limits.max_media + 1)
                await receive(request, limit, reservation, seconds, parser.feed, held, settle)
                parts = parser.close()
                await lane.run(parser.write_out)
            except MalformedBodyError as error:
                raise SampleError(f"the body is not a complete multipart form: {error}") from None
            payloads = [part for part in parts if part.name == PAYLOAD]
            for file in parser.files:
                _check(file)
            payload: dict[str, Any] = {}
            if payloads:
                data = decoded(payloads[0].data, payloads[0].encoding, settings, PayloadError, PAYLOAD)
                payload = storable_object(data)
            yield ReceivedForm(payload, parser.files)
    finally:
        parser.discard()


def _check(file: SpooledFile) -> None:
    """Raises SampleError, PartTypeError."""
    if not file.name:
        raise SampleError("a media part has no name")
    if not is_storable(file.name) or not is_storable(file.filename or ""):
        raise SampleError("the name of a part or a file holds a NUL character or half a surrogate pair")
    if file.content_type is not None and NOT_MEDIA.fullmatch(media_type(file.content_type)):
        raise PartTypeError(f"part {file.name!r} has Content-Type {file.content_type!r}")
