from __future__ import annotations

import io
import re
import struct
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceVer.domain.errors import SampleError
from faceVer.media import video, video_frames
from faceVer.media.limits import MediaLimits
from faceVer.media.video import Video, read_video
from faceVer.media.video_frames import orientation
from tests.hostile.made import replaced
from tests.support_media import (
    encode_audio,
    encode_video,
    face_frames,
    face_image,
    faststart,
    frame_number,
    jpeg,
    make_zip,
)

LIMITS = MediaLimits()
FRAMES = face_frames()
CODECS = [
    ("libx264", "mp4", "video/mp4"),
    ("libx264", "mov", "video/quicktime"),
    ("libx264", "mkv", "video/x-matroska"),
    ("libx264", "avi", "video/x-msvideo"),
    ("libx265", "mp4", "video/mp4"),
    ("libx265", "mkv", "video/x-matroska"),
    ("libvpx", "webm", "video/webm"),
    ("libvpx-vp9", "webm", "video/webm"),
    ("libvpx-vp9", "mp4", "video/mp4"),
    ("mpeg4", "mp4", "video/mp4"),
    ("mpeg4", "avi", "video/x-msvideo"),
    ("mjpeg", "avi", "video/x-msvideo"),
    ("mjpeg", "mov", "video/quicktime"),
]


def numbers(clip: Video) -> list[int]:
    return [frame_number(frame.image) for frame in clip.frames]


def assert_rejected(data: bytes, word: str | None = None, limits: MediaLimits = LIMITS) -> None:
    with pytest.raises(SampleError, match=word):
        read_video(data, limits=limits)


@pytest.mark.parametrize("audio", [False, True])
@pytest.mark.parametrize(("codec", "container", "mime"), CODECS)
def test_every_frame_of_a_short_clip(codec: str, container: str, mime: str, audio: bool) -> None:
    clip = read_video(encode_video(FRAMES, codec, container, audio=audio), limits=LIMITS)
    info = clip.info
    assert (info.width, info.height, info.frames, info.mime_type) == (320, 240, 12, mime)
    assert info.duration == pytest.approx(1.0, abs=0.1)
    assert info.fps == pytest.approx(12, rel=0.01)
    assert numbers(clip) == [frame.index for frame in clip.frames] == list(range(12))
    assert [frame.time for frame in clip.frames] == pytest.approx([n / 12 for n in range(12)], abs=0.002)
    frame = clip.frames[6].image
    assert (frame.shape, frame.dtype, frame.flags.c_contiguous) == ((240, 320, 3), np.uint8, True)
    error = np.abs(frame.astype(int) - FRAMES[6].astype(int))[60:].mean()
    assert error < 12, "colours or lines are not where they were"


@pytest.mark.parametrize(
    ("codec", "container", "options"),
    [
        ("libx264", "mp4", {"preset": "medium"}),
        ("libx264", "mkv", {"preset": "medium", "x264-params": "open-gop=1"}),
        ("libx265", "mp4", {}),
        ("libvpx", "webm", {"auto-alt-ref": "1", "lag-in-frames": "10"}),
        ("libvpx-vp9", "webm", {}),
        ("mpeg4", "avi", {"bf": "2"}),
    ],
)
@pytest.mark.parametrize("gop", [6, 250])
def test_sampled_frames_are_identical_to_those_of_a_full_decode(
    codec: str, container: str, options: dict[str, str], gop: int
) -> None:
    pictures = [face_image(160, 120, shift=n / 47) for n in range(48)]
    data = encode_video(pictures, codec, container, 24, gop=gop, codec_options=options)
    with av.open(io.BytesIO(data)) as source:
        whole = [frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)]
    clip = read_video(data, limits=MediaLimits(frames=5))
    assert [frame.index for frame in clip.frames] == pytest.approx([4, 14, 23, 33, 42], abs=1)
    for frame in clip.frames:
        assert np.array_equal(frame.image, whole[frame.index])


def test_frames_are_even_in_time_when_their_rate_varies() -> None:
    times = [0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 1.1, 2.1, 3]
    for codec, container in (("libx264", "mp4"), ("libvpx", "webm")):
        clip = read_video(encode_video(FRAMES, codec, container, times=times), limits=MediaLimits(frames=3))
        assert numbers(clip) == [frame.index for frame in clip.frames] == [8, 9, 10]
        assert [frame.time for frame in clip.frames] == pytest.approx([0.08, 1.1, 2.1], abs=0.01)
        assert clip.info.duration == pytest.approx(3, abs=1.1)


@pytest.mark.parametrize(("rotation", "turns"), [(0, 0), (90, 1), (180, 2), (-90, 3), (270, 3)])
@pytest.mark.parametrize("container", ["mp4", "mov", "mkv"])
def test_rotation_is_applied(rotation: int, turns: int, container: str) -> None:
    clip = read_video(encode_video(FRAMES[:3], container=container, rotation=rotation), limits=LIMITS)
    expected = np.rot90(FRAMES[1], turns)
    assert clip.frames[1].image.shape == expected.shape
    assert (clip.info.height, clip.info.width) == expected.shape[:2]
    assert np.abs(clip.frames[1].image.astype(int) - expected.astype(int)).mean() < 12


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((1, 0, 0, 1), (False, 0)),
        ((0, 1, -1, 0), (False, 3)),
        ((-1, 0, 0, -1), (False, 2)),
        ((0, -1, 1, 0), (False, 1)),
        ((-1, 0, 0, 1), (True, 0)),
        ((1, 0, 0, -1), (True, 2)),
        ((0, 1, 1, 0), (True, 1)),
        ((0, 0, 0, 0), (False, 0)),
    ],
)
def test_display_matrices(matrix: tuple[int, ...], expected: tuple[bool, int]) -> None:
    a, b, c, d = (value << 16 for value in matrix)
    assert orientation(struct.pack("9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)) == expected
    mirrored, turns = orientation(struct.pack("9i", a, b, 0, c, d, 0, 0, 0, 1 << 30))
    grid = np.arange(6).reshape(2, 3)
    moved = np.rot90(grid[:, ::-1] if mirrored else grid, turns)
    assert orientation(None) == orientation(b"junk") == (False, 0)
    if any(matrix):  # every pixel lands where the matrix sends it
        points = np.array([[y, x] for y in (-1, 1) for x in (-1, 0, 1)])
        a, b, c, d = matrix
        sent = {(y * d + x * b, y * c + x * a): value for (y, x), value in zip(points, grid.flat, strict=True)}
        assert [sent[key] for key in sorted(sent)] == list(moved.flat)


def test_large_frames_are_scaled_and_their_size_kept() -> None:
    clip = read_video(encode_video(face_frames(3, 640, 480)), limits=MediaLimits(side=320))
    assert clip.frames[0].image.shape == (240, 320, 3)
    assert (clip.info.width, clip.info.height) == (640, 480)
    assert numbers(clip) == [0, 1, 2]


def test_pixels_that_are_not_square_are_scaled() -> None:
    data = encode_video(FRAMES[:2], codec_options={"x264-params": "sar=2/1"})
    assert read_video(data, limits=LIMITS).frames[0].image.shape == (240, 640, 3)


@pytest.mark.parametrize("part", [0.3, 0.5, 0.7, 0.9, 0.99])
@pytest.mark.parametrize("form", ["mp4", "fragmented", "webm", "mkv", "avi"])
def test_a_truncated_video_gives_the_frames_it_has(form: str, part: float) -> None:
    data = {
        "mp4": lambda: faststart(encode_video(FRAMES, gop=4, audio=True)),
        "fragmented": lambda: encode_video(FRAMES, gop=4, options={"movflags": "frag_keyframe+empty_moov"}),
        "webm": lambda: encode_video(FRAMES, "libvpx", "webm", gop=4),
        "mkv": lambda: encode_video(FRAMES, "libx264", "mkv", gop=4),
        "avi": lambda: encode_video(FRAMES, "mpeg4", "avi", gop=4),
    }[form]()
    clip = read_video(data[: int(len(data) * part)], limits=LIMITS)
    found = numbers(clip)
    assert found[:2] == [0, 1][: len(found)]
    assert found == sorted(found)
    assert len(found) >= int(12 * part) - 6


def test_a_video_cut_before_its_header_is_rejected() -> None:
    data = encode_video(FRAMES)
    for part in (20, 60, 2000, len(data) // 2):
        assert_rejected(data[:part])


@pytest.mark.parametrize("container", ["mp4", "mov", "webm", "mkv", "avi"])
def test_sound_alone_is_rejected(container: str) -> None:
    assert_rejected(encode_audio(container=container), "no video stream")


def test_other_kinds_are_rejected() -> None:
    assert_rejected(jpeg(FRAMES[0]), "a video is expected")
    assert_rejected(make_zip([]), "a video is expected")
    assert_rejected(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")


@pytest.mark.parametrize(("codec", "container"), [("ffv1", "mkv"), ("prores_ks", "mov")])
def test_other_codecs_are_rejected(codec: str, container: str) -> None:
    pix_fmt = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
    assert_rejected(encode_video(FRAMES[:2], codec, container, pix_fmt=pix_fmt), "not supported")


def test_a_cover_picture_is_not_a_video_stream() -> None:
    target = io.BytesIO()
    with av.open(target, "w", format="matroska") as out:
        sound: Any = out.add_stream("aac", rate=48000, layout="mono")
        cover: Any = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 320, 240, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        out.mux(cover.encode(av.VideoFrame.from_ndarray(FRAMES[0], format="rgb24")))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), format="s16", layout="mono")
        silence.rate = 48000
        out.mux(sound.encode(silence))
        out.mux(sound.encode(None))
    try:  # where the muxer keeps the mark, the picture is not taken for a video
        assert len(read_video(target.getvalue(), limits=LIMITS).frames) == 1
    except SampleError as error:
        assert "no video stream" in str(error)  # noqa: PT017


def huge_mjpeg() -> bytes:
    """An avi whose every picture declares 30000x30000."""
    data = bytearray(encode_video(FRAMES[:2], "mjpeg", "avi"))
    for match in re.finditer(rb"\xff\xc0\x00\x11\x08", bytes(data)):
        data[match.end() : match.end() + 4] = struct.pack(">HH", 30000, 30000)
    at = data.find(b"strf")
    data[at + 12 : at + 20] = struct.pack("<ii", 30000, 30000)
    return bytes(data)


def huge_h264() -> bytes:
    """An avi that declares 320x240, whose H.264 sequence parameters declare 30000x30000."""
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt, context.time_base = 320, 240, "yuv420p", Fraction(1, 12)
    context.options = {"profile": "baseline", "preset": "ultrafast"}
    coded = b"".join(bytes(p) for p in [*context.encode(av.VideoFrame.from_ndarray(FRAMES[0])), *context.encode(None)])
    start = coded.find(b"\0\0\1\x67") + 7  # past profile, constraints and level
    end = coded.find(b"\0\0\1", start)
    bits = "".join(f"{byte:08b}" for byte in coded[start:end])
    at = 0
    for _ in range(4):  # the id, and three Exp-Golomb numbers as picture order of type 2 has none of its own
        at += 2 * (bits.index("1", at) - at) + 1
    head, at = bits[: at + 1], at + 1
    for _ in range(2):
        at += 2 * (bits.index("1", at) - at) + 1
    side = f"{1875:b}".rjust(21, "0")  # macroblocks
    changed = head + side + side + bits[at:]
    changed = changed[: len(changed) // 8 * 8]
    sps = bytes(int(changed[place : place + 8], 2) for place in range(0, len(changed), 8))
    target = io.BytesIO()
    with av.open(target, "w", format="avi") as out:
        stream: Any = out.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        packet = av.Packet(coded[:start] + sps + coded[end:])
        packet.stream, packet.pts, packet.dts, packet.time_base = stream, 0, 0, Fraction(1, 12)
        packet.is_keyframe = True
        out.mux(packet)
    return target.getvalue()


def test_too_large_frames_are_rejected_before_a_decoder_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_frames, "_send", lambda *_: pytest.fail("a packet was decoded"))
    assert_rejected(huge_mjpeg(), "larger than allowed")
    assert_rejected(encode_video(FRAMES[:2]), "320x240", MediaLimits(max_video_pixels=320 * 240 - 1))
    assert_rejected(encode_video(FRAMES[:2]), "320x240", MediaLimits(max_pixels=320 * 240 - 1))


def test_a_size_declared_in_the_stream_itself_is_rejected() -> None:
    data = bytearray(huge_mjpeg())
    at = data.find(b"strf")
    data[at + 12 : at + 20] = struct.pack("<ii", 320, 240)
    assert_rejected(bytes(data))
    assert_rejected(huge_h264())


def test_frames_that_grow_in_the_middle_are_not_decoded() -> None:
    target = io.BytesIO()
    with av.open(target, "w", format="avi") as out:
        stream: Any = out.add_stream("mjpeg", rate=12)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuvj420p"
        for number in range(6):
            packet = av.Packet(jpeg(face_image(320, 240) if number < 4 else face_image(1280, 960)))
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, number, number, Fraction(1, 12)
            packet.is_keyframe = True
            out.mux(packet)
    assert [frame.width for frame in read_video(target.getvalue(), limits=LIMITS).frames] == [320] * 4 + [1280] * 2
    clip = read_video(target.getvalue(), limits=MediaLimits(max_video_pixels=640 * 480))
    assert [frame.width for frame in clip.frames] == [320] * 4


@pytest.mark.parametrize(("codec", "container"), [("libx264", "mp4"), ("libvpx", "webm"), ("libx264", "mkv")])
def test_too_long_a_video_is_rejected(codec: str, container: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hours = encode_video(FRAMES, codec, container, times=[900.0 * number for number in range(12)])
    monkeypatch.setattr(video_frames, "_send", lambda *_: pytest.fail("a packet was decoded"))
    assert_rejected(hours, "longer than 180 s")
    assert_rejected(encode_video(FRAMES, codec, container), "longer than 0.5 s", MediaLimits(max_video_seconds=0.5))


def test_too_many_frames_are_rejected() -> None:
    assert_rejected(encode_video(FRAMES), "more than 11 frames", MediaLimits(max_video_frames=11))


def test_above_the_work_limit_only_key_frames_are_taken() -> None:
    data = encode_video(FRAMES, gop=4, codec_options={"x264-params": "scenecut=0"})
    clip = read_video(data, limits=MediaLimits(max_video_work=320 * 240 * 8))
    assert numbers(clip) == [0, 4, 8]


def test_nothing_outside_the_file_is_opened(tmp_path: Any) -> None:
    """A track whose data reference names another file gives no picture of that file."""
    other = tmp_path / "other.mov"
    other.write_bytes(encode_video(FRAMES, container="mov"))
    data = other.read_bytes()
    name = str(other).encode()
    alias = (
        struct.pack(">4xHH", 0, 2)
        + bytes(2)
        + bytes([4])
        + b"disk".ljust(27, b"\0")
        + bytes(12)
        + bytes([len(other.name)])
        + other.name.encode().ljust(63, b"\0")
        + bytes(16)
        + struct.pack(">hh", 1, 1)
        + bytes(16)
        + struct.pack(">hH", 2, len(name))
        + name
        + bytes(len(name) % 2)
        + struct.pack(">hH", -1, 0)
    )
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    dref = struct.pack(">I4sII", 16 + len(entry), b"dref", 0, 1) + entry
    opened: list[str] = []
    real = video._refuse_to_open

    def watch(url: str, flags: int, options: dict[str, str]) -> Any:
        opened.append(url)
        return real(url, flags, options)

    moov = data[data.rfind(b"moov") - 4 :]
    changed = replaced(moov, [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"], dref)
    start = data[: data.rfind(b"moov") - 4]
    blank = start[:64] + bytes(len(start) - 64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(video, "_refuse_to_open", watch)
        assert_rejected(blank + changed)
    assert opened == []


TINY = face_frames(6, 64, 48)
VALID = [
    encode_video(TINY),
    encode_video(TINY, container="mov", audio=True),
    faststart(encode_video(TINY, rotation=90)),
    encode_video(TINY, options={"movflags": "frag_keyframe+empty_moov"}),
    encode_video(TINY, "libx265"),
    encode_video(TINY, "libvpx", "webm", audio=True),
    encode_video(TINY, "libvpx-vp9", "webm"),
    encode_video(TINY, "mpeg4", "avi", audio=True),
    encode_video(TINY, "mjpeg", "avi"),
    encode_video(TINY, container="mkv"),
]
HEADS = [
    b"\0\0\0\x18ftypisom\0\0\0\0isomavc1",
    b"\0\0\0\x08moov",
    b"\0\0\0\x08wide",
    b"\x1aE\xdf\xa3",
    bytes.fromhex("1A45DFA3 87 4282 84") + b"webm",
    b"RIFF\xff\xff\0\0AVI LIST",
    VALID[5][:300],
    VALID[7][:300],
    VALID[2][:500],
]
FUZZ = MediaLimits(frames=4, max_video_pixels=1_000_000)


def survives(data: bytes) -> None:
    try:
        clip = read_video(data, limits=FUZZ)
    except SampleError:
        return
    assert 1 <= len(clip.frames) <= FUZZ.frames
    assert clip.info.duration <= FUZZ.max_video_seconds
    times = [frame.time for frame in clip.frames]
    assert times == sorted(times)
    for frame in clip.frames:
        assert max(frame.width, frame.height) <= FUZZ.side


@settings(max_examples=100)
@given(st.sampled_from(HEADS), st.binary(max_size=2000))
def test_any_bytes_behind_a_magic(head: bytes, tail: bytes) -> None:
    survives(head + tail)


@settings(max_examples=300)
@given(st.data())
def test_any_damage(data: st.DataObject) -> None:
    damaged = bytearray(data.draw(st.sampled_from(VALID)))
    for _ in range(data.draw(st.integers(1, 5))):
        edge = data.draw(st.booleans())  # the containers' own tables are near the edges
        place = data.draw(st.integers(-1200, 1200) if edge else st.integers(0, len(damaged) - 1))
        place = max(-len(damaged), min(place, len(damaged) - 1))
        damaged[place] = data.draw(st.sampled_from([0, 1, 127, 128, 255]) | st.integers(0, 255))
    end = data.draw(st.none() | st.integers(1, len(damaged)))
    survives(bytes(damaged[:end]))
