"""One medium of a folder request: what its bytes say before and after they are decoded."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from faceVer.domain.folders import MediaFact, MediaKind
from faceVer.domain.values import Frame, Upload
from faceVer.media.archive import read_archive
from faceVer.media.image import WORKING_SIDE, decode_down
from faceVer.media.limits import MediaLimits
from faceVer.media.sniffing import Kind, identify
from faceVer.media.video import read_video
from faceVer.observability.timings import stage

_KINDS: Mapping[Kind, MediaKind] = {"image": "image", "video": "video", "archive": "shots_set"}


@dataclass(frozen=True, slots=True)
class Opened:
    """A decoded medium: its facts, now with its size, and its frames."""

    fact: MediaFact
    frames: list[Frame]


def draft(
    upload: Upload, media_id: str, created: float, tags: tuple[str, ...], meta_data: Mapping[str, Any]
) -> MediaFact:
    """The facts known before decoding; width and height are still 0. Raises SampleError: of no supported kind."""
    kind, mime = identify(upload.data)
    return MediaFact(
        media_id=media_id,
        kind=_KINDS[kind],
        key=upload.name,
        filename=upload.filename,
        md5=hashlib.md5(upload.data, usedforsecurity=False).hexdigest(),
        size=len(upload.data),
        mime=mime,
        width=0,
        height=0,
        created=created,
        updated=created,
        tags=tags,
        meta_data=meta_data,
    )


def decode_medium(data: bytes, kind: MediaKind, limits: MediaLimits) -> tuple[list[Frame], dict[str, Any]]:
    """(frames, the facts only decoding tells). Raises SampleError."""
    with stage("decode"):
        return _decoded(data, kind, limits)


def _decoded(data: bytes, kind: MediaKind, limits: MediaLimits) -> tuple[list[Frame], dict[str, Any]]:
    if kind == "video":
        video = read_video(data, limits=limits)
        # A PyAV frame whose side data was read refers to itself: without this each video would leave its decoded frames
        # behind until a collection happens to run. They are young objects, so that this takes well under a millisecond.
        gc.collect(1)
        info = video.info
        return video.frames, {"width": info.width, "height": info.height, "duration": info.duration, "fps": info.fps}
    if kind == "shots_set":
        frames = read_archive(data, limits=limits)
        return frames, {"width": frames[0].width, "height": frames[0].height}
    image, (height, width) = decode_down(data, WORKING_SIDE, max_pixels=limits.max_pixels, budget=limits.budget)
    return [Frame(image)], {"width": width, "height": height}


def open_medium(upload: Upload, fact: MediaFact, limits: MediaLimits, now: float) -> Opened:
    """Decode a medium. now: Unix seconds. Raises SampleError."""
    frames, told = decode_medium(upload.data, fact.kind, limits)
    return Opened(replace(fact, updated=max(now, fact.created), **told), frames)
