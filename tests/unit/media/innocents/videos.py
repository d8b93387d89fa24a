"""The table of videos in docs/media.md, and files of each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np

from tests.support_media import encode_video, face_frames
from tests.unit.media.innocents.clips import HLG, PQ, Tags, clip, hdr, repacked, vp9_of_10_bits
from tests.unit.media.innocents.corpus import CLIP, Clip, Row

FULL = Tags(full=True)
CIF = face_frames(6, 352, 288)
CIF_SHOWN = [cv2.resize(frame, (384, 288)) for frame in CIF]
"""H.263 has pixels of 12:11."""
HD = face_frames(2, 1280, 720)
UPRIGHT = face_frames(2, 480, 640)
ODD = [np.ascontiguousarray(frame[:239, :319]) for frame in CLIP]
CROPPED = [np.ascontiguousarray(frame[:234]) for frame in CLIP]
NARROW = [np.ascontiguousarray(frame[:, ::2]) for frame in CLIP]
OPUS: dict[str, Any] = {"sound": "before", "sound_codec": "libopus"}
AMR: dict[str, Any] = {"sound": "after", "sound_codec": "libopencore_amrnb", "sound_rate": 8000}
RECORDED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
"""What browsers' MediaRecorder writes."""
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


def rotations(codec: str, muxer: str) -> dict[str, Clip]:
    """As phones write them, and those of front cameras, mirrored."""
    cases = {}
    for turns in (0, 1, 2, 3):
        upright = [np.ascontiguousarray(np.rot90(frame, turns)) for frame in CLIP]
        mirrored = [np.ascontiguousarray(frame[:, ::-1]) for frame in upright]
        cases[f"{muxer}, {90 * turns}"] = shown(
            clip, codec, muxer, turned={"degrees": 90 * turns}, show=upright, like=0.4
        )
        cases[f"{muxer}, {90 * turns}, mirrored"] = shown(
            clip, codec, muxer, turned={"degrees": 90 * turns, "hflip": True}, show=mirrored, like=0.4
        )
    return cases


def trimmed(muxer: str, **options: str) -> bytes:
    return repacked(clip(**options), muxer, shift=2, avoid_negative_ts="disabled", use_editlist="1")


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
                f"{matrix}, {'full' if full else 'limited'}": shown(clip, tags=Tags(matrix, full=full))
                for matrix in (1, 6, 9)
                for full in (False, True)
            },
            "HD, unsaid": of(HD, coded=1, near=3),
            "upright, unsaid": of(UPRIGHT, near=3),
            "HD, 601": of(HD, tags=Tags(6), near=3),
            "HD, VP8": of(HD, "libvpx", "webm", near=4),
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

CONTAINERS = [
    Row(
        "Rotation by 90, 180, 270 degrees; mirrored front camera",
        "upright",
        {
            **rotations("libx264", "mp4"),
            **rotations("libx264", "mov"),
            **rotations("libvpx", "webm"),
        },
    ),
    Row(
        "MP4 and MOV: index first or last, fragments, as MediaRecorder writes them",
        "all frames",
        {
            **{
                flags: shown(clip, muxing={"movflags": flags}, g="3", sound="after")
                for flags in (
                    "frag_keyframe+empty_moov+default_base_moof",
                    "frag_keyframe+delay_moov",
                    "dash+empty_moov+frag_keyframe",
                    "hybrid_fragmented+frag_keyframe",
                    "cmaf+empty_moov+frag_keyframe",
                    "rtphint",
                    "negative_cts_offsets",
                )
            },
            "every frame": shown(clip, muxing={"movflags": "empty_moov+frag_every_frame"}),
            "Opus": shown(clip, muxing=RECORDED, **OPUS),
            "VP9": shown(clip, "libvpx-vp9", muxing=RECORDED, **OPUS),
        },
    ),
    Row(
        "WebM and Matroska without duration and index, as MediaRecorder writes them",
        "all frames",
        {
            **{
                codec: shown(clip, codec, "webm", muxing={"live": "1"}, **OPUS)
                for codec in ("libvpx", "libvpx-vp9", "libsvtav1")
            },
            "H.264": shown(clip, "libx264", "matroska", muxing={"live": "1"}, **OPUS),
            "clusters": shown(clip, "libvpx", "webm", muxing={"live": "1", "cluster_time_limit": "100"}, g="2"),
        },
    ),
    Row(
        "Edit lists, variable frame rate, a late start",
        "what a player shows",
        {
            **{muxer: shown(trimmed, muxer, show=CLIP[2:], g="1") for muxer in ("mp4", "mov")},
            "forward": shown(trimmed, "mp4", show=CLIP[2:], **FORWARD),
            "late": shown(clip, first=30, sound="after"),
            "rate": shown(encode_video, CLIP, times=(0, 0.04, 0.3, 0.33, 1.2, 1.21)),
        },
    ),
    Row(
        "3GP; sound first; timecode, chapter and hint tracks",
        "the video track",
        {
            "3GP, MPEG-4": shown(clip, "mpeg4", "3gp", **AMR),
            "3GP, H.263": shown(clip, "h263", "3gp", frames=CIF, show=CIF_SHOWN, near=6, **AMR),
            "3GP, H.264": shown(clip, muxer="3gp"),
            "3G2": shown(clip, muxer="3g2"),
            "timecode": shown(clip, muxer="mov", metadata={"timecode": "01:00:00:00"}),
            "chapters": shown(clip, muxer="mov", chapters=True),
            "sound first": shown(clip, sound="before"),
            "PCM first": shown(clip, muxer="mov", sound="before", sound_codec="pcm_s16le"),
            "Matroska": shown(clip, muxer="matroska", sound="before"),
            "AVI": shown(clip, "mpeg4", "avi", sound="before", sound_codec="pcm_s16le"),
        },
    ),
    Row(
        "1 to 5 frames; odd sizes, pixels that are not square",
        "all frames, of square pixels",
        {
            **{
                f"{count}, {codec}": of(CLIP[:count], codec, muxer)
                for count in range(1, 6)
                for codec, muxer in (
                    ("libx264", "mp4"),
                    ("libvpx", "webm"),
                    ("libx265", "mov"),
                    ("mpeg4", "avi"),
                    ("libsvtav1", "mp4"),
                )
            },
            "odd, VP8": of(ODD, "libvpx", "webm"),
            "odd, VP9": of(ODD, "libvpx-vp9", "webm"),
            "odd, H.264": of(ODD, pix_fmt="yuv444p"),
            "odd, MPEG-4": of(ODD, "mpeg4"),
            "odd, MJPEG": of(ODD, "mjpeg", "avi", "yuvj420p", tags=FULL),
            "odd, AV1": of(ODD, "libsvtav1"),
            "cropped, H.264": of(CROPPED),
            "cropped, HEVC": of(CROPPED, "libx265"),
            "wide pixels": shown(clip, frames=NARROW, near=9, **{"x264-params": "sar=2/1"}),
        },
    ),
]
