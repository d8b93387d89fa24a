"""The Oz API: error -> HTTP status, code, message (docs/contract.md, Instant folders)."""

from __future__ import annotations

from dataclasses import replace

from faceVer.domain import errors
from faceVer.domain.errors import FaceVerError
from faceVer.http.oz.models import OzError, OzErrorDetails, OzErrorKeyPath, OzStoredError
from faceVer.http.pipeline import messages
from faceVer.http.pipeline.api_family import ApiFamily, ErrorRow

UNKNOWN, NOT_ALLOWED, NOT_REALIZED, STRUCTURE, VALUE, TYPE = 0, 1, 2, 3, 4, 5
NOT_AUTHENTICATED, NOT_AUTHENTIC, EXPIRED, FORBIDDEN, NOT_FOUND = 6, 7, 8, 9, 10
FILES, DATABASE, EXISTS, THROTTLED, RULE, BLOCKED = 11, 12, 13, 101, 202, 1401
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


def _stored_body(row: ErrorRow, message: str, error: FaceVerError) -> OzStoredError:
    """Of a wrong field the path is in `details`; other errors say in `error_message` what forbids the request."""
    if isinstance(error, (errors.PayloadError, errors.SampleError, errors.ConflictError)):
        details = OzErrorKeyPath(key_path=error.exposed) if error.exposed else None
        text = message.format(path=error.exposed or "payload", reason=str(error))
        return OzStoredError(error_code=int(row.code), error_message=text, details=details)
    return OzStoredError(error_code=int(row.code), error_message=error.exposed or message, details=None)


OZ_STORED = ApiFamily(
    "oz_stored",
    "Oz, stored",
    "The Oz API of a server with a store: accounts, folders, media and analyses that are kept.",
    {
        errors.FaceVerError: ErrorRow(500, UNKNOWN, messages.OZ_UNKNOWN),
        errors.InferenceError: ErrorRow(500, UNKNOWN, messages.OZ_UNKNOWN),
        errors.OverloadedError: ErrorRow(503, UNKNOWN, messages.OVERLOADED),
        errors.RateLimitError: ErrorRow(429, THROTTLED, messages.THROTTLED),
        errors.StorageUnavailableError: ErrorRow(503, DATABASE, messages.DATABASE),
        errors.FilesUnavailableError: ErrorRow(503, FILES, messages.FILES),
        errors.MethodError: ErrorRow(405, NOT_ALLOWED, messages.METHOD),
        errors.NotRealizedError: ErrorRow(501, NOT_REALIZED, messages.NOT_REALIZED),
        errors.RequestError: ErrorRow(400, STRUCTURE, messages.REQUEST),
        errors.PayloadError: ErrorRow(400, STRUCTURE, messages.OZ_BODY),
        errors.FieldMissingError: ErrorRow(400, STRUCTURE, messages.OZ_STRUCTURE),
        errors.PayloadValueError: ErrorRow(400, VALUE, messages.OZ_VALUE),
        errors.PagingError: ErrorRow(400, VALUE, messages.OZ_PAGING),
        errors.PayloadTypeError: ErrorRow(400, TYPE, messages.OZ_TYPE),
        errors.SampleError: ErrorRow(400, VALUE, messages.OZ_SAMPLE),
        errors.TooLargeError: ErrorRow(400, VALUE, messages.TOO_LARGE),
        errors.RequestTypeError: ErrorRow(400, TYPE, messages.REQUEST_TYPE),
        errors.PartTypeError: ErrorRow(400, TYPE, messages.PART_TYPE),
        errors.CredentialMissingError: ErrorRow(401, NOT_AUTHENTICATED, messages.TOKEN_MISSING),
        errors.CredentialInvalidError: ErrorRow(401, NOT_AUTHENTIC, messages.TOKEN_INVALID),
        errors.CredentialExpiredError: ErrorRow(401, EXPIRED, messages.TOKEN_EXPIRED),
        errors.UserBlockedError: ErrorRow(401, BLOCKED, messages.USER_BLOCKED),
        errors.ForbiddenError: ErrorRow(403, FORBIDDEN, messages.FORBIDDEN),
        errors.NotFoundError: ErrorRow(404, NOT_FOUND, messages.NOT_EXIST),
        errors.UnknownPathError: ErrorRow(404, NOT_FOUND, messages.NOT_EXIST),
        errors.ConflictError: ErrorRow(400, EXISTS, messages.EXISTS),
        errors.RuleError: ErrorRow(400, RULE, messages.RULE),
        errors.ThrottledError: ErrorRow(429, THROTTLED, messages.THROTTLED),
    },
    _stored_body,
    OzStoredError,
)
"""/api of a server with a store, except /api/instant."""

_TOKEN_ERRORS = (
    errors.CredentialMissingError,
    errors.CredentialInvalidError,
    errors.CredentialExpiredError,
    errors.UserBlockedError,
    errors.StorageUnavailableError,
)
OZ_INSTANT = replace(
    OZ, name="oz_instant", errors={**OZ.errors, **{kind: OZ_STORED.errors[kind] for kind in _TOKEN_ERRORS}}
)
"""/api/instant of a server with a store, where requests need a token."""
