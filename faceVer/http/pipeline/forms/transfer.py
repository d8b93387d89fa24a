"""Header values and transfer encodings: pure functions, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

import pybase64

from faceVer.domain.errors import RequestTypeError

IMAGE_TYPES = frozenset(
    {"image/jpeg", "image/jpg", "image/png", "image/webp", "image/heic", "image/heif", "image/bmp", "image/tiff"}
)
TEMPLATE_TYPES = frozenset({"application/octet-stream", "video/vnd.fvt"})
"""The second is what lists of types have for `.fvt`, the ending of our template files: clients that go by it say so."""
FORM = "multipart/form-data"

_KEY = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+')
_QUOTED = re.compile(r'"(?:\\.|[^"\\]|"(?!\s*(?:;|$)))*+"')
"""Some clients write a quote within a file name as it is; the one that ends it stands before a semicolon or the end."""
_TOKEN = re.compile(r'[^\s"]*')
BOM = b"\xef\xbb\xbf"
"""What some writers of text put before it."""
_DATA_URI = re.compile(rb"\s*data:[^,]{0,200};base64,", re.IGNORECASE)
_BLANKS = b" \t\r\n\v\f"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
MAX_BOUNDARY = 256


def media_type(header: str | None) -> str:
    """A Content-Type without its parameters, lower case; "" where there is none."""
    return (header or "").partition(";")[0].strip().lower()


def boundary(header: str) -> bytes:
    """The boundary of a multipart Content-Type, quoted or not. Raises RequestTypeError."""
    given = next((value.strip() for key, value in _parameters(header) if key == "boundary"), "")
    quoted = len(given) > 1 and given[0] == given[-1] == '"'
    text = re.sub(r"\\(.)", r"\1", given[1:-1]) if quoted else _TOKEN.match(given)[0]  # type: ignore[index]
    raw = text.encode("utf-8", "surrogateescape")
    if not raw or len(raw) > MAX_BOUNDARY or b"\n" in raw or b"\r" in raw:
        raise RequestTypeError("the multipart Content-Type has no usable boundary")
    return raw


def is_base64(header: str | None) -> bool:
    """Whether a Content-Transfer-Encoding means base64. Raises RequestTypeError on a value that is not known."""
    if header is None:
        return False
    value = header.partition(";")[0].strip().lower()
    if value not in ("", "base64", "binary", "8bit", "7bit"):
        raise RequestTypeError(f"Content-Transfer-Encoding {value!r} is not known")
    return value == "base64"


def unbase64(data: bytes) -> bytes:
    """Decode base64 as clients send it: standard or URL-safe, wrapped or not, padded or not, with a data URI's head.

    Raises ValueError on anything else.
    """
    data = data.removeprefix(BOM)
    head = _DATA_URI.match(data)
    text = memoryview(data)[head.end() :] if head else data
    try:
        return pybase64.b64decode(text, validate=True)  # one line, standard, padded: what nearly every client sends
    except ValueError:
        plain = bytes(text).translate(_URL_SAFE, _BLANKS).rstrip(b"=")
    try:
        return pybase64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except ValueError:
        raise ValueError("not base64") from None


def disposition(value: str) -> tuple[str, str | None]:
    """(name, filename or None) of a part's Content-Disposition; "" where it has no name.

    Both ways of writing a quote are undone: a backslash before it, and the percent form of browsers (%22, %0D, %0A).
    filename* (RFC 5987) wins over filename.
    """
    name, plain, extended = "", None, None
    for key, raw in _parameters(value):
        match key:
            case "name":
                name = _unquoted(raw)
            case "filename":
                plain = _unquoted(raw)
            case "filename*":
                extended = _extended(_unquoted(raw))
    return name, plain if extended is None else extended


def _parameters(header: str) -> Iterator[tuple[str, str]]:
    """(name in lower case, value as written, with its quotes) of what follows a header's first semicolon."""
    at, closed = 0, True
    while found := _KEY.search(header, at):
        begin = found.end()
        quoted = None
        if closed and header.startswith('"', begin):
            # Where one quote is never closed no later one is: to look again and again would take the length squared.
            quoted = _QUOTED.match(header, begin)
            closed = quoted is not None
        end = header.find(";", begin)
        at = quoted.end() if quoted else end if end >= 0 else len(header)
        yield found[1].lower(), header[begin:at]


def _unquoted(raw: str) -> str:
    text = raw.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
        if '\\"' in text:
            return text.replace("\\\\", "\\").replace('\\"', '"')
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n") if "%" in text else text


def _extended(text: str) -> str | None:
    charset, _, rest = text.partition("'")
    _, second, value = rest.partition("'")
    if not second or charset.lower() not in ("utf-8", "iso-8859-1"):  # the two that RFC 5987 asks for
        return None
    try:
        return unquote_to_bytes(value).decode(charset)
    except UnicodeDecodeError:
        return None
