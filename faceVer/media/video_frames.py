"""Coded frames of a video, decoded and converted to upright RGB."""

from __future__ import annotations

import math
import struct
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import av.error
import cv2
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from faceVer.domain.errors import SampleError
from faceVer.domain.values import Frame, Image
from faceVer.media.limits import MediaLimits
from faceVer.media.video_colour import to_srgb
from faceVer.observability.shortage import check_memory
from faceVer.observability.timings import checkpoint

FAILURES = (av.error.FFmpegError, ValueError, ArithmeticError, AssertionError)
"""What PyAV raises on damaged files. It raises MemoryError, too, which is not the file's fault alone."""
_SKIPPABLE = ("h264", "mpeg4", "vp8")
"""Codecs in which no frame needs one that is marked as not referred to; HEVC's sub-layers do not promise that."""


@dataclass(frozen=True, slots=True)
class Track:
    """The coded frames of a video in coding order. times, end: ticks of `unit` seconds."""

    packets: list[Packet[VideoStream]]
    times: list[int]
    unit: float
    end: int

    @property
    def start(self) -> int:
        return min(self.times)


def check_size(width: int, height: int, limits: MediaLimits) -> None:
    """Raises SampleError."""
    if width * height == 0:  # FFmpeg forgets a declared size that it has rejected
        raise SampleError("video frames have no size, or are larger than allowed")
    if width * height > min(limits.max_video_pixels, limits.max_pixels):
        raise SampleError(f"video frames of {width}x{height} are larger than allowed")


def decode_frames(stream: VideoStream, track: Track, wanted: Sequence[int], runs: Sequence[Sequence[int]],
                  limits: MediaLimits) -> tuple[list[Frame], tuple[int, int]]:  # fmt: skip
    """(the wanted frames, or for one that cannot be decoded the next that can; their upright size before scaling).

    Raises SampleError if no frame can be decoded or one is larger than allowed.
    """
    due = sorted(track.times[position] for position in wanted)
    line = sorted(track.times)
    converter = _FrameConverter(
        limits.side, float(stream.sample_aspect_ratio or 1), is_vp8=stream.codec_context.name == "vp8"
    )
    frames: list[Frame] = []
    damaged: VideoFrame | None = None
    done = 0
    for decoded in _decode(stream.codec_context, track, set(wanted), runs):
        checkpoint()
        check_size(decoded.width, decoded.height, limits)
        time = decoded.pts if decoded.pts is not None else decoded.dts
        if time is None:
            time = due[min(done, len(due) - 1)]
        if decoded.is_corrupt:
            damaged = damaged or decoded
        elif done < len(due) and time >= due[done]:
            done = bisect_left(due, time + 1)
            frames.append(converter.convert(decoded, bisect_left(line, time), (time - line[0]) * track.unit))
    if not frames and damaged is not None:
        frames.append(converter.convert(damaged, 0, 0.0))
    if not frames:
        raise SampleError("no frame of the video can be decoded")
    return frames, converter.size


def _decode(context: VideoCodecContext, track: Track, wanted: set[int],
            runs: Sequence[Sequence[int]]) -> Iterator[VideoFrame]:  # fmt: skip
    unwanted: Literal["NONREF", "DEFAULT"] = "NONREF" if context.name in _SKIPPABLE else "DEFAULT"
    for number, run in enumerate(runs):
        if number:
            context.flush_buffers()
        for position in run:
            context.skip_frame = "DEFAULT" if position in wanted else unwanted
            yield from _send(context, track.packets[position])
        yield from _send(context, None)


def _send(context: VideoCodecContext, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
    try:
        return context.decode(packet)
    except MemoryError:
        raise
    except FAILURES:
        check_memory(context.width * context.height)
        return []  # a damaged packet; the frames after it may be undamaged


class _FrameConverter:
    """Decoded frames to upright sRGB, scaled to at most `side` pixels on a side.

    ratio: a pixel's width by its height. size: (width, height) in pixels, upright and unscaled, of the first frame.
    """

    def __init__(self, side: int, ratio: float, *, is_vp8: bool) -> None:
        self.side = side
        self._is_vp8 = is_vp8
        # Pixels need not be square; extreme ratios are wrong.
        self.ratio = ratio if 0.25 < ratio < 4 else 1.0
        self.size = (0, 0)
        self._reformatter = VideoReformatter()

    def convert(self, frame: VideoFrame, index: int, time: float) -> Frame:
        width, height = frame.width * self.ratio, frame.height
        scale = min(1.0, self.side / max(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        image = to_srgb(self._reformatter, frame, size, is_vp8=self._is_vp8)
        mirrored, turns = orientation(cast("dict[str, Any]", frame.side_data).get("DISPLAYMATRIX"))
        if not any(self.size):
            self.size = (frame.height, frame.width) if turns % 2 else (frame.width, frame.height)
        return Frame(_turn(image, mirrored, turns), index, round(time, 6))


def orientation(matrix: Any) -> tuple[bool, int]:
    """(mirror left to right first, then quarter turns counter-clockwise) of a display matrix: 9 int32, or None."""
    raw = bytes(matrix) if matrix is not None else b""
    if len(raw) != 36:
        return False, 0
    a, b, _, c, d = struct.unpack("5i", raw[:20])
    mirrored = a * d < b * c
    if mirrored:
        a, b = -a, -b
    return mirrored, round(-math.degrees(math.atan2(b, a)) / 90) % 4


def _turn(image: Image, mirrored: bool, turns: int) -> Image:
    if mirrored:
        image = cast(Image, cv2.flip(image, 1))
    code = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}.get(turns)
    return np.ascontiguousarray(image if code is None else cv2.rotate(image, code))
