"""Content-Transfer-Encoding of a request or of one part: which files are base64 text, and decoding it. No I/O."""

from __future__ import annotations

import re
from enum import IntEnum

import pybase64

from faceVer.domain.errors import FaceVerError, RequestTypeError, SampleError, TooLargeError
from faceVer.observability.timings import stage
from faceVer.settings.model import Settings

BOM = b"\xef\xbb\xbf"
"""The UTF-8 byte order mark, which some clients write before text."""

_DATA_URI = re.compile(rb"\s*data:[^,]{0,200};base64,", re.IGNORECASE)
_LONGEST_PREFIX = len("data:") + 200 + len(";base64,")
_BLANKS = b" \t\r\n\v\f"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


class Encoding(IntEnum):
    """Whether a file is base64 text. MAYBE_BASE64: the request says base64 and the part says `binary` or the like, as
    Apache HttpClient 4 does for every file regardless of its content; then the bytes decide."""

    NONE, BASE64, MAYBE_BASE64 = range(3)


def is_base64(header: str | None) -> bool:
    """Whether a Content-Transfer-Encoding means base64. Raises RequestTypeError if its value is not known."""
    if header is None:
        return False
    value = header.partition(";")[0].strip().lower()
    if value not in ("", "base64", "binary", "8bit", "7bit"):
        raise RequestTypeError(f"Content-Transfer-Encoding {value!r} is not known")
    return value == "base64"


def unbase64(data: bytes) -> bytes:
    """Decode base64: standard or URL-safe, wrapped or not, padded or not, with or without a data URI's prefix.

    Raises ValueError on other text.
    """
    data = data.removeprefix(BOM)
    prefix = _DATA_URI.match(data)
    text = memoryview(data)[prefix.end() :] if prefix else data
    try:
        return pybase64.b64decode(text, validate=True)  # one line, standard, padded: what nearly every client sends
    except ValueError:
        plain = bytes(text).translate(_URL_SAFE, _BLANKS).rstrip(b"=")
    try:
        return pybase64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except ValueError:
        raise ValueError("not base64") from None


class Base64Decoder:
    """`unbase64` piece by piece: it decodes, and rejects, the same text."""

    def __init__(self) -> None:
        self._start: bytes | None = b""
        """The beginning, until it is long enough to tell whether it is that of a data URI; then None."""
        self._is_begun = self._is_padded = False
        self._rest = b""

    def feed(self, piece: bytes) -> bytes:
        """The bytes of which the text is complete. Raises ValueError."""
        if self._start is None:
            return self._decoded(piece)
        self._start += piece
        if not self._is_begun and len(self._start) >= len(BOM):
            self._start, self._is_begun = self._start.removeprefix(BOM), True
        if self._is_begun:
            self._start = self._start.lstrip(_BLANKS)
        return self._begin() if len(self._start) >= _LONGEST_PREFIX else b""

    def close(self) -> bytes:
        """The last bytes. Raises ValueError."""
        begun = b"" if self._start is None else self._begin()
        return begun + pybase64.b64decode(self._rest + b"=" * (-len(self._rest) % 4), validate=True)

    def _begin(self) -> bytes:
        text, self._start = (self._start or b"").removeprefix(b"" if self._is_begun else BOM), None
        prefix = _DATA_URI.match(text)
        return self._decoded(text[prefix.end() :] if prefix else text)

    def _decoded(self, piece: bytes) -> bytes:
        text, padding, after = piece.translate(_URL_SAFE, _BLANKS).partition(b"=")
        if (text and self._is_padded) or after.strip(b"="):
            raise ValueError("text after the padding")
        self._is_padded = self._is_padded or bool(padding)
        text = self._rest + text
        whole = len(text) - len(text) % 4
        self._rest = text[whole:]
        return pybase64.b64decode(text[:whole], validate=True)


def decoded(data: bytes, encoding: Encoding, settings: Settings, error: type[FaceVerError], what: str) -> bytes:
    """A file without its transfer encoding. what: its name for the log.

    Raises `error` if it is not base64, TooLargeError.
    """
    if not encoding:
        return data
    try:
        plain = unbase64(data)
    except ValueError:
        if encoding is not Encoding.MAYBE_BASE64:
            raise error(f"{what} is not base64") from None
        plain = data
    if len(plain) > settings.limits.max_file_bytes:
        raise TooLargeError(f"{what} has {len(plain)} bytes, at most {settings.limits.max_file_bytes} are allowed")
    return plain


def decoded_body(data: bytes, encoding: Encoding, settings: Settings) -> bytes:
    """A body that is one image, without its transfer encoding. Raises SampleError, TooLargeError."""
    with stage("unpack"):
        return decoded(data, encoding, settings, SampleError, "body")
