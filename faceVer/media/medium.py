"""One media item, decoded: what all three kinds of files become."""

from __future__ import annotations

import gc
from dataclasses import dataclass

from faceVer.domain.folders import MediaKind
from faceVer.domain.values import Frame
from faceVer.media.archive import read_archive
from faceVer.media.image import WORKING_SIDE, decode_down
from faceVer.media.limits import MediaLimits
from faceVer.media.video import read_video


@dataclass(frozen=True, slots=True, eq=False)
class Medium:
    """frames: at least one. width, height: pixels, upright, before scaling (of an archive's first frame: after it).

    duration, fps: seconds and mean frames per second of a video, else None.
    """

    frames: list[Frame]
    width: int
    height: int
    duration: float | None = None
    fps: float | None = None


def decode_medium(data: bytes, kind: MediaKind, limits: MediaLimits, side: int = WORKING_SIDE) -> Medium:
    """Decode a file in this process. side: see `image.decode_down`, for images.

    Raises SampleError, and MemoryError where it would need more than `limits.memory`.
    """
    if kind == "video":
        video = read_video(data, limits=limits)
        # A PyAV frame whose side data was read refers to itself: without this each video would leave its decoded frames
        # behind until a collection happens to run. They are young objects, so this takes well under a millisecond.
        gc.collect(1)
        info = video.info
        return Medium(video.frames, info.width, info.height, info.duration, info.fps)
    if kind == "shots_set":
        frames = read_archive(data, limits=limits)
        return Medium(frames, frames[0].width, frames[0].height)
    image, (height, width) = decode_down(
        data, side, max_pixels=limits.max_pixels, budget=limits.budget, memory=limits.memory
    )
    return Medium([Frame(image)], width, height)
