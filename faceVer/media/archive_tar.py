"""The entries of a tar or a tar.gz, read in one pass.

tarfile is not used: it reads extended headers and sparse maps of any length into memory.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Protocol

from faceVer.domain.errors import SampleError
from faceVer.media import archive_gzip
from faceVer.media.archive_entry import Entry, max_entries
from faceVer.media.archive_gzip import GzipStream
from faceVer.media.limits import MediaLimits

_BLOCK = 512
_MAX_HEADER = 8192  # bytes of an extended header or a long name
# Type flags of a header
_FILE, _FOLDER, _LONG_NAME, _LONG_LINK, _EXTENDED, _GLOBAL = b"0\x007", b"5", b"L", b"K", b"xX", b"g"
_HEADERS = _LONG_NAME + _LONG_LINK + _EXTENDED + _GLOBAL


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


def tar_entries(data: bytes, limits: MediaLimits) -> Iterator[Entry]:
    """The entries in the archive's order. Raises SampleError, or zlib.error on damaged bytes."""
    # Headers and padding come on top of the members' bytes.
    max_bytes = limits.max_expanded_bytes + max_entries(limits) * (_MAX_HEADER + 4 * _BLOCK)
    source: _Source = GzipStream(data, max_bytes) if data.startswith(archive_gzip.MAGIC) else io.BytesIO(data)
    name, headers = "", 0
    while True:
        block = source.read(_BLOCK)
        if not block.strip(b"\0"):  # the end marker, or the end without one
            return
        size, flag = _header(block)
        if flag in _HEADERS:
            headers += 1
            if size > _MAX_HEADER or headers > 3 * max_entries(limits):
                raise SampleError("the tar holds an overlong header, or too many")
            text = _exactly(source, _padded(size))[:size]
            if flag in _LONG_NAME:
                name = _text(text)
            elif flag in _EXTENDED:
                name = _extended_name(text) or name
            continue
        name = name or _own_name(block)
        is_folder = flag in _FOLDER or (flag in _FILE and name.endswith("/"))
        if not is_folder and flag not in _FILE:
            raise SampleError("the archive holds a link or a device")
        member = _Member(source, size)
        yield Entry(name, is_folder, size, member.read)
        member.skip()
        name = ""


class _Member:
    """A member's bytes in the stream: `read` once, then `skip` to the next header."""

    def __init__(self, source: _Source, size: int) -> None:
        self._source, self._left, self._padding = source, size, _padded(size) - size

    def read(self, size: int) -> bytes:
        piece = _exactly(self._source, min(size, self._left))
        self._left -= len(piece)
        return piece

    def skip(self) -> None:
        left = self._left + self._padding
        while left > 0:
            left -= len(_exactly(self._source, min(left, 1 << 16)))


def _exactly(source: _Source, size: int) -> bytes:
    piece = source.read(size)
    if len(piece) != size:
        raise SampleError("the tar is cut short")
    return piece


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _header(block: bytes) -> tuple[int, bytes]:
    """(size of what follows in bytes, type flag) of a header block, its checksum verified."""
    if len(block) != _BLOCK:
        raise SampleError("the tar is cut short")
    try:
        stated = int(block[148:156].strip(b" \0") or b"0", 8)
        size = int(block[124:136].strip(b" \0") or b"0", 8)
    except ValueError:
        raise SampleError("the tar holds a damaged header") from None
    if stated != sum(block[:148]) + 8 * 32 + sum(block[156:]) or size < 0:
        raise SampleError("the tar holds a damaged header")
    flag = block[156:157]
    return (size if flag in _FILE + _HEADERS else 0), flag


def _own_name(block: bytes) -> str:
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    return "/".join(filter(None, (prefix, _text(block[:100]))))


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")


def _extended_name(text: bytes) -> str:
    """The path an extended header gives. Its records are "LENGTH KEY=VALUE\\n", the length that of the record."""
    name, at = "", 0
    while at < len(text):
        digits = text[at : at + 8].split(b" ", 1)[0]
        length = int(digits) if digits.isdigit() else 0
        key, equals, value = text[at + len(digits) + 1 : at + length - 1].partition(b"=")
        if not equals or not 4 < length <= len(text) - at:
            raise SampleError("the tar holds a damaged header")
        if key == b"size" or key.startswith(b"GNU.sparse"):
            raise SampleError("the tar holds a sparse or oversized file")
        if key == b"path":
            name = value.decode("utf-8", "replace")
        at += length
    return name
