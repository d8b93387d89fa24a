"""What an image would cost to decode, read from its headers before a pixel is decoded."""

from __future__ import annotations

import re
import struct

from PIL import Image as Pil
from PIL.TiffImagePlugin import TiffImageFile

from faceVer.domain.errors import SampleError

MAX_SCANS = 100
"""A progressive JPEG decodes all of its pixels once per scan. Encoders write about ten; thousands fit into a small
file."""
_TILE_WIDTH, _TILE_LENGTH = 322, 323  # TIFF tags
_SCAN, _END, _WITHOUT_LENGTH = b"\xda", b"\xd9", b"\x01\xd8"
# A marker, but not a stuffed zero or a restart marker, which stand within a scan's data.
_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])", re.DOTALL)


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raises SampleError."""
    if width < 1 or height < 1 or width * height > max_pixels:
        raise SampleError(f"a picture of {width}x{height} pixels; at most {max_pixels} are allowed")


def check_webp_size(data: bytes, max_pixels: int) -> None:
    """Pillow's WebP reader allocates the canvas before it reports the size: read it here. Raises SampleError."""
    kind = data[8:16] if data[:4] == b"RIFF" else b""
    if kind == b"WEBPVP8X" and len(data) >= 30:
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    elif kind == b"WEBPVP8 " and len(data) >= 30:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    elif kind == b"WEBPVP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        return
    check_size(width, height, max_pixels)


def check_cost(picture: Pil.Image, data: bytes, max_pixels: int) -> None:
    """Reject an opened image that costs more than its size tells: scans of a JPEG, tiles of a TIFF.

    Raises SampleError.
    """
    # The search is far quicker than the walk, and counts those of a trailer, such as a motion photo's video, too.
    if picture.format in ("JPEG", "MPO") and data.count(b"\xff" + _SCAN) > MAX_SCANS and _has_too_many_scans(data):
        raise SampleError(f"a JPEG of more than {MAX_SCANS} scans")
    if isinstance(picture, TiffImageFile) and _TILE_WIDTH in picture.tag_v2:
        check_size(int(picture.tag_v2[_TILE_WIDTH]), int(picture.tag_v2.get(_TILE_LENGTH, 0)), max_pixels)


def _has_too_many_scans(data: bytes) -> bool:
    """Walks the markers of a JPEG as libjpeg does, up to its end marker."""
    at = scans = 0
    while (marker := _MARKER.search(data, at)) and marker[1] != _END:
        at = marker.end()
        if marker[1] not in _WITHOUT_LENGTH:
            at += int.from_bytes(data[at : at + 2], "big")
        scans += marker[1] == _SCAN
        if scans > MAX_SCANS:
            return True
    return False
