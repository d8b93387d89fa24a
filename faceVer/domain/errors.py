"""The error tree. Each class carries the codes of the contract's section 4; nothing here knows HTTP.

=========================  ==========  ==========  =====================================================
class                      pattern     liveness    raised when
=========================  ==========  ==========  =====================================================
RequestTypeError           BPE-002001  LDE-002001  the request's Content-Type or transfer encoding is not accepted
MethodError                BPE-002002  LDE-002002  a known path was called with another verb
SampleError                BPE-002003  LDE-002004  a sample (image, video, archive) cannot be read
TemplateError              BPE-002004  LDE-002004  bytes are not a template of the loaded model
PartTypeError              BPE-002005  LDE-002005  a multipart part states a type that is not accepted
UnknownPathError           BPE-002006  LDE-002006  no such path
TooLargeError              BPE-002007  LDE-002007  a request or a file is larger than the limit
ExtractionError            BPE-003001  LDE-003002  a face is there, but no template can be made of it
NoFaceError                BPE-003002  LDE-003002  no face was found
SeveralFacesError          BPE-003003  LDE-003003  a second person is in the picture
PayloadError               BPE-002006  LDE-003004  the `payload` part is not JSON or breaks its structure
InternalError              BPE-001001  LDE-001001  a defect of ours
InferenceError             BPE-001002  LDE-001002  the inference runtime failed
OverloadedError            BPE-001003  LDE-001003  more work is waiting than the server will hold
RateLimitError             BPE-001003  LDE-001003  a client sends more requests than it may
DeadlineError              BPE-001003  LDE-001003  a request took longer than it may
=========================  ==========  ==========  =====================================================

`SetupError` and its kin stop a start or a command; they never reach a client.
"""

from __future__ import annotations


class FaceVerError(Exception):
    """Base of every error a request can end with.

    `str(error)` is for the log: it may name parts and reasons, never contents or paths.
    `exposed` is what the contract lets the client read after the code's own words (a part's or a field's name).
    """

    pattern: str = "BPE-001001"
    liveness: str = "LDE-001001"

    def __init__(self, detail: str = "", *, exposed: str = "") -> None:
        super().__init__(detail or exposed or type(self).__doc__ or type(self).__name__)
        self.exposed = exposed


class InternalError(FaceVerError):
    """A defect of ours."""


class InferenceError(FaceVerError):
    """The inference runtime failed."""

    pattern, liveness = "BPE-001002", "LDE-001002"


class OverloadedError(FaceVerError):
    """More work is waiting than the server will hold; `reason` is what there is too much of, for the metrics."""

    pattern, liveness = "BPE-001003", "LDE-001003"
    reason: str = "bytes"


class QueueFullError(OverloadedError):
    """As many requests are running or waiting as may."""

    reason = "queue"


class ConnectionsError(OverloadedError):
    """As many connections are open as may; this one is answered and closed."""

    reason = "connections"


class RateLimitError(OverloadedError):
    """A client sends more requests than it may; `seconds` from now it may send one again."""

    reason = "rate"

    def __init__(self, detail: str = "", *, seconds: float = 1.0) -> None:
        super().__init__(detail)
        self.seconds = seconds


class DeadlineError(OverloadedError):
    """A request took longer than it may."""

    reason = "time"


class RequestError(FaceVerError):
    """The request itself is wrong."""


class RequestTypeError(RequestError):
    """The request's Content-Type or transfer encoding is not accepted."""

    pattern, liveness = "BPE-002001", "LDE-002001"


class MethodError(RequestError):
    """A known path was called with another verb; `allowed` are the path's own."""

    pattern, liveness = "BPE-002002", "LDE-002002"

    def __init__(self, detail: str = "", *, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.allowed = allowed


class SampleError(RequestError):
    """A sample cannot be read."""

    pattern, liveness = "BPE-002003", "LDE-002004"


class TemplateError(RequestError):
    """Bytes are not a template of the loaded model."""

    pattern, liveness = "BPE-002004", "LDE-002004"


class PartTypeError(RequestError):
    """A multipart part states a type that is not accepted."""

    pattern, liveness = "BPE-002005", "LDE-002005"


class UnknownPathError(RequestError):
    """No such path."""

    pattern, liveness = "BPE-002006", "LDE-002006"


class TooLargeError(RequestError):
    """A request or a file is larger than the limit."""

    pattern, liveness = "BPE-002007", "LDE-002007"


class PayloadError(RequestError):
    """The payload is not JSON or breaks its structure; `exposed` names the field.

    `kind` is the full API's error code, which instant folders answer: STRUCTURE, VALUE or TYPE.
    """

    STRUCTURE, VALUE, TYPE = 3, 4, 5
    pattern, liveness = "BPE-002006", "LDE-003004"

    def __init__(self, detail: str = "", *, exposed: str = "", kind: int = STRUCTURE) -> None:
        super().__init__(detail, exposed=exposed)
        self.kind = kind


class FaceError(FaceVerError):
    """The sample was read; its faces do not allow an answer."""


class ExtractionError(FaceError):
    """A face is there, but too small, blurred or cut to make a template of."""

    pattern, liveness = "BPE-003001", "LDE-003002"


class NoFaceError(FaceError):
    """No face was found."""

    pattern, liveness = "BPE-003002", "LDE-003002"


class SeveralFacesError(FaceError):
    """A second person is in the picture."""

    pattern, liveness = "BPE-003003", "LDE-003003"


class SetupError(Exception):
    """The installation, a setting or a weight file is wrong; stops a start or a command with a plain message."""


class SettingsError(SetupError):
    """A FACEVER_* variable or a line of the settings file is unknown, unreadable or out of range."""


class WeightsError(SetupError):
    """A weight file is missing, altered, or could not be fetched or prepared."""
