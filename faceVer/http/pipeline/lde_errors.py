"""LDE error codes: error -> HTTP status, code, message, of API Lite's /v1/face/liveness and the vendor profile."""

from __future__ import annotations

from collections.abc import Mapping

from faceVer.domain import errors
from faceVer.http.pipeline import messages
from faceVer.http.pipeline.api_family import ErrorRow

LDE_ERRORS: Mapping[type[errors.FaceVerError], ErrorRow] = {
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
}
