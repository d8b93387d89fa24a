from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from faceVer.media import image_colour
from faceVer.media.coded_colour import coded_to_srgb, needs_conversion
from faceVer.media.image import decode
from tests.support_faces import astronaut, encoded
from tests.unit.media.innocents.profiles import PRIMARIES, cmyk_profile, gray_profile, in_profile, rgb_profile

SMALL = astronaut().resize((64, 64))
P3 = rgb_profile("Display P3")
GRAYS = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
PQ, HLG = 16, 18


@pytest.mark.parametrize("name", PRIMARIES)
def test_a_profile_is_srgb_by_its_name_and_its_red(name: str) -> None:
    assert image_colour.is_srgb(rgb_profile(name)) == (name == "sRGB")


def test_profiles_without_a_table_are_not_srgb() -> None:
    for profile in (b"", b"sRGB", bytes(131), bytes(128) + b"\xff" * 4, bytes(128) + b"\xff" * 400):
        assert not image_colour.is_srgb(profile)


def test_srgb_profiles_are_not_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageCms, "buildTransform", lambda *_, **__: pytest.fail("a profile was applied"))
    data = encoded(SMALL, "PNG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert np.array_equal(decode(data, max_pixels=10_000), np.asarray(SMALL))


@pytest.mark.parametrize("profile", [P3 + b"mpet", P3 + bytes(9 << 20)])
def test_profiles_of_any_number_of_steps_or_bytes_are_not_applied(profile: bytes) -> None:
    assert image_colour.profile_to_srgb(SMALL, profile) is SMALL


def test_a_jpeg_is_converted_alike_by_both_decoders(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(in_profile(SMALL, P3), icc_profile=P3)
    quick = decode(data, max_pixels=10_000)
    monkeypatch.setattr("faceVer.media.image.simplejpeg.decode_jpeg", lambda *_, **__: np.zeros((1, 1, 3), np.uint8))
    assert np.array_equal(decode(data, max_pixels=10_000), quick)


@given(st.data())
def test_a_damaged_profile_never_refuses_a_picture(data: st.DataObject) -> None:
    mode, profile = data.draw(st.sampled_from([("RGB", P3), ("L", gray_profile(1.8)), ("CMYK", cmyk_profile())]))
    damaged = bytearray(profile)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, min(len(damaged), 700) - 1))] = data.draw(
            st.sampled_from((0, 1, 127, 128, 255))
        )
    cut = data.draw(st.none() | st.integers(1, len(damaged)))
    picture = encoded(SMALL.convert(mode), "TIFF", icc_profile=bytes(damaged[:cut]))
    assert decode(picture, max_pixels=10_000).shape == (64, 64, 3)


@pytest.mark.parametrize("transfer", [1, PQ, HLG])
@pytest.mark.parametrize("primaries", [9, 12])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_gray_stays_gray_and_light_stays_in_order(primaries: int, transfer: int, kind: Any) -> None:
    top = np.iinfo(kind).max
    shown = coded_to_srgb((GRAYS.astype(np.uint32) * (top // 255)).astype(kind), primaries, transfer).astype(int)
    assert np.ptp(shown, axis=2).max() <= 1
    assert (np.diff(shown[0, :, 0]) >= 0).all()
    assert shown[0, 0, 0] == 0
    assert shown[0, 255, 0] >= 254
    if transfer == 1:
        assert np.abs(shown - GRAYS).max() <= 1


@pytest.mark.parametrize(("transfer", "white"), [(PQ, 0.5806), (HLG, 0.75)])
def test_white_paper_is_nearly_white(transfer: int, white: float) -> None:
    """The signal of 203 cd/m2 by ITU-R BT.2408."""
    pixels = np.full((1, 1, 3), round(white * 65535), np.uint16)
    assert 240 <= coded_to_srgb(pixels, 9, transfer)[0, 0, 0] <= 250


@pytest.mark.parametrize(
    ("codes", "expected"),
    [((0, 0), False), ((1, 13), False), ((6, 6), False), ((9, 1), True), ((12, 13), True), ((1, PQ), True)],
)
def test_only_wide_gamuts_and_hdr_are_converted(codes: tuple[int, int], expected: bool) -> None:
    assert needs_conversion(*codes) == expected


@pytest.mark.parametrize("name", [b"iCCP", b"zTXt", b"iTXt", b"tEXt"])
def test_chunks_of_a_png_that_pillow_rejects_are_left_out(name: bytes) -> None:
    data = encoded(SMALL, "PNG")
    header = 33
    for contents in (b"name\0\7junk", b"x" * 10, b""):
        chunk = len(contents).to_bytes(4, "big") + name + contents + b"\0\0\0\0"  # a wrong checksum
        assert np.array_equal(decode(data[:header] + chunk + data[header:], max_pixels=10_000), np.asarray(SMALL))


def test_the_orientation_stays_where_chunks_are_left_out() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    SMALL.crop((0, 0, 64, 32)).save(stream, "PNG", exif=exif)
    data = stream.getvalue()
    broken = (4).to_bytes(4, "big") + b"iCCPjunk" + bytes(4)
    assert decode(data[:33] + broken + data[33:], max_pixels=10_000).shape == (64, 32, 3)
