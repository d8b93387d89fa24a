"""The entries of a zip. zipfile reads it, after a check of the directory's bytes that zipfile would believe."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence

from faceVer.domain.errors import SampleError
from faceVer.media.archive_entry import Entry, max_entries
from faceVer.media.limits import MediaLimits

_DIRECTORY_END = b"PK\x05\x06"
# ZIP64, as programs that write to a pipe use it for files of any size: end record and locator, then the usual end.
_END_64, _LOCATOR_64 = struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_UTF_8 = 0x800
_MAX_END = 22 + 65_535
"""Bytes of the end record with its longest comment."""
_ENCRYPTED = 0x2041  # flags: encrypted, strongly encrypted, encrypted directory
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The other methods expand without a limit on a step, or allocate what their header says."""


def zip_entries(data: bytes, limits: MediaLimits) -> Iterator[Entry]:
    """The entries in the directory's order. Raises SampleError, or what zipfile raises on damaged bytes."""
    _check_directory(data, limits)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        _check_overlap(infos, archive.start_dir)
        for info in infos:
            _check_kind(info)
            name = _name(info)
            # .NET of old writes the separators of Windows.
            yield Entry(name, name.endswith(("/", "\\")), info.file_size, _reader(archive, info))


def _check_directory(data: bytes, limits: MediaLimits) -> None:
    """Count the entries before zipfile makes an object of each. The count stated may be wrong, the bytes cannot."""
    end, disks, stated, size = _directory_end(data)
    if disks:
        raise SampleError("the zip is in parts")
    if stated > max_entries(limits):
        raise SampleError(f"the zip claims {stated} entries")
    at, count = end - size, 0
    while 0 <= at < end:
        count += 1
        if count > max_entries(limits):
            raise SampleError("the zip has too many entries")
        at += 46 + sum(struct.unpack_from("<HHH", data, at + 28))
    if at != end or count != stated:
        raise SampleError("the zip's directory does not match its own size")


def _directory_end(data: bytes) -> tuple[int, int, int, int]:
    """(where the directory ends, numbers of other disks, entries stated, bytes of the directory). Raises SampleError.

    Of ZIP64's records, zipfile believes those right before the usual one; they must say that they are there.
    """
    end = data.rfind(_DIRECTORY_END, max(0, len(data) - _MAX_END - 1))
    if end < 0 or len(data) < end + 22:
        raise SampleError("the zip's directory is missing")
    disks, stated, size = struct.unpack("<4xI2xHI", data[end : end + 16])
    start = end - _LOCATOR_64.size - _END_64.size
    if not data[max(0, end - _LOCATOR_64.size) : end].startswith(b"PK\x06\x07"):
        return end, disks, stated, size
    _, disk, at, count = _LOCATOR_64.unpack_from(data, end - _LOCATOR_64.size)
    if start < 0 or at != start or not data.startswith(b"PK\x06\x06", start):
        raise SampleError("the zip's ZIP64 record is not where it should be")
    *_, first, second, _, stated, size, _ = _END_64.unpack_from(data, start)
    return start, disk or first or second or count > 1, stated, size


def _name(info: zipfile.ZipInfo) -> str:
    """A member's name. One that is not marked as UTF-8 may be all the same, or is as Windows writes Cyrillic."""
    if info.flag_bits & _UTF_8 or info.orig_filename.isascii():
        return info.orig_filename
    raw = info.orig_filename.encode("cp437")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp866")


def _check_overlap(infos: Sequence[zipfile.ZipInfo], directory: int) -> None:
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise SampleError("members of the zip share bytes")
        end = info.header_offset + 30 + info.compress_size
    if end > directory:
        raise SampleError("a member of the zip reaches into its directory")


def _check_kind(info: zipfile.ZipInfo) -> None:
    mode = stat.S_IFMT(info.external_attr >> 16)
    if info.flag_bits & _ENCRYPTED:
        raise SampleError("the archive holds an encrypted member")
    # Info-ZIP marks what it read from a pipe as one.
    if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISFIFO(mode)):
        raise SampleError("the archive holds a link or a device")
    if not info.is_dir() and info.compress_type not in _METHODS:
        raise SampleError("the archive holds a member of an unusual compression")


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[int], bytes]:
    def read(size: int) -> bytes:
        with archive.open(info) as stream:
            return stream.read(size)

    return read
