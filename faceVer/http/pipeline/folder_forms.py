"""Forms of media and a payload, and the folder document in response. API Lite and the Oz API use them."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from faceVer.domain.errors import InferenceError, PartTypeError, PayloadError, SampleError
from faceVer.domain.values import Upload
from faceVer.http.pipeline.context import EXECUTOR, FOLDERS, SETTINGS, WEBHOOKS
from faceVer.http.pipeline.forms.content_types import media_type
from faceVer.http.pipeline.forms.parser import Part
from faceVer.http.pipeline.forms.part_headers import PAYLOAD
from faceVer.http.pipeline.forms.transfer_encoding import decoded
from faceVer.http.pipeline.receiving import with_form
from faceVer.http.pipeline.responses import json_body
from faceVer.jobs.webhook_client import Delivery
from faceVer.observability.request_id import request_id
from faceVer.observability.timings import stage
from faceVer.services.folders.presentation import Presentation
from faceVer.services.folders.service import FolderService
from faceVer.services.wire_json import json_bytes
from faceVer.settings.model import Settings

# The server recognizes a media item by its bytes. It rejects only content types that no media item can have.
NOT_MEDIA = re.compile(r"(text|audio|font|model|message)/.*|application/(json|xml|javascript|pdf)")


async def respond_with_folder(request: web.Request, view: Presentation) -> web.Response:
    """The folder document of the request's form; the server also sends it to the payload's resolution_endpoint."""
    app, settings = request.app, request.app[SETTINGS]

    def read(parts: list[Part]) -> tuple[FolderService, list[Upload], bytes | None]:
        return service_of(request), media_of(parts, settings), _payload(parts, settings)

    async def respond(taken: tuple[FolderService, list[Upload], bytes | None], _: bool) -> web.Response:
        document, body = await app[EXECUTOR].run(_document, *taken, view)
        if document["resolution_endpoint"]:
            app[WEBHOOKS].submit(
                Delivery(document["resolution_endpoint"], body, document["folder_id"], request_id.get())
            )
        return json_body(body)

    return await with_form(request, SampleError, read, lambda taken: (upload.data for upload in taken[1]), respond)


def _document(
    service: FolderService, uploads: list[Upload], payload: bytes | None, view: Presentation
) -> tuple[dict[str, Any], bytes]:
    """(the folder document, its JSON). For an inference thread, because documents can be large."""
    document = service.run(uploads, payload, view)
    with stage("answer"):
        return document, json_bytes(document)


def service_of(request: web.Request) -> FolderService:
    """The folder service. Raises InferenceError if the liveness models are not loaded."""
    service = request.app.get(FOLDERS)
    if service is None:
        raise InferenceError("the liveness models are not loaded")
    return service


def _payload(parts: list[Part], settings: Settings) -> bytes | None:
    """The payload part's bytes, None if there is none. Raises PayloadError."""
    found = [part for part in parts if part.name == PAYLOAD]
    if len(found) > 1:
        raise PayloadError("the payload part is sent twice", exposed=PAYLOAD)
    if not found:
        return None
    try:
        return decoded(found[0].data, found[0].encoding, settings, PayloadError, PAYLOAD)
    except PayloadError as error:
        raise PayloadError(str(error), exposed=PAYLOAD) from None


def media_of(parts: list[Part], settings: Settings) -> list[Upload]:
    """The media parts, decoded from base64. Raises PartTypeError, SampleError, TooLargeError."""
    with stage("unpack"):
        return [_upload(part, settings) for part in parts if part.name != PAYLOAD]


def _upload(part: Part, settings: Settings) -> Upload:
    """A media part, decoded from base64. Raises PartTypeError, SampleError, TooLargeError."""
    if not part.name:
        raise SampleError("a media part has no name")
    if part.content_type is not None and NOT_MEDIA.fullmatch(media_type(part.content_type)):
        raise PartTypeError(f"part {part.name!r} has Content-Type {part.content_type!r}")
    data = decoded(part.data, part.encoding, settings, SampleError, f"part {part.name!r}")
    return Upload(part.name, data, part.filename or "", part.content_type or "")
