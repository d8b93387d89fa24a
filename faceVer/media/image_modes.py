"""Pillow's image modes to RGB: gray, palette, CMYK, 16 and 32 bits, alpha."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from faceVer.media.image_colour import profile_to_srgb
from faceVer.media.image_tiff import is_white_zero, sample_bits

_ROWS = 64
_WITH_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")


def to_rgb(picture: Pil.Image, factor: int) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 sRGB, alpha laid over white, the sides divided by `factor`.

    The image is reduced first, so that few large copies are made.
    """
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I") or picture.mode == "F":
        gray = _gray(picture, factor)
        return _rgb(Pil.fromarray(255 - gray if is_white_zero(picture) else gray), profile)
    has_alpha = picture.mode in _WITH_ALPHA or "transparency" in picture.info
    if picture.format in ("BMP", "DIB") and has_alpha and picture.getextrema()[-1] == (0, 0):
        picture, has_alpha = picture.convert("RGB"), False  # the fourth byte means nothing, as programs often write it
    if picture.mode == "La":  # of which Pillow makes nothing else
        picture = picture.convert("LA")
    if has_alpha and picture.mode not in ("RGBA", "LA"):
        picture = picture.convert("RGBA")
    elif picture.mode not in ("RGB", "RGBA", "L", "LA", "CMYK"):
        picture = picture.convert("RGB")
    if factor > 1:
        picture = picture.reduce(factor)
    if has_alpha:
        layer = picture.convert("RGBA")
        white = Pil.new("RGBA", layer.size, (255, 255, 255, 255))
        picture = Pil.alpha_composite(white, layer).convert("L" if picture.mode == "LA" else "RGB")
    return _rgb(picture, profile)


def _rgb(picture: Pil.Image, profile: Any) -> NDArray[np.uint8]:
    return np.asarray(profile_to_srgb(picture, profile).convert("RGB"))


def _gray(picture: Pil.Image, factor: int) -> NDArray[np.uint8]:
    """One channel of 12 to 32 bits as (H, W) uint8. The range of floats and 32-bit integers is that of the values."""
    if picture.mode == "F":
        numbers = np.nan_to_num(np.asarray(picture.reduce(factor)), posinf=0, neginf=0)
        numbers = numbers * np.float32(255 if numbers.max(initial=0) <= 1 else 1) + np.float32(0.5)
        gray: NDArray[np.uint8] = np.clip(numbers, 0, 255).astype(np.uint8)
        return gray
    bits, signed = sample_bits(picture)
    if bits == 32:
        low, high = cast("tuple[int, int]", picture.getextrema())
        # Pillow has signed numbers only: large unsigned ones are negative.
        bits = 32 if high >= 1 << 16 or (low < 0 and not signed) else 16 if high >= 1 << 8 else 8
        shift = bits - 8 - (signed and bits == 32)
    else:
        shift = bits - 8 - signed
    gray = np.empty((picture.height, picture.width), np.uint8)
    for top in range(0, picture.height, _ROWS):  # as a whole it would take several times the memory
        rows = np.asarray(picture.crop((0, top, picture.width, min(top + _ROWS, picture.height))))
        if rows.dtype == np.int32 and not signed:
            rows = rows.view(np.uint32)
        gray[top : top + _ROWS] = np.clip(rows >> shift, 0, 255)
    if factor > 1:
        size = max(1, picture.width // factor), max(1, picture.height // factor)
        gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return gray
