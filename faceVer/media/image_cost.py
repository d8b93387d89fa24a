"""What an image costs to decode, read from its headers before a pixel is decoded."""

from __future__ import annotations

import struct

from faceVer.domain.errors import SampleError
from faceVer.media.limits import require_memory
from faceVer.observability.shortage import PIXEL

MOST_PIXEL_BYTES = PIXEL
"""Of a pixel while WebP is decoded, measured: docs/deployment.md, Memory."""
_PIXEL_BYTES = {"WEBP": MOST_PIXEL_BYTES}
_OTHER_PIXEL_BYTES = 8


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raises SampleError."""
    if width < 1 or height < 1 or width * height > max_pixels:
        raise SampleError(f"a picture of {width}x{height} pixels; at most {max_pixels} are allowed")


def check_cost(width: int, height: int, format_name: str | None, memory: int | None) -> None:
    """Raises MemoryError if the pixels would take more than `memory` bytes."""
    require_memory(width * height * _PIXEL_BYTES.get(format_name or "", _OTHER_PIXEL_BYTES), memory)


def check_webp_size(data: bytes, max_pixels: int, memory: int | None) -> None:
    """Pillow's WebP reader allocates the canvas before it reports the size: read it here.

    Raises SampleError, MemoryError.
    """
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
    check_cost(width, height, "WEBP", memory)
