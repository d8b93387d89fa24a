"""POST /console/face: what one photo shows, and its template or why there is none."""

from __future__ import annotations

import base64
from typing import Any

from aiohttp import web

from faceVer.domain.values import Face
from faceVer.http.pipeline import responses
from faceVer.http.pipeline.context import BUDGET, ENGINE, POOL, SETTINGS
from faceVer.http.pipeline.forms.reading import image_body
from faceVer.http.pipeline.forms.transfer_encoding import decoded_body
from faceVer.http.pipeline.messages import words
from faceVer.observability.timings import stage
from faceVer.services.faces import Examined
from faceVer.services.folders.quality import encode

# Longer side of the preview in pixels, and its JPEG quality.
PREVIEW_SIDE, PREVIEW_QUALITY = 960, 85


async def examine_face(request: web.Request) -> web.Response:
    """The body is an image, as for `extract`; so are the errors, but for those that faces give.

    A photo without a usable face is answered, too: `template` is null, `error` has the contract's code and words and
    `why`, and the photo can be shown with what was found.
    """
    app, settings = request.app, request.app[SETTINGS]
    with app[BUDGET].reserve() as reservation:
        body, encoded = await image_body(request, reservation)
        engine = app[ENGINE]

        def work() -> bytes:
            examined = engine.examine(decoded_body(body, encoded, settings))
            with stage("answer"):
                return responses.json_bytes(_document(examined, settings.api.language))

        async with app[POOL].admit():
            return responses.json_body(await app[POOL].run(work))


def _document(examined: Examined, language: str) -> dict[str, Any]:
    """Boxes and landmarks are in pixels of the preview, which is upright."""
    shot = encode(examined.image, PREVIEW_SIDE, PREVIEW_QUALITY)
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


def _face(face: Face, number: int, examined: Examined, factor: float) -> dict[str, Any]:
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


def _error(examined: Examined, language: str) -> dict[str, str] | None:
    trouble = examined.trouble
    if trouble is None:
        return None
    return {"code": trouble.pattern, "message": words(trouble.pattern, language), "why": str(trouble)}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
