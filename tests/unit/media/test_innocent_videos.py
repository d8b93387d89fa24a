"""Videos as real devices and programs write them, of a face: each is read, with the right frames."""

from __future__ import annotations

import pytest

from faceVer.media.limits import MediaLimits
from faceVer.media.video import read_video
from tests.support_media import encode_video, face_frames, frame_number, with_sound

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
