"""Pillow's image modes to RGB: gray, palette, CMYK, 16 and 32 bits, alpha."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

_WITH_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")


def to_rgb(picture: Pil.Image, factor: int) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB, alpha laid over white, the sides divided by `factor`.

    The image is reduced first, so that few large copies are made.
    """
    if picture.mode.startswith("I;16"):
        gray = (np.asarray(picture) >> 8).astype(np.uint8)  # Pillow cannot reduce this mode
        if factor > 1:
            size = max(1, gray.shape[1] // factor), max(1, gray.shape[0] // factor)
            gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        return _repeated(gray)
    if picture.mode in ("I", "F"):
        return _repeated(_gray(np.asarray(picture.reduce(factor))))
    has_alpha = picture.mode in _WITH_ALPHA or "transparency" in picture.info
    if has_alpha and picture.mode not in ("RGBA", "LA"):
        picture = picture.convert("RGBA")
    elif picture.mode not in ("RGB", "RGBA", "L", "LA", "CMYK"):
        picture = picture.convert("RGB")
    if factor > 1:
        picture = picture.reduce(factor)
    if has_alpha:
        layer = picture.convert("RGBA")
        white = Pil.new("RGBA", layer.size, (255, 255, 255, 255))
        picture = Pil.alpha_composite(white, layer)
    return np.asarray(picture.convert("RGB"))


def _gray(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """One channel of 32-bit integers or floats as (H, W) uint8; the range is inferred from the values."""
    numbers = np.nan_to_num(values.astype(np.float32), posinf=0, neginf=0)
    top = float(numbers.max(initial=0))
    if values.dtype.kind == "f":
        numbers *= np.float32(255.0 if top <= 1 else 1.0)
    else:
        numbers *= np.float32(1 / 257 if top > 255 else 1.0)
    gray: NDArray[np.uint8] = np.clip(numbers + np.float32(0.5), 0, 255).astype(np.uint8)
    return gray


def _repeated(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(gray[:, :, None], 3, axis=2)
