"""Files that are stored before they are analysed: their size, clock and thumbnail, decoded once."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pil

from faceVer.domain.analyses import JpegImage
from faceVer.domain.errors import SampleError
from faceVer.domain.folders import MediaKind
from faceVer.domain.values import Image
from faceVer.media.decoder import Decoder
from faceVer.media.limits import MediaLimits
from faceVer.services.folders.thumbnails import examine_file
from tests.support_faces import turned_away
from tests.support_media import encode_video, face_frames, jpeg, make_tar, make_zip, png

DECODER, LIMITS = Decoder(), MediaLimits()
SIDE = 160
FRAMES = face_frames(6, 320, 240)


def decoded(picture: JpegImage | None) -> Image:
    """The pixels of a thumbnail, whose size must be the one it claims."""
    assert picture is not None
    with Pil.open(io.BytesIO(picture.jpeg)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (picture.width, picture.height))
        return np.asarray(image)


def likeness(thumbnail: JpegImage | None, frame: Image) -> float:
    """Mean difference, in grey values, of a thumbnail and a frame of its size."""
    pixels = decoded(thumbnail)
    small = Pil.fromarray(frame).resize(pixels.shape[1::-1], Pil.Resampling.LANCZOS)
    return float(np.abs(pixels.astype(int) - np.asarray(small).astype(int)).mean())


def test_a_photo() -> None:
    seen = examine_file(DECODER, jpeg(FRAMES[0]), "image", LIMITS, SIDE)
    assert (seen.width, seen.height, seen.duration, seen.fps) == (320, 240, None, None)
    assert decoded(seen.thumbnail).shape == (120, 160, 3)
    assert likeness(seen.thumbnail, FRAMES[0]) < 5


def test_the_thumbnail_of_a_video_is_its_first_frame() -> None:
    seen = examine_file(DECODER, encode_video(FRAMES, fps=4), "video", LIMITS, SIDE)
    assert (seen.width, seen.height) == (320, 240)
    assert (seen.duration, seen.fps) == pytest.approx((1.5, 4.0))
    assert likeness(seen.thumbnail, FRAMES[0]) < likeness(seen.thumbnail, FRAMES[-1])
    assert likeness(seen.thumbnail, FRAMES[0]) < 8


@pytest.mark.parametrize("pack", [make_zip, make_tar])
def test_the_thumbnail_of_an_archive_is_its_first_picture(pack: object) -> None:
    assert callable(pack)
    pictures = [("1.jpg", jpeg(FRAMES[0])), ("2.jpg", jpeg(np.zeros((64, 64, 3), np.uint8)))]
    seen = examine_file(DECODER, pack(pictures), "shots_set", LIMITS, SIDE)
    assert (seen.width, seen.height, seen.duration, seen.fps) == (320, 240, None, None)
    assert likeness(seen.thumbnail, FRAMES[0]) < 5


def test_a_turned_photo_is_upright() -> None:
    upright = np.ascontiguousarray(np.rot90(FRAMES[0]))
    seen = examine_file(DECODER, turned_away(Pil.fromarray(upright), 6), "image", LIMITS, SIDE)
    assert (seen.width, seen.height) == (240, 320)
    assert decoded(seen.thumbnail).shape == (160, 120, 3)
    assert likeness(seen.thumbnail, upright) < 5


def test_no_thumbnail_where_none_is_wanted() -> None:
    assert examine_file(DECODER, jpeg(FRAMES[0]), "image", LIMITS, 0).thumbnail is None


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 120))
@settings(max_examples=40, deadline=None)
def test_thumbnails_keep_the_aspect_and_never_enlarge(width: int, height: int, side: int) -> None:
    seen = examine_file(DECODER, png(np.full((height, width, 3), 90, np.uint8)), "image", LIMITS, side)
    assert (seen.width, seen.height) == (width, height)
    thumb = seen.thumbnail
    pixels = decoded(thumb)
    assert thumb is not None
    scale = min(1.0, side / max(width, height))
    assert max(thumb.width, thumb.height) == min(side, max(width, height))
    assert abs(thumb.width - width * scale) <= 1
    assert abs(thumb.height - height * scale) <= 1
    assert np.abs(pixels.astype(int) - 90).max() <= 3


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image", jpeg(FRAMES[0])[:200]),
        ("image", b""),
        ("video", encode_video(FRAMES, fps=4)[:300]),
        ("video", b"\x00\x00\x00\x18ftypmp42"),
        ("shots_set", make_zip([("1.txt", b"no picture")])),
        ("shots_set", make_zip([("1.jpg", jpeg(FRAMES[0]))])[:100]),
    ],
    ids=["cut photo", "empty", "cut video", "video without tracks", "archive of texts", "cut archive"],
)
def test_what_cannot_be_read_is_a_sample_error(kind: MediaKind, data: bytes) -> None:
    with pytest.raises(SampleError):
        examine_file(DECODER, data, kind, LIMITS, SIDE)
