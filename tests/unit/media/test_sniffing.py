from __future__ import annotations

import bz2
import contextlib
import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from faceVer.domain.errors import SampleError
from faceVer.media.sniffing import identify
from tests.support_media import encode_audio, encode_video, face_frames, face_image, jpeg, make_tar, make_zip


@pytest.mark.parametrize(
    ("form", "mime"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("BMP", "image/bmp"),
        ("TIFF", "image/tiff"),
        ("GIF", "image/gif"),
    ],
)
def test_pictures(form: str, mime: str) -> None:
    target = io.BytesIO()
    Pillow.fromarray(face_image(64, 48)).save(target, form)
    assert identify(target.getvalue()) == ("image", mime)


@pytest.mark.parametrize(
    ("brand", "kind", "mime"),
    [
        ("heic", "image", "image/heic"),
        ("heix", "image", "image/heic"),
        ("mif1", "image", "image/heif"),
        ("avif", "image", "image/avif"),
        ("avis", "image", "image/avif"),
        ("isom", "video", "video/mp4"),
        ("mp42", "video", "video/mp4"),
        ("qt  ", "video", "video/quicktime"),
        ("3gp5", "video", "video/3gpp"),
    ],
)
def test_the_brand_tells_pictures_from_videos(brand: str, kind: str, mime: str) -> None:
    head = b"\0\0\0\x18ftyp" + brand.encode() + b"\0\0\0\0mif1isom"
    assert identify(head) == (kind, mime)


@pytest.mark.parametrize("first", ["moov", "mdat", "wide", "free", "skip", "udta", "uuid", "styp"])
def test_a_quicktime_file_without_a_brand(first: str) -> None:
    assert identify(b"\0\0\0\x08" + first.encode()) == ("video", "video/quicktime")


@pytest.mark.parametrize(
    ("codec", "container", "mime"),
    [
        ("libx264", "mp4", "video/mp4"),
        ("libx264", "mov", "video/quicktime"),
        ("libvpx", "webm", "video/webm"),
        ("libx264", "mkv", "video/x-matroska"),
        ("mpeg4", "avi", "video/x-msvideo"),
    ],
)
def test_videos(codec: str, container: str, mime: str) -> None:
    data = encode_video(face_frames(2, 64, 48), codec, container)
    assert identify(data) == ("video", mime)


def test_sound_alone_has_a_video_container() -> None:
    assert identify(encode_audio())[0] == "video"


def test_archives() -> None:
    members = [("a.jpg", jpeg(face_image(64, 48)))]
    assert identify(make_zip(members)) == identify(make_zip([])) == ("archive", "application/zip")
    assert identify(make_tar(members, gzip=True)) == ("archive", "application/gzip")
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        assert identify(make_tar(members, form=form)) == ("archive", "application/x-tar")


def test_a_tar_older_than_its_magic() -> None:
    block = bytearray(512)
    block[:5], block[100:107], block[124:135] = b"a.jpg", b"0000644", b"00000000000"
    block[148:156] = b"%06o\0 " % (sum(block) + 8 * 32)
    assert identify(bytes(block))[0] == "archive"
    block[0] ^= 1
    with pytest.raises(SampleError):
        identify(bytes(block))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"Rar!\x1a\x07\x01\0", "RAR"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (bz2.compress(b"x"), "bzip2"),
        (b"%PDF-1.7", "PDF"),
        (b"hello", "no known"),
        (b"BM" + b"\0" * 30, "no known"),
        (b"RIFF\0\0\0\0WAVEfmt ", "no known"),
        (b"\0" * 600, "no known"),
        (b"#EXTM3U\nhttp://host/a.ts", "no known"),
        (b"ffconcat version 1.0", "no known"),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1", "no known"),
        (b"<?xml version='1.0'?><MPD>", "no known"),
    ],
)
def test_other_kinds_are_rejected(data: bytes, word: str) -> None:
    with pytest.raises(SampleError, match=word):
        identify(data)


@settings(max_examples=300)
@given(st.binary(max_size=600))
def test_any_bytes(data: bytes) -> None:
    with contextlib.suppress(SampleError):
        assert identify(data)[0] in ("image", "video", "archive")
