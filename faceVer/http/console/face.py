"""POST /console/face: what one photo shows, and its template or why there is none."""

from __future__ import annotations

import base64
from typing import Any

from aiohttp import web

from faceVer.domain.values import Face
from faceVer.http.pipeline.bpe_errors import BPE_ERRORS
from faceVer.http.pipeline.context import ENGINE, SETTINGS
from faceVer.http.pipeline.receiving import with_image
from faceVer.http.pipeline.responses import json_body, json_bytes
from faceVer.media.jpeg import encode_jpeg
from faceVer.observability.timings import stage
from faceVer.services.faces import ExtractionReport

# Longer side of the preview in pixels, and its JPEG quality.
PREVIEW_SIDE, PREVIEW_QUALITY = 960, 85


async def examine_face(request: web.Request) -> web.Response:
    """The body is an image, as for `extract`; so are the errors, except those that faces cause.

    A photo without a usable face gets a response, too: `template` is null, `error` has the code, the message and
    `why`, and the photo can be shown with what was found.
    """
    app = request.app
    language = app[SETTINGS].api.language

    def work(image: bytes) -> bytes:
        examined = app[ENGINE].examine(image)
        with stage("answer"):
            return json_bytes(_document(examined, language))

    document, _ = await with_image(request, work)
    return json_body(document)


def _document(examined: ExtractionReport, language: str) -> dict[str, Any]:
    """Boxes and landmarks are in pixels of the preview, which is upright."""
    shot = encode_jpeg(examined.image, PREVIEW_SIDE, PREVIEW_QUALITY)
    width, height = examined.size
    factor = shot.width / examined.image.shape[1]
    return {
        "width": width,
        "height": height,
        "turned": examined.turned,
        "preview": {"width": shot.width, "height": shot.height, "jpeg": _text(shot.jpeg)},
        "faces": [_face(face, number, examined, factor) for number, face in enumerate(examined.faces)],
        "template": None if examined.template is None else _text(examined.template),
        "template_bytes": None if examined.template is None else len(examined.template),
        "error": _error(examined, language),
    }


def _face(face: Face, number: int, examined: ExtractionReport, factor: float) -> dict[str, Any]:
    """role: subject; second, who keeps a template from being made; background, who is passed over. side: of the box, in
    pixels of the sample."""
    to_sample = max(examined.size) / max(examined.image.shape[:2])
    return {
        "role": "subject" if number == 0 else "second" if number <= examined.others else "background",
        "box": [round(float(edge) * factor, 1) for edge in face.box],
        "landmarks": [[round(float(value) * factor, 1) for value in point] for point in face.landmarks],
        "confidence": round(face.confidence, 4),
        "side": round(face.side * to_sample),
    }


def _error(examined: ExtractionReport, language: str) -> dict[str, str] | None:
    error = examined.error
    if error is None:
        return None
    row = BPE_ERRORS[type(error)]
    return {"code": str(row.code), "message": row.message.text(language), "why": str(error)}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
