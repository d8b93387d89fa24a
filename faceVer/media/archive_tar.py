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
_MAX_NAME = 8192  # bytes
_MAX_HEADER, _MAX_HEADERS = 1 << 20, 8 << 20
"""Bytes of an extended header, which holds a file's extended attributes, and of all together."""
# Type flags of a header
_FILE, _FOLDER, _LONG_NAME, _LONG_LINK, _EXTENDED, _GLOBAL = b"0\x007", b"5", b"L", b"K", b"xX", b"g"
_LABEL = b"V"  # of the archive
_HEADERS = _LONG_NAME + _LONG_LINK + _EXTENDED + _GLOBAL + _LABEL


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


def tar_entries(data: bytes, limits: MediaLimits) -> Iterator[Entry]:
    """The entries in the archive's order. Raises SampleError, or zlib.error on damaged bytes."""
    # Headers and padding come on top of the members' bytes.
    max_bytes = limits.max_expanded_bytes + _MAX_HEADERS + max_entries(limits) * (_MAX_NAME + 8 * _BLOCK)
    source: _Source = GzipStream(data, max_bytes) if data.startswith(archive_gzip.MAGIC) else io.BytesIO(data)
    name, own_size, headers, header_bytes = "", None, 0, 0
    while True:
        block = source.read(_BLOCK)
        if not block.strip(b"\0"):  # the end marker, or the end without one
            return
        size, flag = _header(block)
        if flag in _HEADERS:
            headers, header_bytes = headers + 1, header_bytes + size
            most = _MAX_HEADER if flag in _EXTENDED + _GLOBAL else _MAX_NAME
            if size > most or header_bytes > _MAX_HEADERS or headers > 3 * max_entries(limits):
                raise SampleError("the tar holds an overlong header, or too many")
            text = _exactly(source, _padded(size))[:size]
            if flag in _LONG_NAME:
                name = _text(text)
            elif flag in _EXTENDED:
                long_name, own_size = _extended(text)
                name = long_name or name
            continue
        name = name or _own_name(block)
        is_folder = flag in _FOLDER or (flag in _FILE and name.endswith("/"))
        if not is_folder and flag not in _FILE:
            raise SampleError("the archive holds a link or a device")
        size = size if own_size is None or is_folder else own_size
        member = _Member(source, size)
        yield Entry(name, is_folder, size, member.read)
        member.skip()
        name, own_size = "", None


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
    rest = block[:148] + 8 * b" " + block[156:]
    # Old programs add signed bytes.
    if stated not in (sum(rest), sum(rest) - 256 * sum(byte > 127 for byte in rest)) or size < 0:
        raise SampleError("the tar holds a damaged header")
    flag = block[156:157]
    return (size if flag in _FILE + _HEADERS else 0), flag


def _own_name(block: bytes) -> str:
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    return "/".join(filter(None, (prefix, _text(block[:100]))))


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")


def _extended(text: bytes) -> tuple[str, int | None]:
    """The path ("" if none) and the size that an extended header gives, in place of those of the header after it.

    Its records are "LENGTH KEY=VALUE\\n", the length that of the record.
    """
    name, size, at = "", None, 0
    while at < len(text):
        digits = text[at : at + 8].split(b" ", 1)[0]
        length = int(digits) if digits.isdigit() else 0
        key, equals, value = text[at + len(digits) + 1 : at + length - 1].partition(b"=")
        if not equals or not 4 < length <= len(text) - at:
            raise SampleError("the tar holds a damaged header")
        if key.startswith(b"GNU.sparse"):
            raise SampleError("the tar holds a sparse file")
        if key == b"path":
            if len(value) > _MAX_NAME:
                raise SampleError("the tar holds an overlong name")
            name = value.decode("utf-8", "replace")
        elif key == b"size":
            if not value.isdigit() or len(value) > 20:
                raise SampleError("the tar holds a damaged header")
            size = int(value)
        at += length
    return name, size
