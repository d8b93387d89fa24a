"""A video to frames, sampled evenly in time. The only file that imports PyAV.

The coded packets are read first (they are small and their times are the truth about a video's length), the frames to
take are chosen by time, and only what those frames need is decoded, in one thread, from memory.
"""

from __future__ import annotations

import io
import math
import struct
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, cast

import av
import av.error
import cv2
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from faceVer.domain.errors import SampleError
from faceVer.domain.values import Frame, Image
from faceVer.media.containers import declared_sizes
from faceVer.media.limits import MediaLimits
from faceVer.media.sampling import choose, needed
from faceVer.media.sniffing import identify
from faceVer.observability.timings import checkpoint

# MIME type -> demuxer: always named, so that no playlist or network format of FFmpeg can be reached.
_DEMUXERS = {"video/mp4": "mov", "video/quicktime": "mov", "video/3gpp": "mov", "video/webm": "matroska",
             "video/x-matroska": "matroska", "video/x-msvideo": "avi"}  # fmt: skip
_DECODERS = ("h264", "hevc", "vp8", "vp9", "mpeg4", "mjpeg", "libdav1d")
# Codecs in which a frame not referred to is never needed by another one; HEVC's sub-layers do not promise that.
MAX_FPS = 1000.0
"""Frames per second beyond which a rate is a damaged header's, and is told as 0."""
_SKIPPABLE = ("h264", "mpeg4", "vp8")
_NO_PICTURE = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_FAILURES = (av.error.FFmpegError, ValueError, ArithmeticError, AssertionError, MemoryError)


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """width, height: pixels, upright, before any scaling down. duration: seconds from the first picture to the end of
    the last. fps: frames per second, the mean. frames: coded frames present."""

    width: int
    height: int
    duration: float
    fps: float
    mime_type: str
    frames: int


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """frames: in order of time, at least one; `index` counts the video's frames, `time` is from its first one."""

    info: VideoInfo
    frames: list[Frame]


@dataclass(frozen=True, slots=True)
class _Track:
    """The coded frames of a video in coding order. times: ticks; unit: seconds of a tick; end: ticks."""

    packets: list[Packet[VideoStream]]
    times: list[int]
    unit: float
    end: int

    @property
    def start(self) -> int:
        return min(self.times)


def read_video(data: bytes, *, limits: MediaLimits) -> Video:
    """At most `limits.frames` upright RGB frames of a video, none longer than `limits.side` on a side.

    Raises SampleError: no video, no picture can be decoded, or a cap is passed (size, length, frames).
    A truncated video gives the frames it has.
    """
    kind, mime = identify(data)
    if kind != "video":
        raise SampleError(f"a video is expected, not {kind}")
    demuxer = _DEMUXERS[mime]
    for width, height in declared_sizes(data, demuxer):
        if width * height:
            _check_size(width, height, limits)
    try:
        with _open(data, demuxer, limits) as container:
            stream = _stream(container, limits)
            track = _track(container, stream, limits, budget=2 * len(data) + 65_536)
            wanted, runs = _plan(track, stream.codec_context, limits)
            pictures, size = _decode(stream, track, wanted, runs, limits)
    except _FAILURES as error:
        raise SampleError(f"the video cannot be read: {type(error).__name__}") from error
    count = len(track.packets)
    lasting = (max(track.times) - track.start) * track.unit
    fps = (count - 1) / lasting if lasting > 0 else float(stream.average_rate or 0)
    fps = fps if fps <= MAX_FPS else 0.0
    duration = (track.end - track.start) * track.unit
    return Video(VideoInfo(*size, round(duration, 6), round(fps, 3), mime, count), pictures)


def _open(data: bytes, demuxer: str, limits: MediaLimits) -> InputContainer:
    options = {
        "protocol_whitelist": "none",
        "codec_whitelist": ",".join(_DECODERS),
        "enable_drefs": "0",
        "max_streams": "32",
        "max_pixels": str(min(limits.max_video_pixels, limits.max_pixels)),
        "threads": "1",
    }
    # A Matroska file is read straight through: its seek head could lead into places `boxes` did not see.
    source = _Forward(data) if demuxer == "matroska" else io.BytesIO(data)
    return av.open(source, "r", format=demuxer, options=options, metadata_errors="replace", io_open=_refuse_to_open)


class _Forward(io.BytesIO):
    def seekable(self) -> bool:
        return False


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise ValueError("the video names another file")


def _stream(container: InputContainer, limits: MediaLimits) -> VideoStream:
    streams = [s for s in container.streams.video if not s.disposition & _NO_PICTURE]
    if not streams:
        raise SampleError("the file holds no video stream")
    best = container.streams.best("video")
    stream = next((s for s in streams if best is not None and s.index == best.index), streams[0])
    context = cast("VideoCodecContext | None", stream.codec_context)
    if context is None or context.name not in _DECODERS:
        raise SampleError(f"the video's codec is not supported: {context.name if context else 'unknown'}")
    _check_size(context.width, context.height, limits)
    context.thread_count = 1
    # Lets the decoder itself refuse a larger picture further on, before it allocates one.
    context.options = {"max_pixels": str(min(limits.max_video_pixels, limits.max_pixels))}
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return stream


def _check_size(width: int, height: int, limits: MediaLimits) -> None:
    if width * height == 0:  # FFmpeg forgets a declared size it was told to refuse
        raise SampleError("video frames have no size, or are larger than allowed")
    if width * height > min(limits.max_video_pixels, limits.max_pixels):
        raise SampleError(f"video frames of {width}x{height} are larger than allowed")


def _track(container: InputContainer, stream: VideoStream, limits: MediaLimits, *, budget: int) -> _Track:
    """Read the coded frames. budget: bytes they may have in all, as samples of a file can overlap or be compressed."""
    track = _Track([], [], float(stream.time_base or 0) or 1e-3, 0)
    low = high = end = 0
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue
            time = packet.pts if packet.pts is not None else packet.dts
            if time is None:
                time = end
            lasts = max(packet.duration or 0, 0)
            low, high = (min(low, time), max(high, time)) if track.times else (time, time)
            end = max(end, time + lasts) if track.times else time + lasts
            budget -= packet.size
            track.packets.append(packet)
            track.times.append(time)
            if (end - low) * track.unit > limits.max_video_seconds:
                raise SampleError(f"the video is longer than {limits.max_video_seconds:g} s")
            if len(track.packets) > limits.max_video_frames:
                raise SampleError(f"the video has more than {limits.max_video_frames} frames")
            if budget < 0:
                raise SampleError("the video's frames are larger than the file")
    except _FAILURES:
        if not track.packets:  # else it is cut short: what came before counts
            raise
    if not track.packets:
        raise SampleError("the video stream is empty")
    return _Track(track.packets, track.times, track.unit, end)


def _plan(track: _Track, context: VideoCodecContext, limits: MediaLimits) -> tuple[list[int], list[list[int]]]:
    """(places of the frames to take, runs of places to decode for them); places count in coding order.

    Past the cap on decoding work only key frames, which need no other, are taken.
    """
    keys = [packet.is_keyframe for packet in track.packets]
    if all(keys) and context.name != "mjpeg":
        keys[1:] = [False] * (len(keys) - 1)  # a file without an index of key frames calls every frame one
    shown = [p for p, packet in enumerate(track.packets) if not (packet.is_discard or packet.is_corrupt)]
    shown = shown or list(range(len(keys)))
    wanted = choose(track.times, shown, limits.frames)
    runs = needed(track.times, keys, wanted)
    if sum(map(len, runs)) * context.width * context.height > limits.max_video_work:
        wanted = choose(track.times, [p for p in shown if keys[p]] or shown[:1], limits.frames)
        runs = [[place] for place in sorted(wanted)]
    return wanted, runs


def _decode(stream: VideoStream, track: _Track, wanted: Sequence[int], runs: Sequence[Sequence[int]],
            limits: MediaLimits) -> tuple[list[Frame], tuple[int, int]]:  # fmt: skip
    """The wanted frames, or for one that cannot be decoded the next that can; and the upright size in pixels."""
    aims = sorted(track.times[place] for place in wanted)
    ranks = sorted(track.times)
    painter = _Painter(limits, float(stream.sample_aspect_ratio or 1))
    taken: list[Frame] = []
    spare: VideoFrame | None = None
    done = 0
    for frame in _frames(stream.codec_context, track, set(wanted), runs):
        checkpoint()
        _check_size(frame.width, frame.height, limits)
        time = frame.pts if frame.pts is not None else frame.dts
        if time is None:
            time = aims[min(done, len(aims) - 1)]
        if frame.is_corrupt:
            spare = spare or frame
        elif done < len(aims) and time >= aims[done]:
            done = bisect_left(aims, time + 1)
            taken.append(painter.frame(frame, bisect_left(ranks, time), (time - ranks[0]) * track.unit))
    if not taken and spare is not None:
        taken.append(painter.frame(spare, 0, 0.0))
    if not taken:
        raise SampleError("no frame of the video can be decoded")
    return taken, painter.size


def _frames(context: VideoCodecContext, track: _Track, wanted: set[int],
            runs: Sequence[Sequence[int]]) -> Iterator[VideoFrame]:  # fmt: skip
    idle: Literal["NONREF", "DEFAULT"] = "NONREF" if context.name in _SKIPPABLE else "DEFAULT"
    for number, run in enumerate(runs):
        if number:
            context.flush_buffers()
        for place in run:
            context.skip_frame = "DEFAULT" if place in wanted else idle
            yield from _send(context, track.packets[place])
        yield from _send(context, None)


def _send(context: VideoCodecContext, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
    try:
        return context.decode(packet)
    except _FAILURES:
        return []  # a damaged packet; the frames after it may be whole


class _Painter:
    """Decoded frames to upright RGB, scaled down where large.

    ratio: a pixel's width by its height. size: (width, height), upright and unscaled, of the first frame.
    """

    def __init__(self, limits: MediaLimits, ratio: float = 1.0) -> None:
        self.side = limits.side
        # Pixels need not be square; odd ratios are a lie.
        self.ratio = ratio if 0.25 < ratio < 4 else 1.0
        self.size = (0, 0)
        self._reformatter = VideoReformatter()

    def frame(self, frame: VideoFrame, index: int, time: float) -> Frame:
        width, height = frame.width * self.ratio, frame.height
        scale = min(1.0, self.side / max(width, height))
        picture = self._reformatter.reformat(
            frame, max(1, round(width * scale)), max(1, round(height * scale)), "rgb24", threads=1,
            interpolation=Interpolation.AREA if scale < 1 else Interpolation.BILINEAR,
        ).to_ndarray()  # fmt: skip
        mirrored, turns = orientation(cast("dict[str, Any]", frame.side_data).get("DISPLAYMATRIX"))
        if not any(self.size):
            self.size = (frame.height, frame.width) if turns % 2 else (frame.width, frame.height)
        return Frame(_turn(cast(Image, picture), mirrored, turns), index, round(time, 6))


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
