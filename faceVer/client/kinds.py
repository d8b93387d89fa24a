"""What bytes are, told from their beginning: pure functions."""

from __future__ import annotations

HEAD = 512
"""Bytes of a file that are looked at."""
TEMPLATE_MAGIC = b"FVTP"
"""How FaceVer's templates begin (docs/template-format.md). Other products' begin otherwise."""
OCTETS = "application/octet-stream"
SOME_IMAGE = "image/jpeg"
"""The label of an image of no known kind: the server judges the bytes, but wants one of its types."""

_IMAGES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", SOME_IMAGE),  # decoded by FaceVer, but not under its own label
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
)
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_HEIF = (b"mif1", b"mif2", b"msf1", b"miaf")
_AVIF = (b"avif", b"avis")
_ARCHIVES = ((b"PK", "application/zip"), (b"\x1f\x8b", "application/gzip"))
_MOV_FIRST = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def image_type(head: bytes) -> str:
    """The Content-Type to send an image of that beginning under; "" if it is of no known kind."""
    for magic, name in _IMAGES:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "image/bmp"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "image/heic" if brand in _HEIC else "image/heif" if brand in _HEIF else SOME_IMAGE * (brand in _AVIF)
    return ""


def medium_type(head: bytes) -> str:
    """The Content-Type of an image, a video or an archive; of anything else `OCTETS`."""
    image = image_type(head)
    if image:
        return image
    for magic, name in _ARCHIVES:
        if head.startswith(magic):
            return name
    if head[257:262] == b"ustar":
        return "application/x-tar"
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    if head[4:8] in _MOV_FIRST:
        return "video/quicktime"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"AVIX"):
        return "video/x-msvideo"
    return OCTETS


def is_template(head: bytes) -> bool:
    """Whether bytes that are an image or a template are a template: by its magic, or since they are no known image."""
    return head.startswith(TEMPLATE_MAGIC) or not image_type(head)
