"""Decoded frames of a video to sRGB, scaled."""

from __future__ import annotations

from typing import cast

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from faceVer.domain.values import Image
from faceVer.media.coded_colour import coded_to_srgb, needs_conversion

# Matrix coefficients of ITU-T H.273 -> what swscale calls them.
_MATRICES = {
    1: Colorspace.ITU709, 4: Colorspace.FCC, 5: Colorspace.ITU601, 6: Colorspace.ITU601, 7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020, 10: Colorspace.BT2020,
}  # fmt: skip
_HD_SIDE = 720
"""A frame whose shorter side has as many pixels has the matrix of HD (BT.709) if it names none, as in browsers."""


def to_srgb(reformatter: VideoReformatter, frame: VideoFrame, size: tuple[int, int], *, is_vp8: bool) -> Image:
    """(H, W, 3) uint8 sRGB of a frame. size: width and height. Raises what PyAV raises."""
    converted = needs_conversion(frame.color_primaries, frame.color_trc)
    pixels = reformatter.reformat(
        frame, *size, "rgb48le" if converted else "rgb24", src_colorspace=_matrix(frame, is_vp8=is_vp8), threads=1,
        interpolation=Interpolation.AREA if size[0] < frame.width else Interpolation.BILINEAR,
    ).to_ndarray()  # fmt: skip
    if converted:
        return coded_to_srgb(cast("NDArray[np.uint16]", pixels), frame.color_primaries, frame.color_trc)
    return cast(Image, pixels)


def _matrix(frame: VideoFrame, *, is_vp8: bool) -> Colorspace | None:
    """The matrix of a frame's YUV, None for RGB. VP8 has that of SD at any size."""
    if frame.format.is_rgb:
        return None
    is_large = min(frame.width, frame.height) >= _HD_SIDE
    return _MATRICES.get(frame.colorspace, Colorspace.ITU709 if is_large and not is_vp8 else Colorspace.ITU601)
