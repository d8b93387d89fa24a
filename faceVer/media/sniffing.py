"""The kind of an uploaded file, identified by its first bytes and never by its label."""

from __future__ import annotations

import re
from typing import Literal

from faceVer.domain.errors import SampleError

Kind = Literal["image", "video", "archive"]

_BYTES = 4096
"""Of a file, which are read to identify it."""
_IMAGE_STARTS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif", b"GIF89a": "image/gif",
    b"II*\x00": "image/tiff", b"MM\x00*": "image/tiff", b"II+\x00": "image/tiff", b"MM\x00+": "image/tiff",
}  # fmt: skip
_IMAGE_BRANDS = {
    b"avif": "image/avif", b"avis": "image/avif",
    b"heic": "image/heic", b"heix": "image/heic", b"heim": "image/heic", b"heis": "image/heic",
    b"hevc": "image/heic", b"hevx": "image/heic", b"hevm": "image/heic", b"hevs": "image/heic",
    b"mif1": "image/heif", b"mif2": "image/heif", b"msf1": "image/heif", b"miaf": "image/heif",
}  # fmt: skip
_ARCHIVE_STARTS = {
    b"PK\x03\x04": "application/zip", b"PK\x05\x06": "application/zip", b"PK\x07\x08": "application/zip",
    b"\x1f\x8b": "application/gzip",
}  # fmt: skip
_UNSUPPORTED_STARTS = {
    b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7-Zip archive", b"BZh": "a bzip2 archive", b"\xfd7zX": "an xz archive",
    b"%PDF": "a PDF document", b"OggS": "an Ogg stream", b"FLV": "a Flash video",
}  # fmt: skip
_BMP_HEADER_SIZES = (12, 16, 40, 52, 56, 64, 108, 124)
_QUICKTIME_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def identify(data: bytes) -> tuple[Kind, str]:
    """(kind, MIME type) of a file. Raises SampleError if it is none of the three kinds."""
    head = data[:_BYTES]
    if mime := _image(head):
        return "image", mime
    if mime := _video(head):
        return "video", mime
    if mime := _archive(head):
        return "archive", mime
    if not head:
        raise SampleError("the sample is empty")
    raise SampleError(f"the sample is {_by_start(head, _UNSUPPORTED_STARTS) or 'of no known kind'}")


def _by_start(head: bytes, names: dict[bytes, str]) -> str:
    return next((name for start, name in names.items() if head.startswith(start)), "")


def _image(head: bytes) -> str:
    if mime := _by_start(head, _IMAGE_STARTS):
        return mime
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "image/bmp"
    return _IMAGE_BRANDS.get(head[8:12], "") if head[4:8] == b"ftyp" else ""


def _video(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "video/quicktime" if brand == b"qt  " else "video/3gpp" if brand[:2] == b"3g" else "video/mp4"
    if head[4:8] in _QUICKTIME_BOXES:
        return "video/quicktime"
    if head.startswith(b"\x1aE\xdf\xa3"):
        # the DocType element (0x4282) of the EBML header
        return "video/webm" if re.search(rb"\x42\x82.webm", head[:64], re.DOTALL) else "video/x-matroska"
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"AVIX"):
        return "video/x-msvideo"
    return ""


def _archive(head: bytes) -> str:
    if mime := _by_start(head, _ARCHIVE_STARTS):
        return mime
    return "application/x-tar" if head[257:262] == b"ustar" or _is_old_tar(head) else ""


def _is_old_tar(head: bytes) -> bool:
    """A v7 tar has no magic number. Its first header's checksum, octal at 148 and itself counted as blanks, is it."""
    if len(head) < 512 or not head[0]:
        return False
    try:
        stated = int(head[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return stated == sum(head[:148]) + 8 * 32 + sum(head[156:512])
