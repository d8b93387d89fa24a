"""The errors of the client. An error response becomes the class of its code (docs/client.md, Errors).

A code that is unknown, of a later server or another product, becomes an `ApiError` by its HTTP status. The Oz API's
shape, {"error_code", "error_message", "details"}, is mapped by its number, the status, and whether `details` name a
field. No error's text, arguments or pickle contain the API key, a template or an image.
"""
# ruff: noqa: N818 - public names without the suffix Error

from __future__ import annotations

from collections.abc import Mapping


class ClientError(Exception):
    """Base of the client's errors, except for wrong arguments (TypeError, ValueError) and files (OSError).

    request_id: the id of the request, which the server's log lines carry, too; "" where there is none.
    """

    request_id: str = ""


class TransportError(ClientError):
    """No complete response arrived. sent: whether the server may have received the request."""

    def __init__(self, message: str, request_id: str = "", sent: bool = False) -> None:
        super().__init__(message, request_id, sent)
        self.message, self.request_id, self.sent = message, request_id, sent

    def __str__(self) -> str:
        return _with_id(self.message, self.request_id)


class Timeout(TransportError):
    """A timeout or the deadline of the call has passed."""


class ProtocolError(ClientError):
    """A response that is not the API's. status: HTTP status, 0 where it is lost with the body. excerpt: the beginning
    of its body, if that is text."""

    def __init__(self, message: str, status: int, request_id: str = "", excerpt: str = "") -> None:
        super().__init__(message, status, request_id, excerpt)
        self.message, self.status, self.request_id, self.excerpt = message, status, request_id, excerpt

    def __str__(self) -> str:
        status = f" (HTTP {self.status})" if self.status else ""
        text = _with_id(self.message + status, self.request_id)
        return f"{text}: {self.excerpt}" if self.excerpt else text


class AnalysisFailed(ClientError):
    """A folder's analysis gave no result. error_code: the one in the document, None where it has none."""

    def __init__(self, message: str, error_code: int | None = None, request_id: str = "") -> None:
        super().__init__(message, error_code, request_id)
        self.message, self.error_code, self.request_id = message, error_code, request_id

    def __str__(self) -> str:
        return _with_id(
            self.message if self.error_code is None else f"{self.error_code}: {self.message}", self.request_id
        )


class ApiError(ClientError):
    """The server rejected the request.

    code: such as "BPE-003002"; of the Oz API its number. status: HTTP status. retry_after: seconds the server asks to
    wait, None where it does not. key_path: the field that an error of the Oz API names, "" where it names none.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int,
        request_id: str = "",
        retry_after: float | None = None,
        key_path: str = "",
    ) -> None:
        super().__init__(code, message, status, request_id, retry_after, key_path)
        self.code, self.message, self.status = code, message, status
        self.request_id, self.retry_after, self.key_path = request_id, retry_after, key_path

    @property
    def error_code(self) -> int | None:
        """The code as the number that the Oz API gives; None of API Lite."""
        return int(self.code) if self.code.isdecimal() and len(self.code) < 6 else None

    def __str__(self) -> str:
        return _with_id(f"{self.code}: {self.message}", self.request_id)


class BadRequest(ApiError):
    """The request itself is wrong: type, method or path."""


class BadSample(ApiError):
    """An image, a video or an archive cannot be read."""


class BadTemplate(ApiError):
    """A template cannot be read, or was made by another model."""


class BadPayload(ApiError):
    """The payload of a folder request is rejected; the message names the field."""


class TooLarge(ApiError):
    """The request or a file in it is larger than the server allows."""


class Unauthorized(ApiError):
    """The API key is missing or wrong."""


class NotFound(BadRequest):
    """There is no such object, or no such path."""


class Forbidden(ApiError):
    """The account's role or scope does not allow it."""


class Conflict(BadRequest):
    """An object of that name or email exists."""


class RuleViolated(BadRequest):
    """A rule forbids it: a cleared folder, a running analysis, the last administrator."""


class NotRealized(BadRequest):
    """The documents describe it, the server does not have it."""


class Throttled(ApiError):
    """Too many failed attempts to sign in. See `retry_after`."""


class FaceError(ApiError):
    """The sample was read; its faces do not allow a result."""


class FaceUnusable(FaceError):
    """The face is too small, blurred or cut for a template."""


class NoFace(FaceError):
    """No face was found."""


class SeveralFaces(FaceError):
    """A second person is in the image."""


class ServerError(ApiError):
    """A defect of the server."""


class Inoperative(ApiError):
    """Inference failed; the health methods say more."""


class Overloaded(ApiError):
    """The server is overloaded or exceeded its time limit; it did nothing. See `retry_after`."""


BY_CODE: Mapping[str, type[ApiError]] = {
    "002001": BadRequest,
    "002002": BadRequest,
    "BPE-002003": BadSample,
    "LDE-002004": BadSample,
    "BPE-002004": BadTemplate,
    "002005": BadRequest,
    "002006": BadRequest,
    "002007": TooLarge,
    "002008": Unauthorized,
    "003001": FaceUnusable,
    "003002": NoFace,
    "003003": SeveralFaces,
    "003004": BadPayload,
    "001001": ServerError,
    "001002": Inoperative,
    "001003": Overloaded,
}
"""Codes of API Lite; without a prefix where BPE- and LDE- mean the same."""
_BY_STATUS: Mapping[int, type[ApiError]] = {401: Unauthorized, 413: TooLarge, 500: ServerError, 503: Overloaded}
_BY_NUMBER: Mapping[int, type[ApiError]] = {
    1: BadRequest,  # method
    3: BadPayload,  # structure
    4: BadSample,  # value; of a field: BadPayload
    5: BadRequest,  # type; of a field: BadPayload
    2: NotRealized,
    9: Forbidden,
    10: NotFound,  # path or object
    13: Conflict,
    101: Throttled,
    202: RuleViolated,
}
"""Error numbers of the Oz API."""


def by_code(code: str, status: int) -> type[ApiError]:
    """The class of an API Lite code."""
    return BY_CODE.get(code) or BY_CODE.get(code[-6:]) or _BY_STATUS.get(status, ApiError)


def by_number(number: int, status: int, *, about_field: bool) -> type[ApiError]:
    """The class of an Oz API number. about_field: `details` name a field of the payload."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if number == 0 and status == 400:
        return Inoperative
    return BadPayload if about_field and number in (4, 5) else _BY_NUMBER.get(number, ApiError)


def _with_id(text: str, request_id: str) -> str:
    return f"{text} [request {request_id}]" if request_id else text
