"""What a decoding thread needs once: glibc ends a process that has no memory for a library's thread-local data."""

from __future__ import annotations

import io

from PIL import Image as Pil

from faceVer.media.image import FORMATS, decode

SIDE = 64


def warm_up() -> None:
    """Decode a small picture of each format on this thread."""
    for name in FORMATS:
        file = io.BytesIO()
        Pil.new("RGB", (SIDE, SIDE)).save(file, name)
        decode(file.getvalue(), max_pixels=SIDE * SIDE)
