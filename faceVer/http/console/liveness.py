"""POST /console/liveness: one medium's folder document, and the frames its score is made of."""

from __future__ import annotations

import base64
from typing import Any

from aiohttp import web

from faceVer.domain.errors import SampleError
from faceVer.domain.values import Upload
from faceVer.http.lite.liveness import media_of, service_of
from faceVer.http.pipeline import responses
from faceVer.http.pipeline.context import BUDGET, POOL, SETTINGS
from faceVer.http.pipeline.forms.reading import form_parts, unpack
from faceVer.observability.timings import stage
from faceVer.services.folders.inspection import FrameView, Inspection
from faceVer.services.folders.service import FolderService


async def inspect_medium(request: web.Request) -> web.Response:
    """A form of one image, video or archive. Errors as for `detect`; what faces give is told in the document."""
    app, settings = request.app, request.app[SETTINGS]
    with app[BUDGET].reserve() as reservation:
        parts, _ = await form_parts(request, reservation, SampleError)
        service = service_of(request)
        async with app[POOL].admit():
            uploads = await unpack(app[POOL], parts, lambda: media_of(parts, settings))
            parts.clear()
            if len(uploads) != 1:
                raise SampleError(f"{len(uploads)} media, one is wanted")
            return responses.json_body(
                await app[POOL].run(_answer, service, uploads[0], settings.liveness.spoofing_threshold)
            )


def _answer(service: FolderService, upload: Upload, threshold: float) -> bytes:
    found = service.inspect(upload)
    with stage("answer"):
        return responses.json_bytes(_document(found, threshold))


def _document(found: Inspection, threshold: float) -> dict[str, Any]:
    return {
        "score": found.score,
        "threshold": threshold,
        "passed": None if found.score is None else found.score <= threshold,
        "frames": [_frame(view) for view in found.frames],
        "document": found.document,
    }


def _frame(view: FrameView) -> dict[str, Any]:
    """attack, weight, alone, box: null where no face was found or the analysis failed. box: shares of the picture."""
    part = view.evidence
    return {
        "index": view.index,
        "time": round(view.time, 3),
        "name": view.name,
        "attack": None if part is None else round(part.attack, 6),
        "weight": None if part is None else round(part.weight, 4),
        "alone": None if part is None else part.alone,
        "box": None if view.box is None else [round(edge, 4) for edge in view.box],
        "turned": view.turned,
        "picture": {
            "width": view.width,
            "height": view.height,
            "jpeg": base64.b64encode(view.jpeg).decode("ascii"),
        },
    }
