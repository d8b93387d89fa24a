"""The errors of the client. What a server answers becomes the class of its code, under either prefix.

======================  ==============  ===========================================================
code                    class           means
======================  ==============  ===========================================================
002001                  BadRequest      Content-Type of the request
002002                  BadRequest      method
BPE-002003, LDE-002004  BadSample       an image, video or archive cannot be read
BPE-002004              BadTemplate     a template cannot be read, or is another model's
002005                  BadRequest      Content-Type of a part
002006                  BadRequest      path, or a request that is not HTTP
002007                  TooLarge        request or file above a limit
002008                  Unauthorized    no API key, or a wrong one
003001                  FaceUnusable    a face is there, but no template can be made of it
003002                  NoFace          no face
003003                  SeveralFaces    more than one person
003004                  BadPayload      the payload of a folder request
001001                  ServerError     a defect of the server
001002                  Inoperative     inference failed
001003                  Overloaded      try again, after `retry_after` seconds
======================  ==============  ===========================================================

A code that is not here, of a later server or another product, is an `ApiError` by its HTTP status (413, 401, 503 and
500 as above, else plain). The full API's shape, {"error_code", "error_message", "details"}, is mapped by its number,
the status, and whether `details` name a field.

No error's text, arguments or pickle hold the API key, a template or a picture.
"""
# ruff: noqa: N818 - the names are part of the agreed surface

from __future__ import annotations

from collections.abc import Mapping


class ClientError(Exception):
    """Base of what the client raises, but for wrong arguments (TypeError, ValueError) and files (OSError).

    request_id: the id of the request it came from, which the server's log lines carry, too; "" where there is none.
    """

    request_id: str = ""


class TransportError(ClientError):
    """No whole answer arrived. sent: whether the server may have got the request."""

    def __init__(self, message: str, request_id: str = "", sent: bool = False) -> None:
        super().__init__(message, request_id, sent)
        self.message, self.request_id, self.sent = message, request_id, sent

    def __str__(self) -> str:
        return _told(self.message, self.request_id)


class Timeout(TransportError):
    """One of the time-outs, or the deadline of the whole call, has passed."""


class ProtocolError(ClientError):
    """An answer that is not the API's. status: of HTTP, 0 where it is lost with the body. excerpt: the beginning of its
    body, where that is text."""

    def __init__(self, message: str, status: int, request_id: str = "", excerpt: str = "") -> None:
        super().__init__(message, status, request_id, excerpt)
        self.message, self.status, self.request_id, self.excerpt = message, status, request_id, excerpt

    def __str__(self) -> str:
        status = f" (HTTP {self.status})" if self.status else ""
        text = _told(self.message + status, self.request_id)
        return f"{text}: {self.excerpt}" if self.excerpt else text


class AnalysisFailed(ClientError):
    """A folder's analysis ended without what was asked for. error_code: the document's own, None where it has none."""

    def __init__(self, message: str, error_code: int | None = None, request_id: str = "") -> None:
        super().__init__(message, error_code, request_id)
        self.message, self.error_code, self.request_id = message, error_code, request_id

    def __str__(self) -> str:
        return _told(self.message if self.error_code is None else f"{self.error_code}: {self.message}", self.request_id)


class ApiError(ClientError):
    """The server refused, in the API's words.

    code: as answered, such as "BPE-003002"; of the full API's shape the number. status: of HTTP. retry_after: seconds
    the server asks to wait, None where it does not.
    """

    def __init__(
        self, code: str, message: str, status: int, request_id: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(code, message, status, request_id, retry_after)
        self.code, self.message, self.status = code, message, status
        self.request_id, self.retry_after = request_id, retry_after

    def __str__(self) -> str:
        return _told(f"{self.code}: {self.message}", self.request_id)


class BadRequest(ApiError):
    """The request itself is wrong: type, method or path."""


class BadSample(ApiError):
    """An image, a video or an archive cannot be read."""


class BadTemplate(ApiError):
    """A template cannot be read, or was made by another model."""


class BadPayload(ApiError):
    """The payload of a folder request is refused; the message names the field."""


class TooLarge(ApiError):
    """The request or a file in it is larger than the server allows."""


class Unauthorized(ApiError):
    """The API key is missing or wrong."""


class FaceError(ApiError):
    """The sample was read; its faces do not allow an answer."""


class FaceUnusable(FaceError):
    """A face is there, but too small, blurred or cut to make a template of."""


class NoFace(FaceError):
    """No face was found."""


class SeveralFaces(FaceError):
    """More than one person is in the picture."""


class ServerError(ApiError):
    """A defect of the server."""


class Inoperative(ApiError):
    """Inference failed; the health methods say more."""


class Overloaded(ApiError):
    """The server has too much to do, or gave up in time; nothing was done. See `retry_after`."""


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
BY_STATUS: Mapping[int, type[ApiError]] = {401: Unauthorized, 413: TooLarge, 500: ServerError, 503: Overloaded}
# The full API's numbers. With a field in `details` they are about the payload, else about a medium or the request.
_UNKNOWN, _METHOD, _STRUCTURE, _VALUE, _TYPE, _NOWHERE = 0, 1, 3, 4, 5, 10


def by_code(code: str, status: int) -> type[ApiError]:
    """The class of a contract code."""
    return BY_CODE.get(code) or BY_CODE.get(code[-6:]) or BY_STATUS.get(status, ApiError)


def by_number(number: int, status: int, *, about_field: bool) -> type[ApiError]:
    """The class of the full API's error number. about_field: `details` names a field of the payload."""
    if status in BY_STATUS:
        return BY_STATUS[status]
    if number in (_METHOD, _NOWHERE):
        return BadRequest
    if number == _STRUCTURE or (about_field and number in (_VALUE, _TYPE)):
        return BadPayload
    if number == _UNKNOWN and status == 400:
        return Inoperative
    return {_VALUE: BadSample, _TYPE: BadRequest}.get(number, ApiError)


def _told(text: str, request_id: str) -> str:
    return f"{text} [request {request_id}]" if request_id else text
