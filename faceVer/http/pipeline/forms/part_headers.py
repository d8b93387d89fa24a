"""The headers of a form's part, and what they say of it. No I/O.

A header line is accepted or rejected as by the `multipart` library (2.0) in its lenient mode, the oracle of the tests.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from faceVer.http.pipeline.forms.content_types import parameters
from faceVer.http.pipeline.forms.transfer_encoding import Encoding, is_base64

PAYLOAD = "payload"
"""The part of folder requests that is JSON, not a file: the request's transfer encoding does not apply to it."""
MAX_HEADER_BYTES, MAX_HEADERS = 8192, 32
"""The longest header of a part, and how many it may have."""

Header = tuple[str, str]
"""(name in title case, value as Latin-1) of a part."""

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,17}")
USUAL_HEADERS = re.compile(
    rb'Content-Disposition: form-data; name="([^"\\%\r\n]{0,200})"(?:; filename="([^"\\%\r\n]{0,1000})")?\r\n'
    rb"(?:Content-Type: ([!-~][ -~]{0,200})\r\n)?\r\n"
)
"""The headers as nearly every client writes them, with nothing to unquote. Groups: the name, the file name and the
Content-Type. All others, even those with a mere percent sign, are read line by line."""


class MalformedBodyError(Exception):
    """The body did not arrive completely or is not a form; the endpoint knows which error that is."""


class PartHeaders(NamedTuple):
    """content_type, length (Content-Length): None if the part states none."""

    name: str
    filename: str | None
    content_type: str | None
    encoding: Encoding
    length: int | None = None


def add_header(headers: list[Header], line: bytes) -> None:
    """Add a line, not empty and without its line break, to a part's headers. Raises MalformedBodyError."""
    if line[0] in b" \t":
        if not headers or line.isspace():
            raise MalformedBodyError("a part's first header begins with a blank")
        line = ": ".join(headers.pop()).encode("latin1") + b" " + line[1:]
    if len(line) > MAX_HEADER_BYTES or len(headers) >= MAX_HEADERS:
        raise MalformedBodyError("a part's header is too long, or there are too many")
    name, colon, value = line.decode("latin1").partition(":")
    name = name.strip().title()
    if not colon or not _NAME.fullmatch(name):
        raise MalformedBodyError("a part's header has no name")
    value = value.lstrip(" \t")
    if name == "Content-Length":
        if not _LENGTH.fullmatch(value):
            raise MalformedBodyError("a part's Content-Length is not a number")
        if any(other == name for other, _ in headers):
            raise MalformedBodyError("a part has two Content-Length headers")
    headers.append((name, value))


def parse_headers(headers: list[Header], form_is_base64: bool) -> PartHeaders:
    """What the headers of a part say. form_is_base64: the request's own header says so of file parts.

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
    inherited = Encoding(form_is_base64 and name != PAYLOAD)
    encoding = inherited
    for key, raw in headers:
        if key == "Content-Transfer-Encoding":
            own = is_base64(_text(raw))
            encoding = Encoding.BASE64 if own else Encoding.MAYBE_BASE64 if inherited else Encoding.NONE
    return PartHeaders(name, filename, content_type, encoding, length)


def disposition(value: str) -> tuple[str, str | None]:
    """(name, filename or None) of a part's Content-Disposition; "" if it has no name.

    Both escapes of a quote are decoded: the backslash, and the percent form of browsers (%22, %0D, %0A).
    filename* (RFC 5987) wins over filename.
    """
    name, plain, extended = "", None, None
    for key, raw in parameters(value):
        match key:
            case "name":
                name = _unquoted(raw)
            case "filename":
                plain = _unquoted(raw)
            case "filename*":
                extended = _extended(_unquoted(raw))
    return name, plain if extended is None else extended


def _text(raw: str) -> str:
    """A header's text: UTF-8 as clients send it, Latin-1 if it is not."""
    try:
        return raw.encode("latin1").decode("utf-8")
    except UnicodeDecodeError:
        return raw


def _unquoted(raw: str) -> str:
    text = raw.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
        if '\\"' in text:
            return text.replace("\\\\", "\\").replace('\\"', '"')
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n") if "%" in text else text


def _extended(text: str) -> str | None:
    """The value of `CHARSET'LANGUAGE'PERCENT-ENCODED` (RFC 5987), None if it is malformed or of another charset."""
    charset, _, rest = text.partition("'")
    _, second, value = rest.partition("'")
    if not second or charset.lower() not in ("utf-8", "iso-8859-1"):  # the two that the RFC requires
        return None
    try:
        return unquote_to_bytes(value).decode(charset)
    except UnicodeDecodeError:
        return None
