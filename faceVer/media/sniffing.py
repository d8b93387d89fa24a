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
_CONTAINER = "image/heif"
"""Of a brand that names no coding: the compatible brands do."""
_ARCHIVE_STARTS = {
    b"PK\x03\x04": "application/zip", b"PK\x05\x06": "application/zip", b"PK\x07\x08": "application/zip",
    b"PK00PK\x03\x04": "application/zip",  # which could have become several
    b"\x1f\x8b": "application/gzip",
}  # fmt: skip
_UNSUPPORTED_STARTS = {
    b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7-Zip archive", b"BZh": "a bzip2 archive", b"\xfd7zX": "an xz archive",
    b"%PDF": "a PDF document", b"OggS": "an Ogg stream", b"FLV": "a Flash video",
}  # fmt: skip
_BMP_HEADER_SIZES = (12, 16, 40, 52, 56, 64, 108, 124)
# Boxes that the first of an MP4 or QuickTime file may be, as FFmpeg's demuxer knows them.
_QUICKTIME_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"udta", b"uuid", b"junk", b"pict", b"prfl",
                    b"styp")  # fmt: skip
_BEFORE_FILE_TYPE = (b"styp", b"free", b"skip", b"wide", b"uuid")
_MAX_BRANDS = 64


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
    major, *compatible = _brands(head, 0) or (b"",)
    mime = _IMAGE_BRANDS.get(major, "")
    if mime != _CONTAINER:
        return mime
    return next((coding for brand in compatible if (coding := _IMAGE_BRANDS.get(brand, mime)) != mime), mime)


def _brands(head: bytes, at: int) -> list[bytes]:
    """The major brand and the compatible ones of the file type box (`ftyp`) at a position, none if it is not there."""
    if head[at + 4 : at + 8] != b"ftyp":
        return []
    end = min(at + int.from_bytes(head[at : at + 4], "big"), at + 16 + 4 * _MAX_BRANDS)
    return [head[at + 8 : at + 12], *(head[brand : brand + 4] for brand in range(at + 16, end, 4))]


def _video(head: bytes) -> str:
    if brands := _brands(head, _file_type_at(head)):
        return "video/quicktime" if brands[0] == b"qt  " else "video/3gpp" if brands[0][:2] == b"3g" else "video/mp4"
    if head[4:8] in _QUICKTIME_BOXES:
        return "video/quicktime"
    if head.startswith(b"\x1aE\xdf\xa3"):
        # the DocType element (0x4282) of the EBML header
        return "video/webm" if re.search(rb"\x42\x82.webm", head[:64], re.DOTALL) else "video/x-matroska"
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"AVIX"):
        return "video/x-msvideo"
    return ""


def _file_type_at(head: bytes) -> int:
    """Where the first box is that need not precede the file type: segment types and unused space can."""
    at = 0
    while head[at + 4 : at + 8] in _BEFORE_FILE_TYPE and (size := int.from_bytes(head[at : at + 4], "big")) >= 8:
        at += size
    return at


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
