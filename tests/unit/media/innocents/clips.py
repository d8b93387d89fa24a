"""Clips of the face as FFmpeg's libraries code and pack them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal, NamedTuple

import av
import numpy as np

from tests.support_media import png
from tests.unit.media.innocents.corpus import CLIP
from tests.unit.media.innocents.tools import run_tool

FPS = 12
_OPTIONS = {
    "libx264": {"preset": "ultrafast", "crf": "14"},
    "libx265": {"preset": "ultrafast", "crf": "14", "x265-params": "log-level=none:pools=1"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8", "b": "3M"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "b": "3M"},
    "libsvtav1": {"preset": "12", "crf": "20"},
    "mpeg4": {"b": "4M"}, "h263": {"b": "4M"}, "mjpeg": {"b": "8M"},
}  # fmt: skip
_SWSCALE = {1: "ITU709", 6: "ITU601", 9: "BT2020"}


class Tags(NamedTuple):
    """Codes of ITU-T H.273 that a stream names: 2 says nothing. full: whether its range is."""

    matrix: int = 2
    primaries: int = 2
    transfer: int = 2
    full: bool = False


UNSAID, PQ, HLG = Tags(), Tags(9, 9, 16), Tags(9, 9, 18)


def hdr(pictures: Sequence[np.ndarray], tags: Tags) -> list[np.ndarray]:
    """sRGB pictures as (H, W, 3) uint16 HDR in BT.2020, white paper at 203 cd/m2, by ITU-R BT.2100 and BT.2408."""
    to_bt2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
    made = []
    for picture in pictures:
        level = picture / 255
        light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) @ to_bt2020.T * 203
        if tags is PQ:
            root = (light / 10_000) ** 0.1593017578125
            signal = ((0.8359375 + 18.8515625 * root) / (1 + 18.6875 * root)) ** 78.84375
        else:
            luma = np.maximum(light / 1000 @ [0.2627, 0.6780, 0.0593], 1e-6)
            scene = light / 1000 * luma[:, :, None] ** (1 / 1.2 - 1)
            curve = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
            signal = np.where(scene <= 1 / 12, np.sqrt(3 * scene), curve)
        made.append((np.clip(signal, 0, 1) * 65535 + 0.5).astype(np.uint16))
    return made


def clip(
    codec: str = "libx264",
    muxer: str = "mp4",
    pix_fmt: str = "yuv420p",
    *,
    frames: Sequence[np.ndarray] = CLIP,
    tags: Tags = UNSAID,
    coded: int = 6,
    sound: Literal["", "before", "after"] = "",
    sound_codec: str = "aac",
    sound_rate: int = 48_000,
    turned: dict[str, Any] | None = None,
    metadata: dict[str, str] | None = None,
    chapters: bool = False,
    first: int = 0,
    muxing: dict[str, str] | None = None,
    **options: str,
) -> bytes:
    """A file with the frames. coded: the matrix by which they become YUV if `tags` names none.

    sound: its track is before or after that of the video. turned: see `set_display_rotation`. first: the time of the
    first frame, in frames. muxing, options: of the muxer and the coder.
    """
    target = io.BytesIO()
    with av.open(target, "w", format=muxer, options=muxing or {}) as out:
        noise: Any = out.add_stream(sound_codec, rate=sound_rate, layout="mono") if sound == "before" else None
        stream: Any = out.add_stream(codec, rate=FPS, options={**_OPTIONS.get(codec, {}), **options})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix_fmt
        context = stream.codec_context
        context.thread_count = 1
        context.colorspace, context.color_primaries, context.color_trc = tags.matrix, tags.primaries, tags.transfer
        context.color_range = 2 if tags.full else 1
        stream.metadata.update(metadata or {})
        if turned:
            stream.set_display_rotation(**turned)
        if sound == "after":
            noise = out.add_stream(sound_codec, rate=sound_rate, layout="mono")
        if noise is not None and sound == "before":
            _mux_silence(out, noise, sound_rate, len(frames) / FPS)
        if chapters:
            one = {"id": 0, "start": 0, "end": 250, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}}
            out.set_chapters([one])
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24" if picture.dtype == np.uint8 else "rgb48le")
            if pix_fmt not in ("rgb24", "gray"):
                matrix = _SWSCALE[tags.matrix if tags.matrix in _SWSCALE else coded]
                frame = frame.reformat(
                    format=pix_fmt, dst_colorspace=matrix, dst_color_range="JPEG" if tags.full else "MPEG"
                )
                frame.colorspace, frame.color_primaries, frame.color_trc = tags[:3]
            frame.pts, frame.time_base = number + first, Fraction(1, FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if noise is not None and sound == "after":
            _mux_silence(out, noise, sound_rate, len(frames) / FPS)
    return target.getvalue()


def _mux_silence(out: Any, noise: Any, rate: int, seconds: float) -> None:
    size = rate // 50
    for start in range(0, int(rate * seconds), size):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, size), np.int16), format="s16", layout="mono")
        frame.rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        out.mux(noise.encode(frame))
    out.mux(noise.encode(None))


def repacked(data: bytes, muxer: str, *, shift: int = 0, **muxing: str) -> bytes:
    """The same coded frames in another file. shift: frames by which they begin earlier."""
    target = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(target, "w", format=muxer, options=muxing) as out:
        track = source.streams.video[0]
        stream: Any = out.add_stream_from_template(track)
        assert track.time_base is not None
        ticks = round(shift / FPS / track.time_base)
        for packet in source.demux(track):
            if packet.size and packet.pts is not None and packet.dts is not None:
                packet.stream, packet.pts, packet.dts = stream, packet.pts - ticks, packet.dts - ticks
                out.mux(packet)
    return target.getvalue()


def vp9_of_10_bits() -> bytes:
    """Five times the first frame, by the `ffmpeg` program: PyAV's libvpx codes 8 bits only."""
    codec = ("-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p10le", "-deadline", "realtime", "-b:v", "3M")
    matrix = ("-vf", "scale=out_color_matrix=bt601", "-colorspace", "smpte170m")
    source = ("-v", "error", "-f", "image2pipe", "-c:v", "png", "-i", "-")
    return run_tool("ffmpeg", *source, *matrix, *codec, "-f", "webm", "-", stdin=png(CLIP[0]) * 5)
