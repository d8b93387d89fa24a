"""API Lite: error -> HTTP status, code, message (docs/contract.md, Errors)."""

from __future__ import annotations

from faceVer.http.pipeline.api_family import ApiFamily, code_and_message
from faceVer.http.pipeline.bpe_errors import BPE_ERRORS
from faceVer.http.pipeline.lde_errors import LDE_ERRORS

FACES = ApiFamily(
    "lite-faces", "Faces", "Face templates and their comparison, 1:1 and 1:N.", BPE_ERRORS, code_and_message
)
"""/v1/face/pattern."""

LIVENESS = ApiFamily(
    "lite-liveness",
    "Liveness",
    "Presentation attack detection on an image, and analyses of images, videos and archives.",
    LDE_ERRORS,
    code_and_message,
)
"""/v1/face/liveness."""
