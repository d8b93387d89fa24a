"""POST /console/liveness: one medium's folder document, and the frames its score is made of."""

from __future__ import annotations

import base64
from typing import Any

from aiohttp import web

from faceVer.domain.errors import SampleError
from faceVer.domain.values import Upload
from faceVer.http.pipeline.context import EXECUTOR, SETTINGS
from faceVer.http.pipeline.folder_forms import media_of, service_of
from faceVer.http.pipeline.forms.parser import Part
from faceVer.http.pipeline.receiving import with_form
from faceVer.http.pipeline.responses import json_body, json_bytes
from faceVer.observability.timings import stage
from faceVer.services.folders.inspection import FrameView, Inspection
from faceVer.services.folders.service import FolderService


async def inspect_medium(request: web.Request) -> web.Response:
    """A form of one image, video or archive. Errors as for `detect`; the document states those that faces cause."""
    executor, settings = request.app[EXECUTOR], request.app[SETTINGS]

    def read(parts: list[Part]) -> tuple[FolderService, list[Upload]]:
        return service_of(request), media_of(parts, settings)

    async def respond(taken: tuple[FolderService, list[Upload]], _: bool) -> web.Response:
        service, uploads = taken
        if len(uploads) != 1:
            raise SampleError(f"{len(uploads)} media, one is expected")
        return json_body(await executor.run(_inspect, service, uploads[0], settings.liveness.spoofing_threshold))

    return await with_form(request, SampleError, read, respond)


def _inspect(service: FolderService, upload: Upload, threshold: float) -> bytes:
    report = service.inspect(upload)
    with stage("answer"):
        return json_bytes(_document(report, threshold))


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
