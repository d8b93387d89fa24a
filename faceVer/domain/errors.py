"""The errors a request, a start or a command can end with. Nothing here knows HTTP or a wire code.

Each API family has one table from these classes to status, code and message: `faceVer/http/*/errors.py`.
`SetupError` and its subclasses stop a start or a command; they never reach a client.
"""

from __future__ import annotations


class FaceVerError(Exception):
    """Base of every error a request can end with.

    `str(error)` is for the log: it may name parts and reasons, never contents or paths.
    `exposed` is what the client may read after the message of the error's code: the name of a part or a field.
    """

    def __init__(self, detail: str = "", *, exposed: str = "") -> None:
        super().__init__(detail or exposed or type(self).__doc__ or type(self).__name__)
        self.exposed = exposed


class InternalError(FaceVerError):
    """A defect of the server."""


class InferenceError(FaceVerError):
    """The inference runtime failed."""


class OverloadedError(FaceVerError):
    """More work is waiting than the server accepts; `reason` names the exhausted resource, for the metrics."""

    reason: str = "bytes"


class QueueFullError(OverloadedError):
    """The queue of the executor is full."""

    reason = "queue"


class ThreadStartError(OverloadedError):
    """The system starts no further thread: a limit of processes or of memory is reached."""

    reason = "threads"


class SandboxBusyError(OverloadedError):
    """The system has no memory or no process for decoding a file."""

    reason = "sandbox"


class SystemLimitError(OverloadedError):
    """The system gives the process no further memory or descriptor."""

    reason = "system"


class ConnectionsError(OverloadedError):
    """The limit of open connections is reached; this one gets its response and is closed."""

    reason = "connections"


class RateLimitError(OverloadedError):
    """A client exceeds its request rate; after `seconds` it may send the next request."""

    reason = "rate"

    def __init__(self, detail: str = "", *, seconds: float = 1.0) -> None:
        super().__init__(detail)
        self.seconds = seconds


class DeadlineError(OverloadedError):
    """A request exceeded its time limit."""

    reason = "time"


class StorageUnavailableError(FaceVerError):
    """The database or the file storage cannot be reached or is full; nothing was half written."""


class DatabaseUnavailableError(StorageUnavailableError):
    """The database cannot be reached or is full."""


class FilesUnavailableError(StorageUnavailableError):
    """The file storage cannot be reached or is full."""


class RequestError(FaceVerError):
    """The request itself is wrong."""


class AuthenticationError(RequestError):
    """The request does not authenticate its sender."""


class CredentialMissingError(AuthenticationError):
    """The request carries no credential."""


class CredentialInvalidError(AuthenticationError):
    """The request's credential is unknown."""


class CredentialExpiredError(AuthenticationError):
    """The session of the request's credential has expired."""


class UserBlockedError(AuthenticationError):
    """The user's account is not active."""


class ForbiddenError(RequestError):
    """The sender's role or scope does not allow it."""


class NotFoundError(RequestError):
    """There is no such object."""


class ConflictError(RequestError):
    """An object with that name exists already; `exposed` names the field."""


class RuleError(RequestError):
    """A rule of the business forbids it, although the request is well formed; `exposed` says which."""


class NotRealizedError(RequestError):
    """The documents describe it, this server does not have it."""


class ThrottledError(RequestError):
    """Too many failed attempts; after `seconds` the next one is accepted."""

    def __init__(self, detail: str = "", *, seconds: float = 60.0) -> None:
        super().__init__(detail)
        self.seconds = seconds


class RequestTypeError(RequestError):
    """The request's Content-Type or transfer encoding is not accepted."""


class MethodError(RequestError):
    """A known path was called with another method; `allowed` are the path's own."""

    def __init__(self, detail: str = "", *, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.allowed = allowed


class SampleError(RequestError):
    """A biometric sample (image, video, archive) cannot be read."""


class TemplateError(RequestError):
    """The bytes are not a template of the loaded model."""


class OtherModelError(TemplateError):
    """The template was made by another model than the ones it is read by, or compared with."""


class PartTypeError(RequestError):
    """A multipart part states a Content-Type that is not accepted."""


class FaceChoiceError(RequestError):
    """The parameter `face` is no choice of a face, or is sent twice; `exposed` is its name."""


class UnknownPathError(RequestError):
    """There is no such path."""


class TooLargeError(RequestError):
    """A request or a file is larger than the limit."""


class PayloadError(RequestError):
    """The payload part is not JSON or has the wrong structure; `exposed` names the field."""


class FieldMissingError(PayloadError):
    """A field that the request needs is missing; `exposed` is its path."""


class PayloadValueError(PayloadError):
    """A field of the payload has a value out of range."""


class PagingError(PayloadValueError):
    """`offset` or `limit` of a list is out of range; `exposed` is which."""


class PayloadTypeError(PayloadError):
    """A field of the payload has the wrong type."""


class FaceError(FaceVerError):
    """The sample was read, but its faces do not allow a result."""


class ExtractionError(FaceError):
    """The face is too small, blurred or cut for a template."""


class NoFaceError(FaceError):
    """No face was found."""


class SeveralFacesError(FaceError):
    """A second person is in the picture."""


class SetupError(Exception):
    """The installation, a setting or a weight file is wrong; stops a start or a command with a plain message."""


class SettingsError(SetupError):
    """A FACEVER_* variable or a line of the settings file is unknown, unreadable or out of range."""


class WeightsError(SetupError):
    """A weight file is missing, altered, or could not be fetched or prepared."""
