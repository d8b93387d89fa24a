"""Decoding of one media item of a folder, from bytes to frames."""

from __future__ import annotations

import gc
from dataclasses import dataclass

from faceVer.domain.folders import MediaKind
from faceVer.domain.values import Frame
from faceVer.media.archive import read_archive
from faceVer.media.image import WORKING_SIDE, decode_down
from faceVer.media.limits import MediaLimits
from faceVer.media.video import read_video
from faceVer.observability.timings import stage


@dataclass(frozen=True, slots=True)
class DecodedMedium:
    """The frames of a media item. width, height, duration, fps: see domain.folders.MediaItem."""

    frames: list[Frame]
    width: int
    height: int
    duration: float | None = None
    fps: float | None = None


def decode_medium(data: bytes, kind: MediaKind, limits: MediaLimits) -> DecodedMedium:
    """Decode a media item. Raises SampleError."""
    with stage("decode"):
        return _decoded(data, kind, limits)


def _decoded(data: bytes, kind: MediaKind, limits: MediaLimits) -> DecodedMedium:
    if kind == "video":
        video = read_video(data, limits=limits)
        # A PyAV frame whose side data was read refers to itself: without this each video would leave its decoded frames
        # behind until a collection happens to run. They are young objects, so this takes well under a millisecond.
        gc.collect(1)
        info = video.info
        return DecodedMedium(video.frames, info.width, info.height, info.duration, info.fps)
    if kind == "shots_set":
        frames = read_archive(data, limits=limits)
        return DecodedMedium(frames, frames[0].width, frames[0].height)
    image, (height, width) = decode_down(data, WORKING_SIDE, max_pixels=limits.max_pixels, budget=limits.budget)
    return DecodedMedium([Frame(image)], width, height)
