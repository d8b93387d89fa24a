"""/v1/face/liveness/* and /api/instant/folders/: thin faces of the folder service."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from faceVer.domain.errors import InferenceError, PartTypeError, PayloadError, SampleError
from faceVer.domain.values import Upload
from faceVer.http.pipeline import responses
from faceVer.http.pipeline.context import BUDGET, FOLDERS, POOL, SETTINGS, WEBHOOKS
from faceVer.http.pipeline.forms.content_types import media_type
from faceVer.http.pipeline.forms.parser import Part
from faceVer.http.pipeline.forms.part_headers import PAYLOAD
from faceVer.http.pipeline.forms.reading import form_parts, image_body, is_form, unpack
from faceVer.http.pipeline.forms.transfer_encoding import decoded, decoded_body
from faceVer.http.pipeline.webhooks import Delivery
from faceVer.observability.logs import request_id
from faceVer.observability.timings import stage
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings

# A medium is told from its bytes, so that any label a client may give one passes; these label something else.
NOT_MEDIA = re.compile(r"(text|audio|font|model|message)/.*|application/(json|xml|javascript|pdf)")


async def detect(request: web.Request) -> web.Response:
    """POST detect: one image as the body, or a form of media and a payload."""
    return await (folder(request) if is_form(request) else _detect_image(request))


async def _detect_image(request: web.Request) -> web.Response:
    app, settings = request.app, request.app[SETTINGS]
    with app[BUDGET].reserve() as reservation:
        body, encoded = await image_body(request, reservation)
        service = service_of(request)
        async with app[POOL].admit():
            passed, score = await app[POOL].run(lambda: service.detect_image(decoded_body(body, encoded, settings)))
    text = f'{{"passed": {"true" if passed else "false"}, "score": {responses.plain(score)}}}'
    return responses.json_body(text.encode())


async def folder(request: web.Request) -> web.Response:
    """POST detect or instant folders with a form: the folder document, which also goes to the resolution endpoint."""
    app, settings = request.app, request.app[SETTINGS]
    with app[BUDGET].reserve() as reservation:
        parts, _ = await form_parts(request, reservation, SampleError)
        service = service_of(request)
        async with app[POOL].admit():
            uploads, payload = await unpack(
                app[POOL], parts, lambda: (media_of(parts, settings), _payload(parts, settings))
            )
            parts.clear()
            document, body = await app[POOL].run(_answer, service, uploads, payload)
    if document["resolution_endpoint"]:
        app[WEBHOOKS].submit(Delivery(document["resolution_endpoint"], body, document["folder_id"], request_id.get()))
    return responses.json_body(body)


def _answer(service: FolderService, uploads: list[Upload], payload: bytes | None) -> tuple[dict[str, Any], bytes]:
    """(the folder document, the same as JSON). Documents can be large: both are made on an inference thread."""
    document = service.run(uploads, payload)
    with stage("answer"):
        return document, responses.json_bytes(document)


def service_of(request: web.Request) -> FolderService:
    """The loaded service. Raises InferenceError where there is none."""
    service = request.app.get(FOLDERS)
    if service is None:
        raise InferenceError("the liveness models are not loaded")
    return service


def _payload(parts: list[Part], settings: Settings) -> bytes | None:
    """The payload part's bytes, None where there is none. Raises PayloadError."""
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
