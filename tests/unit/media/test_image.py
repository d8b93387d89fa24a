"""Image decoding: every form the contract lists, and unreadable files are rejected."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
import zlib

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from faceVer.domain.errors import SampleError
from faceVer.media.image import ORIENTATION, WORKING_SIDE, decode
from tests.support_faces import astronaut, encoded, jpeg, turned_away

LIMIT = 50_000_000
SMALL = astronaut().resize((96, 64))
PIXELS = np.asarray(SMALL)


def gray_of(picture: Image.Image) -> np.ndarray:
    return np.repeat(np.asarray(picture.convert("L"))[:, :, None], 3, axis=2)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_lossless_formats(kind: str) -> None:
    pixels = decode(encoded(SMALL, kind, **({"lossless": True} if kind == "WEBP" else {})), max_pixels=LIMIT)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert np.array_equal(pixels, PIXELS)


@pytest.mark.parametrize("kind", ["JPEG", "HEIF", "AVIF"])
def test_lossy_formats(kind: str) -> None:
    stream = io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(SMALL).save(stream, quality=95)
    else:
        SMALL.save(stream, kind, quality=95)
    pixels = decode(stream.getvalue(), max_pixels=LIMIT)
    assert pixels.shape == PIXELS.shape
    assert np.abs(pixels.astype(int) - PIXELS).mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_exif_orientations(orientation: int, kind: str) -> None:
    assert np.array_equal(decode(turned_away(SMALL, orientation, kind), max_pixels=LIMIT), PIXELS)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_impossible_orientations_are_ignored(value: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = value
    assert decode(encoded(SMALL, "PNG", exif=exif), max_pixels=LIMIT).shape == PIXELS.shape


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_is_ignored() -> None:
    data = jpeg(SMALL, exif=b"Exif\0\0II*\0" + b"\xff" * 40)
    assert decode(data, max_pixels=LIMIT).shape == PIXELS.shape


def test_gray_and_palette_and_bilevel() -> None:
    assert np.array_equal(decode(encoded(SMALL.convert("L"), "PNG"), max_pixels=LIMIT), gray_of(SMALL))
    palette = SMALL.convert("P")
    assert np.array_equal(decode(encoded(palette, "PNG"), max_pixels=LIMIT), np.asarray(palette.convert("RGB")))
    assert set(np.unique(decode(encoded(SMALL.convert("1"), "PNG"), max_pixels=LIMIT))) <= {0, 255}


def test_cmyk() -> None:
    pixels = decode(encoded(SMALL.convert("CMYK"), "JPEG", quality=95), max_pixels=LIMIT)
    assert np.abs(pixels.astype(int) - PIXELS).mean() < 12


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_gray_keeps_its_range(kind: str) -> None:
    gray = np.asarray(SMALL.convert("L"))
    data = encoded(Image.fromarray(gray.astype(np.uint16) * 257), kind)
    assert np.array_equal(decode(data, max_pixels=LIMIT), gray_of(SMALL))


def test_float_and_not_finite_values() -> None:
    values = np.asarray(SMALL.convert("L")).astype(np.float32) / 255
    values[0, :3] = [np.nan, np.inf, -np.inf]
    pixels = decode(encoded(Image.fromarray(values), "TIFF"), max_pixels=LIMIT)
    assert pixels[0, :3].max() == 0
    assert np.array_equal(pixels[1:], gray_of(SMALL)[1:])


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_lies_over_white(mode: str) -> None:
    picture = SMALL.convert(mode)
    alpha = np.zeros((64, 96), np.uint8)
    alpha[:, 48:] = 255
    picture.putalpha(Image.fromarray(alpha))
    pixels = decode(encoded(picture, "PNG"), max_pixels=LIMIT)
    assert (pixels[:, :48] == 255).all()
    assert np.array_equal(pixels[:, 48:], np.asarray(SMALL.convert(mode).convert("RGB"))[:, 48:])


def test_palette_with_transparency_lies_over_white() -> None:
    picture = Image.new("P", (4, 4), 0)
    picture.putpalette([10, 20, 30, 200, 0, 0])
    picture.putpixel((0, 0), 1)
    pixels = decode(encoded(picture, "PNG", transparency=0), max_pixels=LIMIT)
    assert pixels[0, 0].tolist() == [200, 0, 0]
    assert pixels[1, 1].tolist() == [255, 255, 255]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_of_an_animation(kind: str) -> None:
    red, blue = Image.new("RGB", (32, 32), (255, 0, 0)), Image.new("RGB", (32, 32), (0, 0, 255))
    pixels = decode(
        encoded(red, kind, save_all=True, append_images=[blue], **({"lossless": True} if kind == "WEBP" else {})),
        max_pixels=LIMIT,
    )
    assert pixels.shape == (32, 32, 3)
    assert pixels[5, 5].tolist() == [255, 0, 0]


def test_large_jpegs_are_reduced_but_not_below_the_side() -> None:
    picture = astronaut().resize((2 * WORKING_SIDE + 400, WORKING_SIDE))
    height, width = decode(jpeg(picture), max_pixels=LIMIT).shape[:2]
    assert (width, height) == (WORKING_SIDE + 200, WORKING_SIDE // 2)
    assert decode(jpeg(astronaut()), max_pixels=LIMIT).shape == (512, 512, 3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"hello" * 100,
        b"\xff\xd8\xff",
        b"RIFF\0\0\0\0WEBP",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"P6 1 1 255 \0\0\0",
    ],
)
def test_other_files_are_rejected(data: bytes) -> None:
    with pytest.raises(SampleError):
        decode(data, max_pixels=LIMIT)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_truncated_files_are_rejected(kind: str) -> None:
    data = encoded(astronaut(), kind)
    with pytest.raises(SampleError):
        decode(data[: len(data) // 2], max_pixels=LIMIT)


def png_of(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


def webp_of(width: int, height: int) -> bytes:
    head = (
        b"VP8X"
        + struct.pack("<I", 10)
        + bytes(4)
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )
    return b"RIFF" + struct.pack("<I", len(head) + 4) + b"WEBP" + head


@pytest.mark.parametrize("data", [png_of(50_000, 50_000), webp_of(16_000, 16_000), png_of(0, 5), png_of(1, 2**31 - 1)])
def test_sizes_are_rejected_before_memory_is_spent(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(SampleError):
            decode(data, max_pixels=LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def motion_photo(data: bytes) -> bytes:
    """As phones write it: the photo, then a video, in which the bytes of many markers occur."""
    return data + b"MotionPhoto_Data" + random.Random(1).randbytes(9_000_000)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_trailer_after_a_jpeg_does_not_count_as_scans(progressive: bool) -> None:
    data = jpeg(astronaut(), progressive=progressive, restart_marker_blocks=3)
    assert np.array_equal(decode(motion_photo(data), max_pixels=LIMIT), decode(data, max_pixels=LIMIT))


def test_the_other_images_of_a_multi_picture_file_do_not_count_as_scans() -> None:
    data = encoded(SMALL, "MPO", save_all=True, append_images=[SMALL] * 15, progressive=True, quality=95)
    assert data.count(b"\xff\xda") > 100
    assert decode(data, max_pixels=LIMIT).shape == PIXELS.shape


def test_a_thumbnails_scans_do_not_count() -> None:
    thumbnails = b"".join(jpeg(SMALL.resize((16, 16)), progressive=True) for _ in range(20))
    data = jpeg(SMALL, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" + thumbnails[:60_000])
    assert data.count(b"\xff\xda") > 100
    assert decode(data, max_pixels=LIMIT).shape == PIXELS.shape


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "I;16", "F"])
def test_large_pictures_of_every_mode_are_reduced(mode: str) -> None:
    base = astronaut().resize((2 * WORKING_SIDE, 200))
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(base.convert("L")).astype(np.uint16) * 257)
    elif mode == "F":
        picture = base.convert("L").convert("F")
    else:
        picture = base.convert(mode)
    pixels = decode(encoded(picture, "TIFF" if mode in ("CMYK", "F") else "PNG"), max_pixels=LIMIT)
    assert pixels.shape == (100, WORKING_SIDE, 3)
    plain = {"P": "RGB", "CMYK": "RGB", "RGB": "RGB", "RGBA": "RGB", "1": "L"}.get(mode)
    whole = picture.convert(plain) if plain else base.convert("L")
    expected = np.asarray(whole.resize((WORKING_SIDE, 100), Image.Resampling.BOX).convert("RGB"))
    assert np.abs(pixels.astype(int) - expected).mean() < 2


def test_sixteen_bit_gray_with_a_transparent_value_keeps_its_range() -> None:
    gray = np.asarray(SMALL.convert("L"))
    data = encoded(Image.fromarray(gray.astype(np.uint16) * 257), "PNG")
    at = data.index(b"IDAT") - 4
    chunk = b"tRNS" + struct.pack(">H", 1)
    with_value = data[:at] + struct.pack(">I", 2) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[at:]
    assert np.array_equal(decode(with_value, max_pixels=LIMIT), gray_of(SMALL))


def test_the_limit_is_on_width_times_height() -> None:
    data = encoded(SMALL, "PNG")
    assert decode(data, max_pixels=96 * 64).shape == (64, 96, 3)
    with pytest.raises(SampleError, match="at most"):
        decode(data, max_pixels=96 * 64 - 1)


@settings(max_examples=150)
@given(
    st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"]),
    st.integers(0, 2**31),
    st.lists(st.tuples(st.integers(0, 2**31), st.integers(0, 255)), max_size=8),
)
def test_damaged_files_decode_or_are_rejected(kind: str, cut: int, changes: list[tuple[int, int]]) -> None:
    data = bytearray(encoded(SMALL, kind))
    for at, value in changes:
        data[at % len(data)] = value
    try:
        pixels = decode(bytes(data[: 1 + cut % (2 * len(data))]), max_pixels=1_000_000)
    except SampleError:
        return
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
