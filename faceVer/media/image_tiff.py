"""TIFF files whose pixels Pillow reads wrongly: what is set right before and after it decodes them."""

from __future__ import annotations

from PIL import Image as Pil
from PIL import TiffImagePlugin
from PIL.TiffImagePlugin import TiffImageFile

_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # tags
_WHITE_IS_ZERO = 0
_UNSIGNED = 1
# Raw modes of big-endian files, for which libtiff gives samples in the machine's order -> the ones that say so.
_NATIVE = {"I;16BS": "I;16NS", "I;32BS": "I;32NS", "F;32BF": "F;32NF"}


def correct_plugin() -> None:
    """Let libtiff read all TIFF files, and add forms that Pillow lacks: big-endian WhiteIsZero of 16 bits, CMYK with an
    alpha plane, which is ignored. For the whole process.

    Of files without compression, Pillow's own reader takes half of the bits of 16-bit planes, and ignores how YCbCr is
    subsampled.
    """
    TiffImagePlugin.READ_LIBTIFF = True
    TiffImagePlugin.OPEN_INFO[b"MM", 0, (1,), 1, (16,), ()] = ("I;16B", "I;16B")
    for order in (b"II", b"MM"):
        for alpha in (1, 2):
            TiffImagePlugin.OPEN_INFO[order, 5, (1,), 1, (8,) * 5, (alpha,)] = ("CMYK", "CMYKX")


def correct_byte_order(picture: TiffImageFile) -> None:
    """To be called before the pixels are decoded."""
    for index, tile in enumerate(picture.tile):
        if isinstance(tile.args, tuple) and tile.args[0] in _NATIVE:
            picture.tile[index] = tile._replace(args=(_NATIVE[tile.args[0]], *tile.args[1:]))


def is_white_zero(picture: Pil.Image) -> bool:
    """Whether 0 is white. Pillow inverts such samples of up to 8 bits only."""
    return isinstance(picture, TiffImageFile) and picture.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO


def sample_bits(picture: Pil.Image) -> tuple[int, bool]:
    """(bits of a gray sample, whether it is signed)."""
    if not isinstance(picture, TiffImageFile):
        return 16, False
    bits, kinds = picture.tag_v2.get(_BITS, (16,)), picture.tag_v2.get(_SAMPLE_FORMAT, (_UNSIGNED,))
    return int(bits[0]), kinds[0] != _UNSIGNED
