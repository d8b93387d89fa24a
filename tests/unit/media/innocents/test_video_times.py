"""Videos as real devices and programs write them, of a face: each is read, with the right frames."""

from __future__ import annotations

import io
from typing import Any

import av
import pytest

from faceVer.domain.errors import SampleError
from faceVer.media.limits import MediaLimits
from faceVer.media.video import read_video
from tests.support_media import MUXERS, encode_video, face_frames, frame_number, with_sound

FRAMES = face_frames(6, 320, 240)
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


def numbers(data: bytes) -> list[int]:
    return [frame_number(frame.image) for frame in read_video(data, limits=MediaLimits()).frames]


STYP = b"\0\0\0\x18stypmsdh\0\0\0\0msdhmsix"


@pytest.mark.parametrize("first", [STYP, b"\0\0\0\x08styp", b"\0\0\0\x08free", b"\0\0\0\x18uuid" + bytes(16)])
@pytest.mark.parametrize(("container", "mime"), [("mp4", "video/mp4"), ("mov", "video/quicktime")])
def test_other_boxes_may_precede_the_file_type(first: bytes, container: str, mime: str) -> None:
    data = first + encode_video(FRAMES, container=container, options=FRAGMENTED)
    assert numbers(data) == [0, 1, 2, 3, 4, 5]
    assert read_video(data, limits=MediaLimits()).info.mime_type == mime


@pytest.mark.parametrize(
    ("codec", "rate", "seconds"),
    [("pcm_s16le", 48_000, 43), ("pcm_s16be", 44_100, 170), ("pcm_alaw", 8_000, 179), ("pcm_s24le", 96_000, 50)],
)
def test_uncompressed_sound_of_any_length(codec: str, rate: int, seconds: int) -> None:
    video = read_video(with_sound(seconds, codec, rate), limits=MediaLimits())
    assert (video.info.frames, video.info.duration, len(video.frames)) == (seconds, seconds, 16)
    assert [frame_number(frame.image) for frame in video.frames] == [frame.index % 12 for frame in video.frames]


def with_times(data: bytes, container: str, changes: dict[int, tuple[int, int, int]]) -> bytes:
    """The same coded frames; changes: frame -> what is added to its presentation and decoding time, its duration."""
    target = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(target, "w", format=MUXERS[container]) as out:
        track = source.streams.video[0]
        stream: Any = out.add_stream_from_template(track)
        for number, packet in enumerate([packet for packet in source.demux(track) if packet.size]):
            shown, coded, duration = changes.get(number, (0, 0, packet.duration or 0))
            assert packet.pts is not None
            assert packet.dts is not None
            packet.stream, packet.pts, packet.dts = stream, packet.pts + shown, packet.dts + coded
            packet.duration = duration
            out.mux(packet)
    return target.getvalue()


LATE = 10_000_000
"""Ticks: 650 seconds at least."""
WRONG_TIMES = {
    "the second": {1: (LATE, 0, 1)},
    "one": {5: (LATE, 0, 1)},
    "the last": {11: (LATE, LATE, 1)},
    "the last duration": {11: (0, 0, LATE)},
    "all from one on": dict.fromkeys(range(5, 12), (LATE, LATE, 1)),
}


@pytest.mark.parametrize("wrong", WRONG_TIMES)
@pytest.mark.parametrize(
    ("codec", "container"), [("libx264", "mp4"), ("libx264", "mov"), ("libvpx", "webm"), ("libx264", "mkv")]
)
def test_a_wrong_time_makes_a_video_no_longer(codec: str, container: str, wrong: str) -> None:
    plain = encode_video(face_frames(12), codec, container)
    video = read_video(with_times(plain, container, WRONG_TIMES[wrong]), limits=MediaLimits())
    assert video.info.frames == 12
    assert video.info.duration == pytest.approx(1, abs=0.1)
    assert [frame_number(frame.image) for frame in video.frames] == list(range(12))


def test_a_wrong_time_among_frames_that_refer_to_later_ones() -> None:
    """The decoding time says about where the frame belongs; one that then shares its time with another may be lost."""
    options = {"preset": "medium", "x264-params": "bframes=3:b-adapt=0"}
    plain = encode_video(face_frames(12), codec_options=options)
    for number in range(12):
        data = with_times(plain, "mp4", {number: (LATE, LATE if number == 11 else 0, 1)})
        shown = numbers(data)
        assert shown == sorted(set(shown))
        assert len(shown) >= 10


@pytest.mark.parametrize("pauses", [(10_000,), (100, 100), (1, 95, 1, 95, 1)])
def test_pauses_of_long_videos_stay(pauses: tuple[float, ...]) -> None:
    times = [0.0]
    for pause in pauses:
        times += [times[-1] + pause]
    with pytest.raises(SampleError, match="longer than 180 s"):
        read_video(encode_video(FRAMES[: len(times)], times=times), limits=MediaLimits())
