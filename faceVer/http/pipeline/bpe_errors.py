"""BPE error codes: error -> HTTP status, code, message. API Lite's /v1/face/pattern and the vendor profile use them."""

from __future__ import annotations

from collections.abc import Mapping

from faceVer.domain import errors
from faceVer.http.pipeline import messages
from faceVer.http.pipeline.api_family import ErrorRow

BPE_ERRORS: Mapping[type[errors.FaceVerError], ErrorRow] = {
    errors.FaceVerError: ErrorRow(500, "BPE-001001", messages.INTERNAL),
    errors.InferenceError: ErrorRow(400, "BPE-001002", messages.INFERENCE),
    errors.OverloadedError: ErrorRow(503, "BPE-001003", messages.OVERLOADED),
    errors.RequestTypeError: ErrorRow(400, "BPE-002001", messages.REQUEST_TYPE),
    errors.MethodError: ErrorRow(400, "BPE-002002", messages.METHOD),
    errors.SampleError: ErrorRow(400, "BPE-002003", messages.SAMPLE),
    errors.TemplateError: ErrorRow(400, "BPE-002004", messages.TEMPLATE),
    errors.PartTypeError: ErrorRow(400, "BPE-002005", messages.PART_TYPE),
    errors.RequestError: ErrorRow(400, "BPE-002006", messages.REQUEST),
    errors.TooLargeError: ErrorRow(413, "BPE-002007", messages.TOO_LARGE),
    errors.AuthenticationError: ErrorRow(401, "BPE-002008", messages.KEY),
    errors.ExtractionError: ErrorRow(400, "BPE-003001", messages.EXTRACTION),
    errors.NoFaceError: ErrorRow(400, "BPE-003002", messages.NO_FACE),
    errors.SeveralFacesError: ErrorRow(400, "BPE-003003", messages.SEVERAL_FACES),
}
