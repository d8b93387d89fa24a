"""/v1/face/liveness/detect: the body is one image, or a form of media and a payload."""

from __future__ import annotations

from aiohttp import web

from faceVer.domain.errors import FaceChoiceError
from faceVer.http.pipeline.face_parameter import FACE, face_of_query
from faceVer.http.pipeline.folder_forms import respond_with_folder, service_of
from faceVer.http.pipeline.forms.reading import is_form
from faceVer.http.pipeline.receiving import with_image
from faceVer.http.pipeline.responses import json_body, plain_decimal
from faceVer.services.folders.presentation import STATELESS_LITE


async def detect(request: web.Request) -> web.Response:
    """Detect a presentation attack in an image, or run the analyses of a folder."""
    choice = face_of_query(request)
    if is_form(request):
        if choice is not None:
            raise FaceChoiceError("a face is chosen where the body is a photo, not in a form", exposed=FACE)
        return await respond_with_folder(request, STATELESS_LITE)
    (passed, score), _ = await with_image(request, lambda image: service_of(request).detect_image(image, choice))
    return json_body(f'{{"passed": {"true" if passed else "false"}, "score": {plain_decimal(score)}}}'.encode())
