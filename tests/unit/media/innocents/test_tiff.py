"""TIFF files of every kind of sample that Pillow reads: the right pixels, never a negative or a dark image."""

from __future__ import annotations

import io
import struct
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from faceVer.media.image import WORKING_SIDE, decode
from faceVer.services.faces import FaceEngine
from tests.support_faces import astronaut, encoded

RGB = np.asarray(astronaut())
GRAY = np.asarray(astronaut().convert("L"))
GRAY_RGB = np.repeat(GRAY[:, :, None], 3, axis=2)
WIDE = GRAY.astype(np.uint16) * 257
LONG = GRAY.astype(np.uint32) * 0x01010101
OPAQUE = np.full_like(GRAY, 255)
BLACK, WHITE, COLOR = {"photometric": "minisblack"}, {"photometric": "miniswhite"}, {"photometric": "rgb"}
LITTLE, BIG = "<", ">"

KINDS: dict[str, tuple[NDArray[Any], NDArray[np.uint8], dict[str, Any]]] = {
    "8 bits": (GRAY, GRAY_RGB, BLACK),
    "8 bits, white is 0": (255 - GRAY, GRAY_RGB, WHITE),
    "16 bits": (WIDE, GRAY_RGB, BLACK),
    "16 bits, white is 0": (65535 - WIDE, GRAY_RGB, WHITE),
    "16 bits, white is 0, tiles": (65535 - WIDE, GRAY_RGB, {**WHITE, "tile": (128, 128)}),
    "16 bits, signed": ((WIDE >> 1).astype(np.int16), GRAY_RGB, BLACK),
    "32 bits, signed": ((LONG >> 1).astype(np.int32), GRAY_RGB, BLACK),
    "32 bits, signed, values of 16": (WIDE.astype(np.int32), GRAY_RGB, BLACK),
    "float": (GRAY / np.float32(255), GRAY_RGB, BLACK),
    "float, white is 0": (1 - GRAY / np.float32(255), GRAY_RGB, WHITE),
    "float up to 255": (GRAY.astype(np.float32), GRAY_RGB, BLACK),
    "bilevel": (GRAY > 127, np.where(GRAY_RGB > 127, 255, 0), BLACK),
    "bilevel, white is 0": (GRAY <= 127, np.where(GRAY_RGB > 127, 255, 0), WHITE),
    "gray, alpha": (np.dstack([GRAY, OPAQUE]), GRAY_RGB, {**BLACK, "extrasamples": ["unassalpha"]}),
    "gray, premultiplied": (np.dstack([GRAY, OPAQUE]), GRAY_RGB, {**BLACK, "extrasamples": ["assocalpha"]}),
    "gray, other": (np.dstack([GRAY, OPAQUE]), GRAY_RGB, {**BLACK, "extrasamples": ["unspecified"]}),
    "color": (RGB, RGB, COLOR),
    "color, 16 bits": (RGB.astype(np.uint16) * 257, RGB, COLOR),
    "color, planes": (RGB.transpose(2, 0, 1), RGB, {**COLOR, "planarconfig": "separate"}),
    "color, 16-bit planes": (
        RGB.transpose(2, 0, 1).astype(np.uint16) * 257, RGB, {**COLOR, "planarconfig": "separate"}
    ),
    "color, alpha": (np.dstack([RGB, OPAQUE]), RGB, {**COLOR, "extrasamples": ["unassalpha"]}),
    "CMYK": (np.asarray(astronaut().convert("CMYK")), RGB, {"photometric": "separated"}),
    "CMYK, 16 bits": (
        np.asarray(astronaut().convert("CMYK")).astype(np.uint16) * 257, RGB, {"photometric": "separated"}
    ),
    "Lab": (cv2.cvtColor(RGB, cv2.COLOR_RGB2LAB) ^ np.uint8([0, 128, 128]), RGB, {"photometric": "cielab"}),
}  # fmt: skip


def written(samples: NDArray[Any], byte_order: str = LITTLE, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.ascontiguousarray(samples), byteorder=byte_order, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def check(data: bytes, expected: NDArray[np.uint8]) -> None:
    pixels = decode(data, max_pixels=50_000_000)
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).mean() < 2


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("byte_order", [LITTLE, BIG])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_sample(kind: str, byte_order: str, compression: str | None) -> None:
    samples, expected, options = KINDS[kind]
    check(written(samples, byte_order, compression=compression, **options), expected)


@pytest.mark.parametrize("samples", [LONG, WIDE.astype(np.uint32), GRAY.astype(np.uint32)])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_unsigned_samples_of_32_bits(samples: NDArray[np.uint32], compression: str | None) -> None:
    check(written(samples, compression=compression, **BLACK), GRAY_RGB)


def tiff_of(data: bytes, **tags: tuple[int, ...]) -> bytes:
    """A little-endian TIFF of one strip. tags: numbers with a letter before them."""
    extra, entries = b"", b""
    size = 8 + 2 + 12 * (len(tags) + 2) + 4
    strip = {"t273": (size + 64,), "t279": (len(data),)}
    for name, values in sorted({**tags, **strip}.items(), key=lambda item: int(item[0][1:])):
        packed = struct.pack(f"<{len(values)}H", *values) if len(values) > 1 else struct.pack("<I", *values)
        if len(packed) > 4:
            extra, packed = extra + packed, struct.pack("<I", size + len(extra))
        entries += struct.pack("<HHI", int(name[1:]), 3 if len(values) > 1 else 4, len(values)) + packed.ljust(4, b"\0")
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags) + 2) + entries + bytes(4)
    return head + extra.ljust(64, b"\0") + data


def test_samples_of_12_bits() -> None:
    pairs = (GRAY.astype(np.uint32) * 4095 // 255).reshape(-1, 2)
    packed = (pairs[:, 0] << 12 | pairs[:, 1]).astype(">u4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
    tags = {"t256": (512,), "t257": (512,), "t258": (12,), "t259": (1,), "t262": (1,), "t277": (1,), "t278": (512,)}
    check(tiff_of(packed, **tags), GRAY_RGB)


def test_subsampled_color_without_compression() -> None:
    """4:2:0, which is what a file has that says nothing: four samples of luma, then one of each chroma."""
    luma, *chroma = cv2.split(np.asarray(astronaut().convert("YCbCr")))
    quarters = luma.reshape(256, 2, 256, 2).transpose(0, 2, 1, 3).reshape(256, 256, 4)
    halves = [cv2.resize(plane, (256, 256), interpolation=cv2.INTER_AREA) for plane in chroma]
    tags = {"t256": (512,), "t257": (512,), "t258": (8, 8, 8), "t259": (1,), "t262": (6,), "t277": (3,), "t278": (512,)}
    check(tiff_of(np.dstack([quarters, *halves]).tobytes(), **tags), RGB)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "bits" in kind or "float" in kind])
def test_large_ones_are_reduced(kind: str) -> None:
    samples, expected, options = KINDS[kind]
    if options.get("planarconfig"):
        samples = samples.transpose(1, 2, 0)
    large = np.repeat(np.repeat(samples, 8, axis=0), 8, axis=1)
    if options.get("planarconfig"):
        large = large.transpose(2, 0, 1)
    pixels = decode(written(large, **options), max_pixels=50_000_000)
    assert pixels.shape[0] == 4096 // (4096 // WORKING_SIDE)
    wanted = cv2.resize(expected, pixels.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    assert np.abs(pixels.astype(int) - wanted).mean() < 2


@pytest.mark.parametrize(
    "kind", ["16 bits, white is 0", "float, white is 0", "16 bits, signed", "color, 16-bit planes"]
)
@pytest.mark.parametrize("byte_order", [LITTLE, BIG])
def test_the_template_is_that_of_the_face(engine: FaceEngine, kind: str, byte_order: str) -> None:
    samples, expected, options = KINDS[kind]
    vector = engine.embed(encoded(astronaut() if expected is RGB else astronaut().convert("L"), "PNG"))
    assert float(engine.embed(written(samples, byte_order, **options)) @ vector) > 0.99
