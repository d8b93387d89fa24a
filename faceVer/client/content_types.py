"""The Content-Type of a file, from its first bytes. The client cannot import the server's own detection."""

from __future__ import annotations

import re
from collections.abc import Mapping

HEAD_SIZE = 512
"""First bytes of a file that are inspected."""
TEMPLATE_MAGIC = b"FVTP"
"""First bytes of FaceVer's templates (docs/template-format.md). Templates of other products begin differently."""
OCTET_STREAM = "application/octet-stream"
_UNKNOWN_IMAGE = "image/jpeg"
"""Label of an image of unknown type. The server reads the bytes, but accepts its own image types only."""

# GIF is decoded by FaceVer, but not accepted under its own label. AVIF goes under HEIF's, as earlier servers need.
_IMAGES = {
    "image/jpeg": rb"\xff\xd8\xff|GIF8",
    "image/png": rb"\x89PNG\r\n\x1a\n",
    "image/tiff": rb"II[*+]\x00|MM\x00[*+]",
    "image/webp": rb"RIFF.{4}WEBP",
    "image/bmp": rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00",
    "image/heic": rb".{4}ftyp(hei[cxms]|hev[cxms])",
    "image/heif": rb".{4}ftyp(mif[12]|msf1|miaf|avi[fs])",
}
_MEDIA = _IMAGES | {
    "application/zip": rb"PK",
    "application/gzip": rb"\x1f\x8b",
    "application/x-tar": rb".{257}ustar",
    "video/quicktime": rb".{4}(ftypqt  |moov|mdat|wide|free|skip|pnot)",
    "video/mp4": rb".{4}ftyp",
    "video/webm": rb"\x1aE\xdf\xa3.{,56}webm",
    "video/x-matroska": rb"\x1aE\xdf\xa3",
    "video/x-msvideo": rb"RIFF.{4}AVI[ X]",
}


def image_type(head: bytes) -> str:
    """The Content-Type of an image that begins with `head`; "" if it is of no known type."""
    return _first_match(_IMAGES, head)


def sample_type(head: bytes) -> str:
    """The Content-Type to send an image under that begins with `head`."""
    return image_type(head) or _UNKNOWN_IMAGE


def media_type(head: bytes) -> str:
    """The Content-Type to send an image, a video or an archive under that begins with `head`."""
    return _first_match(_MEDIA, head) or OCTET_STREAM


def is_template(head: bytes) -> bool:
    """Whether a file that is an image or a template is a template: by its magic, or as no known type of image."""
    return head.startswith(TEMPLATE_MAGIC) or not image_type(head)


def _first_match(patterns: Mapping[str, bytes], head: bytes) -> str:
    return next((name for name, pattern in patterns.items() if re.match(pattern, head, re.DOTALL)), "")
