"""Pictures whose numbers are of another colour space, to sRGB.

What a file says wrongly of its colours is ignored: the pixels are then taken as they are.
"""

from __future__ import annotations

import io
import struct
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL import ImageCms

from faceVer.media.coded_colour import coded_to_srgb, needs_conversion

_MAX_PROFILE = 8 << 20
"""Bytes; profiles of inks have two or three million."""
_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}
"""Image modes -> the colour space of a profile that fits, as ICC.1 names it."""
_SRGB_RED = 0.436
"""X of sRGB's red, adapted to D50."""
_NAMING, _LONGEST, _MOST_TAGS = (b"desc", b"rXYZ"), 4096, 100
_UNBOUNDED = b"mpet"
"""A type of element that can hold any number of steps for each colour; profiles of devices do without."""
_HEADERS = 1 << 16
"""Bytes at the start of a file in which the codes of its colours stand."""


def profile_to_srgb(picture: Pil.Image, profile: Any) -> Pil.Image:
    """The picture in sRGB, perhaps the same object, if it is RGB, gray or CMYK and the ICC profile is of such colours;
    else as it is. profile: that of `Image.info`, None or bytes."""
    if not isinstance(profile, bytes) or len(profile) > _MAX_PROFILE or picture.mode not in _SPACES:
        return picture
    if is_srgb(profile) or _UNBOUNDED in profile:
        return picture
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if given.profile.xcolor_space != _SPACES[picture.mode]:
            return picture
        target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        transform = ImageCms.buildTransform(given, target, picture.mode, "RGB", flags=ImageCms.Flags.NOCACHE)
        return ImageCms.applyTransform(picture, transform, inPlace=picture.mode == "RGB") or picture
    except (ImageCms.PyCMSError, OSError, ValueError):  # damaged
        return picture


def is_srgb(profile: bytes) -> bool:
    """Whether an ICC profile says that it is sRGB, and its red does not say otherwise ("Display P3 Gamut with sRGB
    Transfer", as Android writes it). Only the profile's table and two entries are read."""
    count = min(int.from_bytes(profile[128:132], "big"), _MOST_TAGS, (len(profile) - 132) // 12)
    entries = (struct.unpack_from(">4sII", profile, 132 + 12 * number) for number in range(count))
    tags = {name: profile[start : start + min(size, _LONGEST)] for name, start, size in entries if name in _NAMING}
    red = tags.get(b"rXYZ", b"")[8:12]
    is_named = b"sRGB" in tags.get(b"desc", b"").replace(b"\0", b"")
    return is_named and (len(red) < 4 or abs(int.from_bytes(red, "big", signed=True) / 65536 - _SRGB_RED) < 0.01)


def codes_to_srgb(picture: Pil.Image, pixels: NDArray[np.uint8], data: bytes) -> NDArray[np.uint8]:
    """The pixels in sRGB if the file has no ICC profile but names its colours by codes: HEIF, AVIF, PNG."""
    if picture.info.get("icc_profile"):
        return pixels
    codes = _codes(picture, data)
    return coded_to_srgb(pixels, *codes) if needs_conversion(*codes) else pixels


def _codes(picture: Pil.Image, data: bytes) -> tuple[int, int]:
    """(colour primaries, transfer characteristics), 0 where the file names none."""
    if named := cast("dict[str, int] | None", picture.info.get("nclx_profile")):  # of HEIF
        return int(named["color_primaries"]), int(named["transfer_characteristics"])
    head = data[:_HEADERS]
    if picture.format == "AVIF" and (at := head.find(b"colrnclx")) >= 0:
        return int.from_bytes(head[at + 8 : at + 10], "big"), int.from_bytes(head[at + 10 : at + 12], "big")
    if picture.format == "PNG" and (at := head.find(b"\0\0\0\4cICP", 0, max(head.find(b"IDAT"), 0))) >= 0:
        return head[at + 8], head[at + 9]
    return 0, 0
