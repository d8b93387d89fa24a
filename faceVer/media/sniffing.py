"""What a medium is, told from its first bytes and never from its label."""

from __future__ import annotations

import re
from typing import Literal

from faceVer.domain.errors import SampleError

Kind = Literal["image", "video", "archive"]

_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_IMAGE_BRANDS = {
    b"avif": "image/avif", b"avis": "image/avif",
    b"heic": "image/heic", b"heix": "image/heic", b"heim": "image/heic", b"heis": "image/heic",
    b"hevc": "image/heic", b"hevx": "image/heic", b"hevm": "image/heic", b"hevs": "image/heic",
    b"mif1": "image/heif", b"mif2": "image/heif", b"msf1": "image/heif", b"miaf": "image/heif",
}  # fmt: skip
_MOV_FIRST = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_FOREIGN = {
    b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7-Zip archive", b"BZh": "a bzip2 archive", b"\xfd7zX": "an xz archive",
    b"%PDF": "a PDF document", b"OggS": "an Ogg stream", b"FLV": "a Flash video",
}  # fmt: skip


def identify(data: bytes) -> tuple[Kind, str]:
    """(kind, MIME type) of a medium; only the first 4 KiB are looked at. Raises SampleError."""
    head = data[:4096]
    image = _image(head)
    if image:
        return "image", image
    video = _video(head)
    if video:
        return "video", video
    archive = _archive(head)
    if archive:
        return "archive", archive
    if not head:
        raise SampleError("the sample is empty")
    known = next((name for magic, name in _FOREIGN.items() if head.startswith(magic)), "of no known kind")
    raise SampleError(f"the sample is {known}")


def _image(head: bytes) -> str:
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(_TIFF):
        return "image/tiff"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "image/bmp"
    if head[4:8] == b"ftyp":
        return _IMAGE_BRANDS.get(head[8:12], "")
    return ""


def _video(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "video/quicktime" if brand == b"qt  " else "video/3gpp" if brand[:2] == b"3g" else "video/mp4"
    if head[4:8] in _MOV_FIRST:
        return "video/quicktime"
    if head.startswith(b"\x1aE\xdf\xa3"):
        # the DocType element (0x4282) of the EBML header
        return "video/webm" if re.search(rb"\x42\x82.webm", head[:64], re.DOTALL) else "video/x-matroska"
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"AVIX"):
        return "video/x-msvideo"
    return ""


def _archive(head: bytes) -> str:
    if head.startswith(_ZIP):
        return "application/zip"
    if head.startswith(b"\x1f\x8b"):
        return "application/gzip"
    if head[257:262] == b"ustar" or _is_old_tar(head):
        return "application/x-tar"
    return ""


def _is_old_tar(head: bytes) -> bool:
    """A v7 tar has no magic; its first header's checksum (octal at 148, itself counted as blanks) tells it."""
    if len(head) < 512 or not head[0]:
        return False
    try:
        stated = int(head[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return stated == sum(head[:148]) + 8 * 32 + sum(head[156:512])
