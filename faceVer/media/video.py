"""A video file (MP4, MOV, 3GP, WebM, Matroska, AVI) to frames, evenly spaced in time, through PyAV.

The coded packets are read first: they are small, and their times are the truth about a video's length. The frames to
take are chosen by time, and only what they need is decoded, in one thread, from memory.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import NoReturn, cast

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from faceVer.domain.errors import SampleError
from faceVer.domain.values import Frame
from faceVer.media.limits import MediaLimits, require_memory
from faceVer.media.sampling import choose, runs_to_decode
from faceVer.media.sniffing import identify
from faceVer.media.video_frames import FAILURES, Track, check_size, decode_frames
from faceVer.media.video_times import repair_durations, repair_times
from faceVer.observability.shortage import check_memory

# MIME type -> demuxer: always named, so that no playlist or network format of FFmpeg can be reached.
_DEMUXERS = {"video/mp4": "mov", "video/quicktime": "mov", "video/3gpp": "mov", "video/webm": "matroska",
             "video/x-matroska": "matroska", "video/x-msvideo": "avi"}  # fmt: skip
_DECODERS = ("h264", "hevc", "vp8", "vp9", "mpeg4", "h263", "mjpeg", "libdav1d")
MAX_FPS = 1000.0
"""Frames per second above which a rate comes from a damaged header and is reported as 0."""
FRAME_PIXEL_BYTES = 55
"""Most bytes per pixel of a frame while it is decoded: 16 frames that others refer to, with their motion vectors."""
_NOT_VIDEO = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """width, height: pixels, upright, before scaling. duration: seconds from the first frame to the end of the last.
    fps: mean frames per second. frames: coded frames present."""

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


def read_video(data: bytes, *, limits: MediaLimits) -> Video:
    """At most `limits.frames` upright RGB frames of a video, none longer than `limits.side` on a side.

    A truncated video gives the frames it has. Raises SampleError: another kind of file, a codec that is not supported,
    no frame that can be decoded, a limit exceeded (size, length, number of frames).
    """
    kind, mime = identify(data)
    if kind != "video":
        raise SampleError(f"a video is expected, not {kind}")
    demuxer = _DEMUXERS[mime]
    try:
        with _open(data, demuxer, limits) as container:
            stream = _video_stream(container, limits)
            track = _read_track(container, stream, limits, max_bytes=2 * len(data) + 65_536)
            wanted, runs = _choose(track, stream.codec_context, limits)
            frames, size = decode_frames(stream, track, wanted, runs, limits)
    except MemoryError:
        raise
    except FAILURES as error:
        check_memory(min(limits.max_video_pixels, limits.max_pixels))
        raise SampleError(f"the video cannot be read: {type(error).__name__}") from error
    count = len(track.packets)
    span = (max(track.times) - track.start) * track.unit
    fps = (count - 1) / span if span > 0 else float(stream.average_rate or 0)
    fps = fps if fps <= MAX_FPS else 0.0
    duration = (track.end - track.start) * track.unit
    return Video(VideoInfo(*size, round(duration, 6), round(fps, 3), mime, count), frames)


def _open(data: bytes, demuxer: str, limits: MediaLimits) -> InputContainer:
    options = {
        "protocol_whitelist": "none",
        "codec_whitelist": ",".join(_DECODERS),
        "enable_drefs": "0",
        "use_mfra_for": "0",
        "max_streams": "32",
        "max_pixels": str(min(limits.max_video_pixels, limits.max_pixels)),
        "threads": "1",
    }
    return av.open(
        io.BytesIO(data), "r", format=demuxer, options=options, metadata_errors="replace", io_open=_refuse_to_open
    )


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise ValueError("the video names another file")


def _video_stream(container: InputContainer, limits: MediaLimits) -> VideoStream:
    """The stream to decode; all others are discarded."""
    streams = [s for s in container.streams.video if not s.disposition & _NOT_VIDEO]
    if not streams:
        raise SampleError("the file holds no video stream")
    best = container.streams.best("video")
    stream = next((s for s in streams if best is not None and s.index == best.index), streams[0])
    context = cast("VideoCodecContext | None", stream.codec_context)
    if context is None or context.name not in _DECODERS:
        raise SampleError(f"the video's codec is not supported: {context.name if context else 'unknown'}")
    check_size(context.width, context.height, limits)
    pixels, scale = context.width * context.height, min(1.0, limits.side / max(context.width, context.height))
    require_memory(pixels * FRAME_PIXEL_BYTES + int(3 * limits.frames * pixels * scale**2), limits.memory)
    context.thread_count = 1
    # Lets the decoder itself reject a larger frame further on, before it allocates one.
    context.options = {"max_pixels": str(min(limits.max_video_pixels, limits.max_pixels))}
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return stream


def _read_track(container: InputContainer, stream: VideoStream, limits: MediaLimits, *, max_bytes: int) -> Track:
    """Read the coded frames. max_bytes: of all together, as samples of a file can overlap or be compressed."""
    packets: list[Packet[VideoStream]] = []
    times: list[int] = []
    unit = float(stream.time_base or 0) or 1e-3
    end = 0
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue
            time = packet.pts if packet.pts is not None else packet.dts
            if time is None:
                time = end
            packet_end = time + max(packet.duration or 0, 0)
            end = max(end, packet_end) if times else packet_end
            max_bytes -= packet.size
            packets.append(packet)
            times.append(time)
            if len(packets) > limits.max_video_frames:
                raise SampleError(f"the video has more than {limits.max_video_frames} frames")
            if max_bytes < 0:
                raise SampleError("the video's frames are larger than the file")
    except MemoryError:
        raise
    except FAILURES:
        check_memory()
        if not packets:  # else it is truncated: the frames before count
            raise
    if not packets:
        raise SampleError("the video stream is empty")
    return _timed(packets, times, unit, limits)


def _timed(packets: list[Packet[VideoStream]], given: list[int], unit: float, limits: MediaLimits) -> Track:
    """The track, with wrong times corrected. Raises SampleError if it is too long."""
    longest = int(limits.max_video_seconds / unit)
    times = repair_times(given, [packet.dts for packet in packets], longest)
    for packet, time, wrong in zip(packets, times, given, strict=True):
        if time != wrong:
            packet.pts = time  # which the decoder gives to the frame
    durations = repair_durations([packet.duration or 0 for packet in packets], times, longest)
    end = max(time + duration for time, duration in zip(times, durations, strict=True))
    if (end - min(times)) * unit > limits.max_video_seconds:
        raise SampleError(f"the video is longer than {limits.max_video_seconds:g} s")
    return Track(packets, times, unit, end)


def _choose(track: Track, context: VideoCodecContext, limits: MediaLimits) -> tuple[list[int], list[list[int]]]:
    """(positions of the frames to take, runs of positions to decode for them), in coding order.

    Above the limit on decoding work only key frames, which need no other frame, are taken.
    """
    keys = [packet.is_keyframe for packet in track.packets]
    if all(keys) and context.name != "mjpeg":
        keys[1:] = [False] * (len(keys) - 1)  # a file without an index of key frames calls every frame one
    shown = [p for p, packet in enumerate(track.packets) if not (packet.is_discard or packet.is_corrupt)]
    shown = shown or list(range(len(keys)))
    wanted = choose(track.times, shown, limits.frames)
    runs = runs_to_decode(track.times, keys, wanted)
    if sum(map(len, runs)) * context.width * context.height > limits.max_video_work:
        wanted = choose(track.times, [p for p in shown if keys[p]] or shown[:1], limits.frames)
        runs = [[position] for position in sorted(wanted)]
    return wanted, runs
