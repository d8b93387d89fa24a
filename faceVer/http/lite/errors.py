"""API Lite: error -> HTTP status, code, message (docs/contract.md, Errors)."""

from __future__ import annotations

from faceVer.domain import errors
from faceVer.http.pipeline import messages
from faceVer.http.pipeline.api_family import ApiFamily, ErrorRow, code_and_message
from faceVer.http.pipeline.bpe_errors import BPE_ERRORS

FACES = ApiFamily(
    "lite-faces", "Faces", "Face templates and their comparison, 1:1 and 1:N.", BPE_ERRORS, code_and_message
)
"""/v1/face/pattern."""

LIVENESS = ApiFamily(
    "lite-liveness",
    "Liveness",
    "Presentation attack detection on an image, and analyses of images, videos and archives.",
    {
        errors.FaceVerError: ErrorRow(500, "LDE-001001", messages.INTERNAL_LIVENESS),
        errors.InferenceError: ErrorRow(400, "LDE-001002", messages.INFERENCE),
        errors.OverloadedError: ErrorRow(503, "LDE-001003", messages.OVERLOADED),
        errors.RequestTypeError: ErrorRow(400, "LDE-002001", messages.REQUEST_TYPE),
        errors.MethodError: ErrorRow(400, "LDE-002002", messages.METHOD),
        errors.SampleError: ErrorRow(400, "LDE-002004", messages.SAMPLE),
        errors.PartTypeError: ErrorRow(400, "LDE-002005", messages.PART_TYPE),
        errors.RequestError: ErrorRow(400, "LDE-002006", messages.REQUEST),
        errors.TooLargeError: ErrorRow(413, "LDE-002007", messages.TOO_LARGE),
        errors.AuthenticationError: ErrorRow(401, "LDE-002008", messages.KEY),
        errors.NoFaceError: ErrorRow(400, "LDE-003002", messages.NO_FACE),
        errors.ExtractionError: ErrorRow(400, "LDE-003002", messages.NO_FACE),
        errors.SeveralFacesError: ErrorRow(400, "LDE-003003", messages.SEVERAL_FACES),
        errors.PayloadError: ErrorRow(400, "LDE-003004", messages.PAYLOAD),
    },
    code_and_message,
)
"""/v1/face/liveness."""
