"""Image bytes -> pixels. Every cap is checked on the header, before pixels are decoded."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable

import cv2
import numpy as np
import pillow_heif
import simplejpeg
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL.TiffImagePlugin import TiffImageFile

from faceVer.domain.errors import SampleError
from faceVer.domain.values import Image
from faceVer.media.limits import PixelBudget
from faceVer.media.native_logs import silence_libtiff

# Pillow warns of odd pictures: a line of the log each, and Python remembers every different warning for good.
warnings.filterwarnings("ignore", module=r"PIL\.")
silence_libtiff()
pillow_heif.register_heif_opener(thumbnails=False)
Pil.init()
# The cap is ours (a setting), checked below; Pillow's own is a process-wide warning.
Pil.MAX_IMAGE_PIXELS = None

FORMATS = tuple(
    name for name in ("JPEG", "MPO", "PNG", "WEBP", "BMP", "DIB", "TIFF", "GIF", "HEIF", "AVIF") if name in Pil.OPEN
)
# Pictures of twice this many pixels or more on the longer side are worked on at a half, a third … of their size (a JPEG
# is even decoded so, for a fraction of the time): no step that follows looks at more. Detection looks at
# `detection_size_fine` at most, recognition at a 112-pixel crop of the face.
WORKING_SIDE = 1920
# A progressive JPEG decodes its whole picture once per scan. Encoders write about ten; thousands fit into a small file.
MAX_SCANS = 100
TILE_WIDTH, TILE_LENGTH = 322, 323
ORIENTATION = 0x0112

# EXIF orientation -> what makes the stored pixels upright.
_UPRIGHT: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 3),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}
_SIDEWAYS = (5, 6, 7, 8)


def decode(data: bytes, *, max_pixels: int, budget: PixelBudget | None = None) -> Image:
    """The picture in `data`: (H, W, 3) uint8 RGB, upright, alpha laid over white, the first frame of an animation.

    Where its longer side has 3840 pixels or more it comes at a fraction (a half, a third …) of its size.
    Raises SampleError on anything that is not a whole picture of at most `max_pixels` pixels, or for which `budget`
    has no pixels left.
    """
    return decode_down(data, WORKING_SIDE, max_pixels=max_pixels, budget=budget)[0]


def decode_down(
    data: bytes, side: int, *, max_pixels: int, budget: PixelBudget | None = None
) -> tuple[Image, tuple[int, int]]:
    """(the picture as `decode` gives it, its own height and width), but where its longer side has `2 * side` pixels or
    more it comes at a fraction of its size, still with `side` pixels or more."""
    if not data:
        raise SampleError("the sample is empty")
    _check_webp(data, max_pixels)
    try:
        with Pil.open(io.BytesIO(data), formats=FORMATS) as picture:
            _check_size(*picture.size, max_pixels)
            size = picture.size
            _check_cost(picture, data, max_pixels)
            if budget is not None:
                budget.spend(picture.width * picture.height)
            longest = max(size)
            if longest >= 2 * side:  # JPEG only; a no-op for the others
                picture.draft(None, (picture.width * side // longest, picture.height * side // longest))
            factor = max(1, max(picture.size) // side)
            decoded = _jpeg(picture, data) if factor == 1 else None
            if decoded is None:
                picture.load()
                decoded = _rgb(picture, factor)
            pixels = decoded
            orientation = _orientation(picture)
    except SampleError:
        raise
    except Exception as error:  # the decoders raise OSError, ValueError, SyntaxError and more on bad bytes
        raise SampleError(f"not a readable picture ({type(error).__name__})") from error
    turn = _UPRIGHT.get(orientation)
    own = size if orientation in _SIDEWAYS else size[::-1]
    return np.ascontiguousarray(turn(pixels) if turn else pixels), own


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width < 1 or height < 1 or width * height > max_pixels:
        raise SampleError(f"a picture of {width}x{height} pixels; at most {max_pixels} are allowed")


def _check_cost(picture: Pil.Image, data: bytes, max_pixels: int) -> None:
    """Refuse what decodes at a cost that its size does not tell."""
    # In a JPEG's compressed data the two bytes of a marker cannot stand next to each other.
    if picture.format in ("JPEG", "MPO") and data.count(b"\xff\xda") > MAX_SCANS:
        raise SampleError(f"a JPEG of more than {MAX_SCANS} scans")
    if isinstance(picture, TiffImageFile) and TILE_WIDTH in picture.tag_v2:
        _check_size(int(picture.tag_v2[TILE_WIDTH]), int(picture.tag_v2.get(TILE_LENGTH, 0)), max_pixels)


def _check_webp(data: bytes, max_pixels: int) -> None:
    """Pillow's WebP opener allocates the whole canvas before it tells the size; read it from the header instead."""
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X" and len(data) >= 30:
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        _check_size(width, height, max_pixels)
    elif data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8 " and len(data) >= 30:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
        _check_size(width, height, max_pixels)
    elif data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        _check_size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, max_pixels)


def _jpeg(picture: Pil.Image, data: bytes) -> NDArray[np.uint8] | None:
    """The pixels of a JPEG at the size Pillow has chosen for it; None = Pillow must decode it.

    The same bits as Pillow's (both are libjpeg-turbo) in half the time: no copies between pixel layouts.
    """
    if picture.format not in ("JPEG", "MPO") or picture.mode not in ("RGB", "L"):
        return None
    width, height = picture.size
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB", min_height=height, min_width=width)
    except ValueError:  # damaged, perhaps harmlessly: Pillow decides
        return None
    return pixels if pixels.shape == (height, width, 3) else None


def _orientation(picture: Pil.Image) -> int:
    try:
        value = picture.getexif().get(ORIENTATION, 1)
        return value if isinstance(value, int) else 1
    except Exception:  # broken EXIF is common in the wild and is no reason to refuse the pixels
        return 1


def _rgb(picture: Pil.Image, factor: int) -> NDArray[np.uint8]:
    """(H, W, 3), the sides divided by `factor`; shrunk first, for few large copies."""
    if picture.mode.startswith("I;16"):
        gray = (np.asarray(picture) >> 8).astype(np.uint8)  # Pillow cannot reduce this mode
        shape = max(1, gray.shape[1] // factor), max(1, gray.shape[0] // factor)
        return _stacked(cv2.resize(gray, shape, interpolation=cv2.INTER_AREA) if factor > 1 else gray)
    if picture.mode in ("I", "F"):
        return _stacked(_gray(np.asarray(picture.reduce(factor))))
    clear = picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info
    if clear and picture.mode not in ("RGBA", "LA"):
        picture = picture.convert("RGBA")
    elif picture.mode not in ("RGB", "RGBA", "L", "LA", "CMYK"):
        picture = picture.convert("RGB")
    if factor > 1:
        picture = picture.reduce(factor)
    if clear:
        layer = picture.convert("RGBA")
        white = Pil.new("RGBA", layer.size, (255, 255, 255, 255))
        picture = Pil.alpha_composite(white, layer)
    return np.asarray(picture.convert("RGB"))


def _gray(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """One channel of 32-bit integers or floats as (H, W) uint8; the range is told from the values."""
    numbers = np.nan_to_num(values.astype(np.float32), posinf=0, neginf=0)
    top = float(numbers.max(initial=0))
    if values.dtype.kind == "f":
        numbers *= np.float32(255.0 if top <= 1 else 1.0)
    else:
        numbers *= np.float32(1 / 257 if top > 255 else 1.0)
    gray: NDArray[np.uint8] = np.clip(numbers + np.float32(0.5), 0, 255).astype(np.uint8)
    return gray


def _stacked(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(gray[:, :, None], 3, axis=2)
