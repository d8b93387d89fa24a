"""Containers: rows of the table of videos in docs/media.md, and files of each."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from tests.support_media import encode_video, face_frames
from tests.unit.media.innocents.clips import clip, repacked
from tests.unit.media.innocents.corpus import CLIP, Clip, Row
from tests.unit.media.innocents.videos import FORWARD, FULL, of, shown

CIF = face_frames(6, 352, 288)
CIF_SHOWN = [cv2.resize(frame, (384, 288)) for frame in CIF]
"""H.263 has pixels of 12:11."""
ODD = [np.ascontiguousarray(frame[:239, :319]) for frame in CLIP]
CROPPED = [np.ascontiguousarray(frame[:234]) for frame in CLIP]
NARROW = [np.ascontiguousarray(frame[:, ::2]) for frame in CLIP]
OPUS: dict[str, Any] = {"sound": "before", "sound_codec": "libopus"}
AMR: dict[str, Any] = {"sound": "after", "sound_codec": "libopencore_amrnb", "sound_rate": 8000}
RECORDED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
"""What browsers' MediaRecorder writes."""


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
