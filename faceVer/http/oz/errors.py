"""The Oz API: error -> HTTP status, code, message (docs/contract.md, Instant folders)."""

from __future__ import annotations

from faceVer.domain import errors
from faceVer.domain.errors import FaceVerError
from faceVer.http.oz.models import OzError, OzErrorDetails
from faceVer.http.pipeline import messages
from faceVer.http.pipeline.api_family import ApiFamily, ErrorRow

UNKNOWN, NOT_ALLOWED, STRUCTURE, VALUE, TYPE, NOT_AUTHENTICATED, NOT_AUTHENTIC, NOT_FOUND = 0, 1, 3, 4, 5, 6, 7, 10
"""The Oz API's error codes."""


def _body(row: ErrorRow, message: str, error: FaceVerError) -> OzError:
    details = OzErrorDetails(field=error.exposed) if error.exposed else None
    return OzError(error_code=int(row.code), error_message=message, details=details)


OZ = ApiFamily(
    "oz",
    "Oz",
    "The Oz API: the same analyses, with its own error format.",
    {
        errors.FaceVerError: ErrorRow(500, UNKNOWN, messages.INTERNAL_LIVENESS),
        errors.InferenceError: ErrorRow(400, UNKNOWN, messages.INFERENCE),
        errors.OverloadedError: ErrorRow(503, UNKNOWN, messages.OVERLOADED),
        errors.MethodError: ErrorRow(405, NOT_ALLOWED, messages.METHOD),
        errors.PayloadError: ErrorRow(400, STRUCTURE, messages.PAYLOAD),
        errors.PayloadValueError: ErrorRow(400, VALUE, messages.PAYLOAD),
        errors.PayloadTypeError: ErrorRow(400, TYPE, messages.PAYLOAD),
        errors.SampleError: ErrorRow(400, VALUE, messages.SAMPLE),
        errors.TooLargeError: ErrorRow(413, VALUE, messages.TOO_LARGE),
        errors.NoFaceError: ErrorRow(400, VALUE, messages.NO_FACE),
        errors.ExtractionError: ErrorRow(400, VALUE, messages.NO_FACE),
        errors.SeveralFacesError: ErrorRow(400, VALUE, messages.SEVERAL_FACES),
        errors.RequestTypeError: ErrorRow(400, TYPE, messages.REQUEST_TYPE),
        errors.PartTypeError: ErrorRow(400, TYPE, messages.PART_TYPE),
        errors.RequestError: ErrorRow(400, UNKNOWN, messages.REQUEST),
        errors.CredentialMissingError: ErrorRow(401, NOT_AUTHENTICATED, messages.KEY),
        errors.CredentialInvalidError: ErrorRow(401, NOT_AUTHENTIC, messages.KEY),
        errors.UnknownPathError: ErrorRow(404, NOT_FOUND, messages.REQUEST),
    },
    _body,
    OzError,
)
"""/api."""
