"""Image files (JPEG, PNG, WebP, BMP, TIFF, GIF, HEIF, AVIF) to pixels. Limits are checked on the header first."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable

import numpy as np
import pillow_heif
import simplejpeg
from numpy.typing import NDArray
from PIL import AvifImagePlugin
from PIL import Image as Pil
from PIL.TiffImagePlugin import TiffImageFile

from faceVer.domain.errors import SampleError, TooLargeError
from faceVer.domain.values import Image
from faceVer.media.image_colour import codes_to_srgb, profile_to_srgb
from faceVer.media.image_cost import check_cost, check_size, check_webp_size
from faceVer.media.image_modes import to_rgb
from faceVer.media.image_png import without_extras
from faceVer.media.image_tiff import correct_byte_order, correct_plugin
from faceVer.media.jpeg_end import with_end
from faceVer.media.limits import PixelBudget
from faceVer.media.native_logs import silence_libtiff
from faceVer.observability.shortage import check_memory, is_limited

# Pillow warns of odd images: a log line each, and Python keeps every different warning forever.
warnings.filterwarnings("ignore", module=r"PIL\.")
silence_libtiff()
correct_plugin()
pillow_heif.register_heif_opener(thumbnails=False)
Pil.init()
# A request has one thread. For lack of memory a thread that a decoder starts would end the process, too: glibc aborts
# without its thread-local data.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
pillow_heif.options.DECODE_THREADS = 1
# The limit is a setting, checked below; Pillow's own is a process-wide warning.
Pil.MAX_IMAGE_PIXELS = None

FORMATS = tuple(
    # AVIF first, which leaves files of the shared brand `mif1` that are not AVIF to HEIF; the reverse does not hold.
    name
    for name in ("JPEG", "MPO", "PNG", "WEBP", "BMP", "DIB", "TIFF", "GIF", "AVIF", "HEIF")
    if name in Pil.OPEN
)
WORKING_SIDE = 1920
"""Images of twice as many pixels or more on the longer side are reduced to a half, a third … of their size (a JPEG is
even decoded so, for a fraction of the time): no later step uses more. Detection uses at most `detection_size_fine`,
recognition a 112-pixel crop of the face."""
ORIENTATION = 0x0112
"""The EXIF tag."""

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


def decode(data: bytes, *, max_pixels: int, budget: PixelBudget | None = None, memory: int | None = None) -> Image:
    """The image in `data`: (H, W, 3) uint8 RGB, upright, alpha laid over white, the first frame of an animation.

    If its longer side has 3840 pixels or more, it is reduced to a half, a third … of its size. Raises SampleError on
    anything that is not a complete image of at most `max_pixels` pixels, TooLargeError if `budget` has not enough
    pixels left, MemoryError if decoding would take more than `memory` bytes, or the process has too little to tell.
    """
    return decode_down(data, WORKING_SIDE, max_pixels=max_pixels, budget=budget, memory=memory)[0]


def decode_down(
    data: bytes, side: int, *, max_pixels: int, budget: PixelBudget | None = None, memory: int | None = None
) -> tuple[Image, tuple[int, int]]:
    """(the image as `decode` gives it, its height and width in the file, upright). If its longer side has `2 * side`
    pixels or more, it is reduced, to `side` pixels or more. Raises SampleError, TooLargeError, MemoryError."""
    if not data:
        raise SampleError("the sample is empty")
    try:
        return _decode_down(data, side, max_pixels, budget, memory)
    except SampleError as error:
        if error.__cause__ is None or memory is not None or not is_limited():
            raise
    # Another thread may have had the memory that this one lacked, and have released it before anybody looked.
    return _decode_down(data, side, max_pixels, None, None)


def _decode_down(
    data: bytes, side: int, max_pixels: int, budget: PixelBudget | None, memory: int | None
) -> tuple[Image, tuple[int, int]]:
    check_webp_size(data, max_pixels, memory)
    size = 0, 0
    try:
        with Pil.open(io.BytesIO(data), formats=FORMATS) as picture:
            check_size(*picture.size, max_pixels)
            size = picture.size
            check_cost(*size, picture.format, memory)
            if picture.format == "HEIF":
                check_memory(size[0] * size[1])  # a thread of libde265 that gets none ends the process
            _reduce(picture, side)
            if budget is not None:
                budget.spend(picture.width * picture.height)
            pixels = _pixels(picture, data, side)
            orientation = _orientation(picture)
    except (SampleError, TooLargeError, MemoryError):
        raise
    except Exception as error:  # the decoders raise OSError, ValueError, SyntaxError and more on damaged bytes
        check_memory(size[0] * size[1])
        if plain := without_extras(data):
            return _decode_down(plain, side, max_pixels, None, memory)
        raise SampleError(f"not a readable picture ({type(error).__name__})") from error
    turn = _UPRIGHT.get(orientation)
    upright_size = size if orientation in _SIDEWAYS else size[::-1]
    return np.ascontiguousarray(turn(pixels) if turn else pixels), upright_size


def _reduce(picture: Pil.Image, side: int) -> None:
    """Have a JPEG decoded at the size that `decode_down` says, or at one nearer to it; no effect on other formats."""
    longest = max(picture.size)
    if longest >= 2 * side:
        picture.draft(None, (picture.width * side // longest, picture.height * side // longest))


def _pixels(picture: Pil.Image, data: bytes, side: int) -> NDArray[np.uint8]:
    """The pixels of an opened image, not turned, reduced as `decode_down` says. Raises what Pillow raises."""
    factor = max(1, max(picture.size) // side)
    if isinstance(picture, TiffImageFile):
        correct_byte_order(picture)
    pixels = _decode_jpeg(picture, data) if factor == 1 else None
    if pixels is None:
        try:
            picture.load()
        except OSError:
            if picture.format not in ("JPEG", "MPO") or (completed := with_end(data, picture.size)) is None:
                raise
            with Pil.open(io.BytesIO(completed), formats=FORMATS) as whole:
                _reduce(whole, side)
                return _pixels(whole, completed, side)
        pixels = to_rgb(picture, factor)
    return codes_to_srgb(picture, pixels, data)


def _decode_jpeg(picture: Pil.Image, data: bytes) -> NDArray[np.uint8] | None:
    """The pixels of a JPEG at the size Pillow has chosen for it; None: Pillow must decode it.

    The same bits as Pillow's (both use libjpeg-turbo) in half the time: no copies between pixel layouts.
    """
    profile = picture.info.get("icc_profile")
    if picture.format not in ("JPEG", "MPO") or picture.mode not in (("RGB",) if profile else ("RGB", "L")):
        return None
    width, height = picture.size
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB", min_height=height, min_width=width)
    except ValueError:  # damaged, perhaps harmlessly: Pillow decides
        return None
    if pixels.shape != (height, width, 3):
        return None
    return np.asarray(profile_to_srgb(Pil.fromarray(pixels), profile)) if profile else pixels


def _orientation(picture: Pil.Image) -> int:
    try:
        value = picture.getexif().get(ORIENTATION, 1)
        return value if isinstance(value, int) else 1
    except MemoryError:
        raise
    except Exception:  # damaged EXIF data is common and no reason to reject the pixels
        return 1
