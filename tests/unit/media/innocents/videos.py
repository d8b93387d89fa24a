"""Codecs and colours: rows of the table of videos in docs/media.md, and files of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from tests.support_media import face_frames
from tests.unit.media.innocents.clips import HLG, PQ, Tags, clip, hdr, vp9_of_10_bits
from tests.unit.media.innocents.corpus import CLIP, Clip, Row

FULL = Tags(full=True)


def vivid(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The frames with much stronger colours, for which the matrix matters more."""
    grays = [frame.mean(axis=2, keepdims=True) for frame in frames]
    return [
        np.clip(gray + 2.5 * (frame - gray), 0, 255).astype(np.uint8) for frame, gray in zip(frames, grays, strict=True)
    ]


VIVID, HD, UPRIGHT = vivid(CLIP), vivid(face_frames(2, 1280, 720)), vivid(face_frames(2, 480, 640))
FORWARD = {"preset": "medium", "x264-params": "bframes=2:b-adapt=0"}
"""Frames that refer to later ones."""


def shown(
    make: Callable[..., bytes],
    *args: Any,
    show: Sequence[np.ndarray] = CLIP,
    near: float = 5.0,
    like: float = 0.9,
    **options: Any,
) -> Clip:
    """A clip made by a call with these arguments."""
    return Clip(partial(make, *args, **options), show, near, like)


def of(frames: Sequence[np.ndarray], *args: Any, **options: Any) -> Clip:
    """A clip of these frames."""
    return shown(clip, *args, show=frames, frames=frames, **options)


CODECS = [
    Row(
        "H.264: baseline, main, high; 8 or 10 bits",
        "all frames",
        {
            **{profile: shown(clip, profile=profile, preset="medium") for profile in ("baseline", "main", "high")},
            "forward": shown(clip, **FORWARD),
            "10 bits": shown(clip, pix_fmt="yuv420p10le"),
            "4:2:2": shown(clip, pix_fmt="yuv422p"),
            "4:4:4": shown(clip, pix_fmt="yuv444p"),
            "RGB": shown(clip, "libx264rgb", pix_fmt="rgb24"),
        },
    ),
    Row(
        "HEVC: 8 or 10 bits; VP8, VP9, AV1; MPEG-4, H.263, MJPEG",
        "all frames",
        {
            "HEVC": shown(clip, "libx265"),
            "HEVC, MOV": shown(clip, "libx265", "mov"),
            "HEVC, 10 bits": shown(clip, "libx265", pix_fmt="yuv420p10le"),
            "VP8": shown(clip, "libvpx", "webm"),
            "VP9": shown(clip, "libvpx-vp9", "webm"),
            "VP9, MP4": shown(clip, "libvpx-vp9"),
            "VP9, 10 bits": shown(vp9_of_10_bits, show=CLIP[:1] * 5),
            "AV1": shown(clip, "libsvtav1"),
            "AV1, WebM": shown(clip, "libsvtav1", "webm"),
            "AV1, 10 bits": shown(clip, "libsvtav1", pix_fmt="yuv420p10le"),
            "MPEG-4": shown(clip, "mpeg4"),
            "MPEG-4, AVI": shown(clip, "mpeg4", "avi"),
            "MJPEG, AVI": shown(clip, "mjpeg", "avi", "yuvj420p", tags=FULL),
            "MJPEG, MOV": shown(clip, "mjpeg", "mov", "yuvj422p", tags=FULL),
        },
    ),
]

COLOURS = [
    Row(
        "BT.601, 709 and 2020, full and limited range",
        "by what the stream says; if it says nothing, from 720 lines on as BT.709, else BT.601",
        {
            **{
                f"{matrix}, {'full' if full else 'limited'}": of(VIVID, tags=Tags(matrix, full=full), near=3.2)
                for matrix in (1, 6, 9)
                for full in (False, True)
            },
            "HD, unsaid": of(HD, coded=1, near=2.5),
            "upright, unsaid": of(UPRIGHT, near=2.5),
            "HD, 601": of(HD, tags=Tags(6), near=2.2),
            "HD, VP8": of(HD, "libvpx", "webm", near=3.1),
        },
    ),
    Row(
        "HDR: PQ and HLG in BT.2020 (HEVC, AV1, H.264)",
        "tone-mapped: white paper (203 cd/m²) is white, more is compressed",
        {
            f"{name}, {codec}": shown(clip, codec, pix_fmt="yuv420p10le", frames=hdr(CLIP, tags), tags=tags)
            for name, tags in (("PQ", PQ), ("HLG", HLG))
            for codec in ("libx265", "libsvtav1", "libx264")
        },
    ),
]
