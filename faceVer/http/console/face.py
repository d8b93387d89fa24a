"""POST /console/face: the faces in a photo, and its template or the reason why there is none."""

from __future__ import annotations

import base64
from typing import Any

from aiohttp import web

from faceVer.domain.face_choice import FaceChoice
from faceVer.domain.values import Face, Subject
from faceVer.http.pipeline.bpe_errors import BPE_ERRORS
from faceVer.http.pipeline.context import ENGINE, SETTINGS
from faceVer.http.pipeline.face_parameter import face_of_query
from faceVer.http.pipeline.receiving import with_image
from faceVer.http.pipeline.responses import json_body
from faceVer.media.jpeg import encode_jpeg
from faceVer.observability.timings import stage
from faceVer.services.faces import ExtractionReport
from faceVer.services.wire_json import json_bytes
from faceVer.vision.detection.choice import upright_box

PREVIEW_SIDE, PREVIEW_QUALITY = 960, 85
"""Longer side of the preview in pixels, and its JPEG quality."""


async def examine_face(request: web.Request) -> web.Response:
    """Take an image as the body and `face` as `extract` does, and report the same errors, except FaceError.

    For a FaceError the response is a 200, so that the page can show the photo with its faces: `template` is null, and
    `error` has the code, the message and the reason.
    """
    app = request.app
    language, choice = app[SETTINGS].api.language, face_of_query(request)

    def work(image: bytes) -> bytes:
        report = app[ENGINE].examine(image, choice)
        with stage("answer"):
            return json_bytes(_document(report, language))

    document, _ = await with_image(request, work)
    return json_body(document)


def _document(report: ExtractionReport, language: str) -> dict[str, Any]:
    """width, height: of the sample. preview: the image in which the subject's face is upright. rotation: degrees
    counter-clockwise from the sample to the preview. Boxes and landmarks are in pixels of the preview."""
    preview = encode_jpeg(report.image, PREVIEW_SIDE, PREVIEW_QUALITY)
    width, height = report.size
    scale = preview.width / report.image.shape[1]
    return {
        "width": width,
        "height": height,
        "rotation": report.turned,
        "preview": {"width": preview.width, "height": preview.height, "jpeg": _base64(preview.jpeg)},
        "faces": [_face(face, index, report, scale) for index, face in enumerate(report.faces)],
        "template": None if report.template is None else _base64(report.template),
        "template_bytes": None if report.template is None else len(report.template),
        "error": _error(report, language),
    }


def _face(face: Face, index: int, report: ExtractionReport, scale: float) -> dict[str, Any]:
    """role: "subject"; "second_person", which prevents a template; "background", which the server ignores. side: of the
    box, in pixels of the sample. choice: the value of `face` that chooses it."""
    to_sample = max(report.size) / max(report.image.shape[:2])
    left, top, right, bottom = (
        (upright_box(face, Subject(report.image, face, report.turned)) * to_sample).round().tolist()
    )
    return {
        "role": "subject" if index == 0 else "second_person" if index <= report.others else "background",
        "box": [round(float(edge) * scale, 1) for edge in face.box],
        "landmarks": [[round(float(value) * scale, 1) for value in point] for point in face.landmarks],
        "confidence": round(face.confidence, 4),
        "side": round(face.side * to_sample),
        "choice": str(FaceChoice("box", box=(left, top, right - left, bottom - top))),
    }


def _error(report: ExtractionReport, language: str) -> dict[str, str] | None:
    error = report.error
    if error is None:
        return None
    row = BPE_ERRORS[type(error)]
    return {"code": str(row.code), "message": row.message.text(language), "reason": str(error)}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
