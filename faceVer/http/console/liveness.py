"""POST /console/liveness: the folder document of one media item, and the frames of its PAD score."""

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
from faceVer.http.pipeline.responses import json_body
from faceVer.observability.timings import stage
from faceVer.services.folders.findings import FramePreview
from faceVer.services.folders.inspection import LivenessReport
from faceVer.services.folders.service import FolderService
from faceVer.services.wire_json import json_bytes


async def check_liveness(request: web.Request) -> web.Response:
    """Take a form with one image, video or archive, and report the same errors as `detect`."""
    executor, settings = request.app[EXECUTOR], request.app[SETTINGS]

    def read(parts: list[Part]) -> tuple[FolderService, list[Upload]]:
        return service_of(request), media_of(parts, settings)

    async def respond(inputs: tuple[FolderService, list[Upload]], _: bool) -> web.Response:
        service, uploads = inputs
        if len(uploads) != 1:
            raise SampleError(f"{len(uploads)} media, one is expected")
        return json_body(await executor.run(_inspect, service, uploads[0], settings.liveness.spoofing_threshold))

    return await with_form(request, SampleError, read, lambda taken: (upload.data for upload in taken[1]), respond)


def _inspect(service: FolderService, upload: Upload, threshold: float) -> bytes:
    report = service.inspect(upload)
    with stage("answer"):
        return json_bytes(_document(report, threshold))


def _document(report: LivenessReport, threshold: float) -> dict[str, Any]:
    return {
        "pad_score": report.pad_score,
        "threshold": threshold,
        "passed": None if report.pad_score is None else report.pad_score <= threshold,
        "frames": [_frame(preview) for preview in report.frames],
        "document": report.document,
    }


def _frame(preview: FramePreview) -> dict[str, Any]:
    """pad_score, weight, single_person, box: null if the frame has no face or the analysis failed. single_person: no
    second person was detected. box: in fractions of the width and height. rotated: to detect the face."""
    score, image = preview.score, preview.image
    return {
        "index": preview.index,
        "time": round(preview.time, 3),
        "name": preview.name,
        "pad_score": None if score is None else round(score.pad_score, 6),
        "weight": None if score is None else round(score.weight, 4),
        "single_person": None if score is None else score.alone,
        "box": None if preview.box is None else [round(edge, 4) for edge in preview.box],
        "rotated": preview.turned,
        "image": {
            "width": image.width,
            "height": image.height,
            "jpeg": base64.b64encode(image.jpeg).decode("ascii"),
        },
    }
