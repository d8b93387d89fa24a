"""Real media for tests: clips of real faces encoded through PyAV, and archives of pictures."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from functools import cache, wraps
from importlib.resources import files
from multiprocessing import get_context
from typing import Any, Concatenate, ParamSpec

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

_FAST = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:pools=1"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
}
# container of a file -> the muxer PyAV writes it with
MUXERS = {"mp4": "mp4", "mov": "mov", "webm": "webm", "mkv": "matroska", "avi": "avi"}


@cache
def _astronaut() -> Image:
    picture = cv2.imread(str(files("skimage").joinpath("data/astronaut.png")))
    return np.ascontiguousarray(picture[:, :, ::-1])


@cache
def _group() -> Image:
    picture = cv2.imread(str(files("insightface").joinpath("data/images/t1.jpg")))
    return np.ascontiguousarray(picture[:, :, ::-1])


def face_image(width: int = 320, height: int = 240, *, shift: float = 0.0, who: str = "astronaut") -> Image:
    """(height, width, 3) uint8 RGB with a real face; `shift` in 0..1 moves the camera a little.

    who: "astronaut" is one face, "group" is insightface's picture of six people.
    """
    source = _astronaut() if who == "astronaut" else _group()
    top, left, side = (0, 90, 300) if who == "astronaut" else (0, 0, min(source.shape[:2]))
    move = round(0.1 * side * shift)
    tall = min(source.shape[0] - top, side)
    wide = min(source.shape[1] - left - move, round(tall * width / height))
    crop = source[top : top + tall, left + move : left + move + wide]
    return np.ascontiguousarray(cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA))


def face_frames(count: int = 12, width: int = 320, height: int = 240, **kwargs: Any) -> list[Image]:
    """Frames of a moving face. The red value of the top left square is 20 * the frame's number (up to 12)."""
    frames = []
    for number in range(count):
        frame = face_image(width, height, shift=number / max(count - 1, 1), **kwargs)
        frame[: height // 4, : width // 4] = (min(20 * number, 255), 0, 0)
        frames.append(frame)
    return frames


def frame_number(image: Image) -> int:
    """The number `face_frames` wrote into a frame, after coding."""
    height, width = image.shape[:2]
    patch = image[height // 16 : height // 6, width // 16 : width // 6, 0]
    return round(float(np.median(patch)) / 20)


P = ParamSpec("P")


def _elsewhere_if_it_fails(
    encode: Callable[Concatenate[Iterable[Image], P], bytes],
) -> Callable[Concatenate[Iterable[Image], P], bytes]:
    """Once in some ten runs of all tests FFmpeg writes no headers ("not yet implemented") as long as a process lives;
    another process does."""

    @wraps(encode)
    def wrapper(frames: Iterable[Image], *args: P.args, **kwargs: P.kwargs) -> bytes:
        frames = list(frames)
        try:
            return encode(frames, *args, **kwargs)
        except av.error.PatchWelcomeError:
            with ProcessPoolExecutor(1, get_context("spawn")) as other:
                return other.submit(_encode_there, frames, args, kwargs).result()

    return wrapper


def _encode_there(frames: list[Image], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    encoded: bytes = encode_video.__wrapped__(frames, *args, **kwargs)  # type: ignore[attr-defined]
    return encoded


@_elsewhere_if_it_fails
def encode_video(
    frames: Iterable[Image],
    codec: str = "libx264",
    container: str = "mp4",
    fps: int = 12,
    *,
    rotation: int = 0,
    times: Sequence[float] | None = None,
    audio: bool = False,
    gop: int | None = None,
    pix_fmt: str | None = None,
    codec_options: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
) -> bytes:
    """Encode frames. rotation: degrees counter-clockwise by which a player must rotate them. times: of the frames in
    seconds, for a variable frame rate. audio: add a silent track. gop: frames between key frames."""
    target = io.BytesIO()
    frames = list(frames)
    with av.open(target, "w", format=MUXERS[container], options=options or {}) as out:
        stream: Any = out.add_stream(codec, rate=fps, options={**_FAST.get(codec, {}), **(codec_options or {})})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix_fmt or ("yuvj420p" if codec == "mjpeg" else "yuv420p")
        stream.codec_context.thread_count = 1
        stream.bit_rate = 2_000_000
        if gop:
            stream.codec_context.gop_size = gop
        if rotation:
            stream.set_display_rotation(rotation)
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        sound: Any = out.add_stream(_sound(container), rate=48000, layout="mono") if audio else None
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number if times is None else round(times[number] * 1000)
            frame.time_base = Fraction(1, fps if times is None else 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if sound is not None:
            _mux_silence(out, sound, len(frames) / fps)
    return target.getvalue()


def encode_audio(seconds: float = 1.0, container: str = "mp4") -> bytes:
    """A file with a silent audio track only."""
    target = io.BytesIO()
    with av.open(target, "w", format=MUXERS[container]) as out:
        sound: Any = out.add_stream(_sound(container), rate=48000, layout="mono")
        _mux_silence(out, sound, seconds)
    return target.getvalue()


def with_sound(seconds: int, codec: str = "pcm_s16le", rate: int = 48_000, container: str = "mov") -> bytes:
    """A video of one frame per second with mono sound, which is in chunks of a second if it is not compressed."""
    target = io.BytesIO()
    frames = face_frames(12)
    with av.open(target, "w", format=MUXERS[container]) as out:
        stream: Any = out.add_stream("libx264", rate=1, options=_FAST["libx264"])
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        sound: Any = out.add_stream(codec, rate=rate, layout="mono")
        for second in range(seconds):
            frame = av.VideoFrame.from_ndarray(frames[second % 12], format="rgb24")
            frame.pts, frame.time_base = second, Fraction(1, 1)
            out.mux(stream.encode(frame))
            noise = av.AudioFrame.from_ndarray(np.zeros((1, rate), np.int16), format="s16", layout="mono")
            noise.rate, noise.pts = rate, second * rate
            out.mux(sound.encode(noise))
        out.mux(stream.encode(None))
        out.mux(sound.encode(None))
    return target.getvalue()


def faststart(data: bytes) -> bytes:
    """An mp4 or mov with its `moov` box moved before `mdat`, so that a truncated file still contains it."""
    parts: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        parts[data[at + 4 : at + 8]] = data[at : at + size]
        at += size
    moov = bytearray(parts.pop(b"moov"))
    for match in re.finditer(rb"stco", bytes(moov)):
        count = int.from_bytes(moov[match.end() + 4 : match.end() + 8], "big")
        for place in range(match.end() + 8, match.end() + 8 + 4 * count, 4):
            offset = int.from_bytes(moov[place : place + 4], "big") + len(moov)
            moov[place : place + 4] = offset.to_bytes(4, "big")
    return parts.pop(b"ftyp") + bytes(moov) + b"".join(parts.values())


def _sound(container: str) -> str:
    return {"webm": "libopus", "avi": "pcm_s16le"}.get(container, "aac")


def _mux_silence(out: Any, sound: Any, seconds: float) -> None:
    size = 960
    for start in range(0, int(48000 * seconds), size):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, size), np.int16), format="s16", layout="mono")
        frame.rate, frame.pts = 48000, start
        out.mux(sound.encode(frame))
    out.mux(sound.encode(None))


def jpeg(image: Image, quality: int = 90) -> bytes:
    """A picture as JPEG bytes."""
    return bytes(cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def png(image: Image) -> bytes:
    """A picture as PNG bytes."""
    return bytes(cv2.imencode(".png", image[:, :, ::-1])[1])


def make_zip(members: Iterable[tuple[str | zipfile.ZipInfo, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of (name or ZipInfo, bytes), in the order given."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as out:
        for name, data in members:
            out.writestr(name, data)
    return target.getvalue()


def make_tar(
    members: Iterable[tuple[str | tarfile.TarInfo, bytes]], *, gzip: bool = False, form: int = tarfile.PAX_FORMAT
) -> bytes:
    """A tar, or tar.gz, of (name or TarInfo, bytes), in the order given."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz" if gzip else "w", format=form) as out:
        for name, data in members:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            if info.isreg():
                info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return target.getvalue()
