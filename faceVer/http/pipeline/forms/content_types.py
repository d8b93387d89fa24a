"""The Content-Types that requests and parts may state, and the parameters of a header value. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator

from faceVer.domain.errors import RequestTypeError

IMAGE_TYPES = frozenset(
    {
        "image/jpeg",
        "image/jpg",
        "image/png",
        "image/webp",
        "image/heic",
        "image/heic-sequence",
        "image/heif",
        "image/heif-sequence",
        "image/avif",
        "image/bmp",
        "image/tiff",
    }
)
"""GIF is decoded, but its type is not accepted: the contract's list does not have it."""
TEMPLATE_TYPES = frozenset({"application/octet-stream", "video/vnd.fvt"})
"""The second is what MIME type tables have for `.fvt`, the extension of template files: some clients send it."""
ANY_IMAGE = frozenset({"image/*"})
FORM = "multipart/form-data"
MAX_BOUNDARY = 256
"""Bytes."""

_KEY = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+')
_QUOTED = re.compile(r'"(?:\\.|[^"\\]|"(?!\s*(?:;|$)))*+"')
"""Some clients do not escape a quote within a file name; the closing quote precedes a semicolon or the end."""
_TOKEN = re.compile(r'[^\s"]*')


def media_type(header: str | None) -> str:
    """A Content-Type without its parameters, in lower case; "" if there is none."""
    return (header or "").partition(";")[0].strip().lower()


def accepts(types: frozenset[str], kind: str) -> bool:
    """Whether a media type is one of `types`, or of the group that `group/*` names."""
    return kind in types or f"{kind.partition('/')[0]}/*" in types


def boundary_of(content_type: str) -> bytes:
    """The boundary of a multipart Content-Type, quoted or not. Raises RequestTypeError."""
    given = next((value.strip() for key, value in parameters(content_type) if key == "boundary"), "")
    quoted = len(given) > 1 and given[0] == given[-1] == '"'
    text = re.sub(r"\\(.)", r"\1", given[1:-1]) if quoted else _TOKEN.match(given)[0]  # type: ignore[index]
    boundary = text.encode("utf-8", "surrogateescape")
    if not boundary or len(boundary) > MAX_BOUNDARY or b"\n" in boundary or b"\r" in boundary:
        raise RequestTypeError("the multipart Content-Type has no usable boundary")
    return boundary


def parameters(header: str) -> Iterator[tuple[str, str]]:
    """(name in lower case, value as written, with its quotes) of each parameter after a header's first semicolon."""
    at, closed = 0, True
    while found := _KEY.search(header, at):
        begin = found.end()
        quoted = None
        if closed and header.startswith('"', begin):
            # If one quote is never closed, no later one is: searching for each would take quadratic time.
            quoted = _QUOTED.match(header, begin)
            closed = quoted is not None
        end = header.find(";", begin)
        at = quoted.end() if quoted else end if end >= 0 else len(header)
        yield found[1].lower(), header[begin:at]
