"""The parts of a form, and what their headers say: pure functions, no I/O.

A header's name and value are taken apart as the `multipart` library (2.0) does in its lenient mode, which is the oracle
of the tests: the same is accepted, the same refused.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import NamedTuple

from faceVer.http.pipeline.forms.transfer import disposition, is_base64

PAYLOAD = "payload"
"""The part of folder requests that is JSON, not a file: the request's transfer encoding is not on it."""
HEADER_BYTES, HEADERS = 8192, 32
"""The longest header of a part, and how many it may have."""

Header = tuple[str, str]
"""(name in title case, value as Latin-1) of a part."""

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,17}")
USUAL_HEAD = re.compile(
    rb'Content-Disposition: form-data; name="([^"\\%\r\n]{0,200})"(?:; filename="([^"\\%\r\n]{0,1000})")?\r\n'
    rb"(?:Content-Type: ([!-~][ -~]{0,200})\r\n)?\r\n"
)
"""A head as nearly every client writes it, with nothing in it that has to be unquoted. Its groups are the name, the
file name and the Content-Type, if they are UTF-8. Any other head, if only by a percent sign, is read line by line."""


class MalformedBodyError(Exception):
    """The body did not arrive whole, or is not the form it says it is; the endpoint knows which code that is."""


class Encoding(IntEnum):
    """Whether base64 is still on a part. PERHAPS: the request says so and the part itself says `binary` or the like, as
    Apache HttpClient 4 does for every file whatever is in it; what the bytes are decides."""

    NONE, BASE64, PERHAPS = range(3)


class Part(NamedTuple):
    """One part of a multipart body. content_type: None where the part states none."""

    name: str
    filename: str | None
    content_type: str | None
    encoded: Encoding
    data: bytes


class Head(NamedTuple):
    """What a part's headers say. See `Part`; length: its Content-Length, None where it states none."""

    name: str
    filename: str | None
    content_type: str | None
    encoded: Encoding
    length: int | None = None


def add_header(headers: list[Header], line: bytes) -> None:
    """Add a line, not empty and without its line break, to a part's headers. Raises MalformedBodyError."""
    if line[0] in b" \t":
        if not headers or line.isspace():
            raise MalformedBodyError("a continuation of no header")
        line = ": ".join(headers.pop()).encode("latin1") + b" " + line[1:]
    if len(line) > HEADER_BYTES or len(headers) >= HEADERS:
        raise MalformedBodyError("a part's header is too long, or there are too many")
    name, colon, value = line.decode("latin1").partition(":")
    name = name.strip().title()
    if not colon or not _NAME.fullmatch(name):
        raise MalformedBodyError("a part's header has no name")
    value = value.lstrip(" \t")
    if name == "Content-Length":
        if not _LENGTH.fullmatch(value):
            raise MalformedBodyError("a part's Content-Length is no number")
        if any(other == name for other, _ in headers):
            raise MalformedBodyError("a part has two Content-Length headers")
    headers.append((name, value))


def head_of(headers: list[Header], encoded: bool) -> Head:
    """What the headers of a part say. encoded: what the request's own header says of file parts.

    Raises MalformedBodyError, RequestTypeError.
    """
    name, filename, content_type, length, kind = "", None, None, None, ""
    for key, raw in headers:
        match key:
            case "Content-Disposition":
                kind = raw.partition(";")[0].strip().lower()
                name, filename = disposition(_text(raw))
            case "Content-Type":
                content_type = _text(raw)
            case "Content-Length":
                length = int(raw)
    if kind != "form-data":
        raise MalformedBodyError("a part without Content-Disposition: form-data")
    around = Encoding(encoded and name != PAYLOAD)
    own = around
    for key, raw in headers:
        if key == "Content-Transfer-Encoding":
            own = Encoding.BASE64 if is_base64(_text(raw)) else Encoding.PERHAPS if around else Encoding.NONE
    return Head(name, filename, content_type, own, length)


def _text(raw: str) -> str:
    """A header's text: UTF-8 as clients send it, Latin-1 where it is not."""
    octets = raw.encode("latin1")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return raw
