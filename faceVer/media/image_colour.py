"""Pictures whose numbers are of another colour space, to sRGB.

What a file says wrongly of its colours is ignored: the pixels are then taken as they are.
"""

from __future__ import annotations

import io
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
_HEADERS = 1 << 16
"""Bytes at the start of a file in which the codes of its colours stand."""


def profile_to_srgb(picture: Pil.Image, profile: Any) -> Pil.Image:
    """The picture in sRGB, perhaps the same object, if it is RGB, gray or CMYK and the ICC profile is of such colours;
    else as it is. A profile whose description says sRGB needs no conversion.

    profile: that of `Image.info`, None or bytes.
    """
    if not isinstance(profile, bytes) or len(profile) > _MAX_PROFILE or picture.mode not in _SPACES:
        return picture
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if given.profile.xcolor_space != _SPACES[picture.mode] or "sRGB" in (given.profile.profile_description or ""):
            return picture
        target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        transform = ImageCms.buildTransform(given, target, picture.mode, "RGB", flags=ImageCms.Flags.NOCACHE)
        return ImageCms.applyTransform(picture, transform, inPlace=picture.mode == "RGB") or picture
    except (ImageCms.PyCMSError, OSError, ValueError):  # damaged
        return picture


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
