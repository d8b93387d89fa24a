"""What a decoding thread needs once: glibc ends a process that has no memory for a library's thread-local data."""

from __future__ import annotations

import contextlib
import io

import cv2
import numpy as np
from PIL import Image as Pil

from faceVer.media.image import FORMATS, decode

SIDE = 64


def warm_up() -> None:
    """On this thread, decode a small picture of each format, and have C++ throw an exception."""
    with contextlib.suppress(cv2.error):
        cv2.resize(np.empty((0, 0), np.uint8), (1, 1))
    for name in FORMATS:
        file = io.BytesIO()
        Pil.new("RGB", (SIDE, SIDE)).save(file, name)
        decode(file.getvalue(), max_pixels=SIDE * SIDE)
