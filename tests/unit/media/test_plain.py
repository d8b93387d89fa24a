"""Which pictures are decoded in the server's process."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from faceVer.media import image
from faceVer.media.decoder import Decoder
from faceVer.media.limits import MediaLimits
from faceVer.media.plain import PNG_PIXELS, is_plain
from faceVer.media.sandbox.pool import Sandbox
from tests import support_faces as faces

PICTURE = faces.astronaut().resize((96, 64))
PICTURE.info.clear()
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def made(kind: str, picture: Image.Image = PICTURE, **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def exif() -> bytes:
    data = Image.Exif()
    data[image.ORIENTATION] = 6
    return data.tobytes()


def multi_scan() -> bytes:
    """A baseline JPEG whose first scan has one of three components, by its header."""
    data = bytearray(made("JPEG"))
    at = data.index(b"\xff\xda") + 4
    data[at] = 1
    return bytes(data)


PLAIN = {
    "JPEG": made("JPEG"),
    "gray JPEG": made("JPEG", PICTURE.convert("L")),
    "JPEG with EXIF data and a comment": made("JPEG", exif=exif(), comment="x" * 60_000),
    "JPEG in sRGB": made("JPEG", icc_profile=SRGB),
    "JPEG with fill bytes": made("JPEG").replace(b"\xff\xdb", b"\xff\xff\xff\xdb"),
    "JPEG and a trailer": made("JPEG") + b"MotionPhoto_Data" + bytes(1000),
    "large JPEG": made("JPEG", Image.new("RGB", (9000, 5000))),
    "PNG": made("PNG"),
    "PNG with alpha": made("PNG", PICTURE.convert("RGBA")),
    "PNG of a palette": made("PNG", PICTURE.convert("P"), transparency=0),
}
OTHER = {
    "progressive JPEG": made("JPEG", progressive=True),
    "CMYK JPEG": made("JPEG", PICTURE.convert("CMYK")),
    "JPEG of several scans": multi_scan(),
    "JPEG without a scan": made("JPEG")[:150],
    "JPEG in another colour space": made("JPEG", icc_profile=SRGB.replace(b"s\0R\0G\0B", b"x\0R\0G\0B")),
    "JPEG with a profile in parts": made("JPEG", icc_profile=SRGB + bytes(70_000)),
    "JPEG with two frames": made("JPEG").replace(b"\xff\xda", b"\xff\xc0\0\x0b\x08\0\x08\0\x08\x01\0\0\0\xff\xda", 1),
    "large PNG": made("PNG", Image.new("L", (2 * PNG_PIXELS // 1000, 1000))),
    "PNG with a profile": made("PNG", icc_profile=SRGB),
    "PNG without pixels": made("PNG")[:40],
    "WebP": made("WEBP"),
    "GIF": made("GIF"),
    "nothing": b"",
    "junk": b"junk",
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain(name: str) -> None:
    assert is_plain(PLAIN[name])


@pytest.mark.parametrize("name", OTHER)
def test_not_plain(name: str) -> None:
    assert not is_plain(OTHER[name])


@pytest.mark.parametrize("name", [*PLAIN, *OTHER])
def test_a_header_cut_anywhere_is_no_error(name: str) -> None:
    data = {**PLAIN, **OTHER}[name]
    pixels = data.find(b"IDAT" if data.startswith(b"\x89PNG") else b"\xff\xda")
    found = [is_plain(data[:end]) for end in range(min(len(data), 4000))]
    assert not any(found[:pixels])


@given(st.sampled_from([*PLAIN.values(), *OTHER.values()]), st.data())
def test_a_damaged_header_is_no_error(data: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(data[:2000])
    for at in draw.draw(st.lists(st.integers(0, max(len(damaged) - 1, 0)), max_size=4)):
        damaged[at : at + 1] = bytes([draw.draw(st.integers(0, 255))])
    assert is_plain(bytes(damaged)) in (True, False)


class Watched(Sandbox):
    """No processes: it only counts."""

    def __init__(self) -> None:
        self.files = 0

    def decode(self, *_: Any) -> Any:
        self.files += 1


@pytest.mark.parametrize("name", ["JPEG", "progressive JPEG"])
def test_the_sandbox_gets_what_is_not_plain(name: str) -> None:
    sandbox = Watched()
    Decoder(sandbox).medium({**PLAIN, **OTHER}[name], "image", MediaLimits())
    assert sandbox.files == (name in OTHER)


def test_videos_and_archives_are_never_plain() -> None:
    sandbox = Watched()
    for kind in ("video", "shots_set"):
        Decoder(sandbox).medium(PLAIN["JPEG"], kind, MediaLimits())  # type: ignore[arg-type]
    assert sandbox.files == 2
