"""Pictures as real devices and programs write them, of a face: each is read, and gives the template of that face."""

from __future__ import annotations

import io

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from faceVer.domain.errors import SampleError
from faceVer.media.image import decode
from faceVer.media.sniffing import identify
from faceVer.services.faces import FaceEngine
from tests.support_faces import astronaut, encoded

SAME = 0.98
"""Cosine of two templates of one picture, coded with and without losses; of two people it is below 0.4."""


@pytest.fixture(scope="module")
def expected(engine: FaceEngine) -> np.ndarray:
    """The template's vector of the picture as it is."""
    return engine.embed(encoded(astronaut(), "PNG"))


def heif(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    pillow_heif.from_pillow(picture).save(stream, quality=90)
    return stream.getvalue()


def with_brand(data: bytes, brand: bytes) -> bytes:
    """The file with another major brand."""
    return data[:8] + brand + data[12:]


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        pytest.param(with_brand(encoded(astronaut(), "AVIF", quality=90), b"mif1"), "image/avif", id="avif, mif1"),
        pytest.param(encoded(astronaut(), "AVIF", quality=90), "image/avif", id="avif"),
        pytest.param(with_brand(heif(astronaut()), b"mif1"), "image/heic", id="heic, mif1"),
        pytest.param(with_brand(heif(astronaut()), b"msf1"), "image/heic", id="heic, msf1"),
        pytest.param(heif(astronaut()), "image/heic", id="heic"),
    ],
)
def test_the_coding_counts_and_not_the_major_brand(
    engine: FaceEngine, expected: np.ndarray, data: bytes, mime: str
) -> None:
    assert identify(data) == ("image", mime)
    assert float(engine.embed(data) @ expected) > SAME


def large() -> Image.Image:
    return astronaut().resize((4096, 4096))


@pytest.mark.parametrize("lost", [1, 2, 3, 6])
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encoded(astronaut()), id="baseline"),
        pytest.param(encoded(astronaut(), progressive=True), id="progressive"),
        pytest.param(encoded(astronaut(), restart_marker_blocks=4), id="restarts"),
        pytest.param(encoded(astronaut(), subsampling=0), id="4:4:4"),
        pytest.param(encoded(astronaut().convert("CMYK")), id="cmyk"),
        pytest.param(encoded(large()), id="reduced"),
    ],
)
def test_a_jpeg_may_lack_its_end(engine: FaceEngine, expected: np.ndarray, data: bytes, lost: int) -> None:
    whole, cut = engine.embed(data), engine.embed(data[:-lost])
    assert float(cut @ whole) > 0.999
    assert float(cut @ expected) > (0.9 if Image.open(io.BytesIO(data)).mode == "CMYK" else SAME)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_jpeg_that_lacks_more_is_rejected(progressive: bool, share: float) -> None:
    data = encoded(astronaut(), progressive=progressive)
    for end in (b"", b"\xff", bytes(100)):
        with pytest.raises(SampleError):
            decode(data[: round(len(data) * share)] + end, max_pixels=10_000_000)


@pytest.mark.parametrize(
    ("size", "kind"), [((8160, 6144), "JPEG"), ((6144, 8192), "JPEG"), ((8256, 6192), "JPEG"), ((8192, 6144), "PNG")]
)
def test_photos_of_50_megapixels(engine: FaceEngine, expected: np.ndarray, size: tuple[int, int], kind: str) -> None:
    photo = Image.new("RGB", size, (90, 110, 130))
    photo.paste(astronaut().resize((3072, 3072)), (1500, 1500))
    data = encoded(photo, kind, **({"compress_level": 1} if kind == "PNG" else {}))
    assert float(engine.embed(data) @ expected) > 0.9
