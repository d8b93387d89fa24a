"""The entries of a zip, a tar or a tar.gz, read from memory; what a reader must not believe is checked here.

zipfile is used behind a check of the directory's bytes. The tar is read here, as tarfile reads extended headers and
sparse maps into memory whole, however long they are.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from faceVer.domain.errors import SampleError
from faceVer.media.limits import MediaLimits

_BLOCK = 512
_FEED = 16_384  # bytes given to the decompressor at a time
_MOST_HEADER = 8192  # bytes of an extended tar header or a long name
_REGULAR, _FOLDER, _LONG_NAME, _LONG_LINK, _EXTENDED, _GLOBAL = b"0\x007", b"5", b"L", b"K", b"xX", b"g"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as the archive has it. kind: "file", "folder", or what makes it unacceptable. size: bytes, as claimed.

    read: gives at most so many of its first bytes; of a tar only until the next entry is asked for.
    """

    name: str
    kind: str
    size: int
    read: Callable[[int], bytes]


def most_entries(limits: MediaLimits) -> int:
    """Folders and what macOS adds (a resource fork for each file) come on top of the pictures."""
    return 3 * limits.max_members + 16


def zip_entries(data: bytes, limits: MediaLimits) -> Iterator[Entry]:
    """The entries of a zip, in its directory's order. Raises SampleError, or what zipfile raises on broken bytes."""
    _check_directory(data, limits)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        _check_overlap(infos, archive.start_dir)
        for info in infos:
            yield Entry(info.orig_filename, _zip_kind(info), info.file_size, _zip_reader(archive, info))


def _check_directory(data: bytes, limits: MediaLimits) -> None:
    """Count the entries before zipfile makes an object of each: the directory's own count may lie, its bytes cannot."""
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - 65_558))
    if end < 0 or len(data) < end + 22:
        raise SampleError("the zip's directory is missing")
    if data[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        raise SampleError("the zip is in ZIP64 form, which no upload needs")
    disks, count, size = struct.unpack("<4xI2xHI", data[end : end + 16])
    if disks or count > most_entries(limits):
        raise SampleError(f"the zip claims {count} entries" if count else "the zip is in parts")
    at, found = end - size, 0
    while 0 <= at < end:
        found += 1
        if found > most_entries(limits):
            raise SampleError("the zip has too many entries")
        at += 46 + sum(struct.unpack_from("<HHH", data, at + 28))
    if at != end or found != count:
        raise SampleError("the zip's directory does not match its own size")


def _check_overlap(infos: list[zipfile.ZipInfo], directory: int) -> None:
    at = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < at:
            raise SampleError("members of the zip share bytes")
        at = info.header_offset + 30 + info.compress_size
    if at > directory:
        raise SampleError("a member of the zip reaches into its directory")


def _zip_kind(info: zipfile.ZipInfo) -> str:
    form = stat.S_IFMT(info.external_attr >> 16)
    if info.flag_bits & 0x2041:
        return "an encrypted member"
    if form and not (stat.S_ISREG(form) or stat.S_ISDIR(form)):
        return "a link or a device"
    if info.is_dir():
        return "folder"
    # The other methods expand without a bound on a step, or allocate what their header says.
    return "file" if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) else "an unusual compression"


def _zip_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[int], bytes]:
    def read(limit: int) -> bytes:
        with archive.open(info) as stream:
            return stream.read(limit)

    return read


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Expanded:
    """A gzip stream that ends with SampleError once more than `most` bytes came out of it; holds a buffer only.

    Only its first member is read: a file of thousands of empty ones would cost seconds.
    """

    def __init__(self, data: bytes, most: int) -> None:
        self._packed = io.BytesIO(data)
        self._inflate = zlib.decompressobj(wbits=31)
        self._left = most

    def read(self, size: int, /) -> bytes:
        chunks = []
        while size > 0 and not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._packed.read(_FEED)
            chunk = self._inflate.decompress(packed, size)
            if not packed and not chunk:
                raise SampleError("the gzip stream is cut short")
            chunks.append(chunk)
            size -= len(chunk)
            self._left -= len(chunk)
            if self._left < 0:
                raise SampleError("the archive expands to more bytes than allowed")
        return b"".join(chunks)


def tar_entries(data: bytes, limits: MediaLimits) -> Iterator[Entry]:
    """The entries of a tar or tar.gz, in its own order. Raises SampleError, or what gzip raises on broken bytes."""
    # Headers and padding come on top of the members' bytes.
    most = limits.max_expanded_bytes + most_entries(limits) * (_MOST_HEADER + 4 * _BLOCK)
    source: _Source = _Expanded(data, most) if data.startswith(b"\x1f\x8b") else io.BytesIO(data)
    name, headers = "", 0
    while True:
        block = source.read(_BLOCK)
        if not block.strip(b"\0"):  # the mark of the end, or the end without one
            return
        size, form = _tar_header(block)
        if form in _LONG_NAME + _LONG_LINK + _EXTENDED + _GLOBAL:
            headers += 1
            if size > _MOST_HEADER or headers > 3 * most_entries(limits):
                raise SampleError("the tar holds an overlong header, or too many")
            text = _exactly(source, _padded(size))[:size]
            if form in _LONG_NAME:
                name = _text(text)
            elif form in _EXTENDED:
                name = _extended_name(text) or name
            continue
        name = name or _own_name(block)
        member = _Slice(source, size)
        yield Entry(name, _tar_kind(name, form), size, member.read)
        member.skip()
        name = ""


def _tar_kind(name: str, form: bytes) -> str:
    if form in _FOLDER or (form in _REGULAR and name.endswith("/")):
        return "folder"
    return "file" if form in _REGULAR else "a link or a device"


class _Slice:
    """A member's bytes in the stream: `read` once, then `skip` to the next header."""

    def __init__(self, source: _Source, size: int) -> None:
        self._source, self._left, self._padding = source, size, _padded(size) - size

    def read(self, limit: int) -> bytes:
        chunk = _exactly(self._source, min(limit, self._left))
        self._left -= len(chunk)
        return chunk

    def skip(self) -> None:
        left = self._left + self._padding
        while left > 0:
            left -= len(_exactly(self._source, min(left, 1 << 16)))


def _exactly(source: _Source, size: int) -> bytes:
    chunk = source.read(size)
    if len(chunk) != size:
        raise SampleError("the tar is cut short")
    return chunk


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _tar_header(block: bytes) -> tuple[int, bytes]:
    """(size in bytes, type) of a header block, its checksum verified."""
    if len(block) != _BLOCK:
        raise SampleError("the tar is cut short")
    try:
        stated = int(block[148:156].strip(b" \0") or b"0", 8)
        size = int(block[124:136].strip(b" \0") or b"0", 8)
    except ValueError:
        raise SampleError("the tar holds a broken header") from None
    if stated != sum(block[:148]) + 8 * 32 + sum(block[156:]) or size < 0:
        raise SampleError("the tar holds a broken header")
    form = block[156:157]
    return (size if form in _REGULAR or form in _LONG_NAME + _LONG_LINK + _EXTENDED + _GLOBAL else 0), form


def _own_name(block: bytes) -> str:
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    return "/".join(filter(None, (prefix, _text(block[:100]))))


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")


def _extended_name(text: bytes) -> str:
    """The path an extended header gives. Its records are "LENGTH KEY=VALUE\\n", the length that of all of it."""
    name, at = "", 0
    while at < len(text):
        digits = text[at : at + 8].split(b" ", 1)[0]
        length = int(digits) if digits.isdigit() else 0
        key, mark, value = text[at + len(digits) + 1 : at + length - 1].partition(b"=")
        if not mark or not 4 < length <= len(text) - at:
            raise SampleError("the tar holds a broken header")
        if key == b"size" or key.startswith(b"GNU.sparse"):
            raise SampleError("the tar holds a sparse or oversized file")
        if key == b"path":
            name = value.decode("utf-8", "replace")
        at += length
    return name
