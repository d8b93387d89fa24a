"""What the corpus is made of: rows of docs/media.md, each with files that show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faceVer.services.faces import FaceEngine
from tests.support_faces import astronaut
from tests.support_media import Image as Pixels
from tests.support_media import face_frames

FACE = astronaut().crop((40, 0, 360, 400))
"""The astronaut, 320x400: not square, so that no wrong turn goes unseen."""
GRAY = FACE.convert("L")
CLIP = face_frames(6, 320, 240)
"""The frames of most clips; each has its number in the top left corner."""


@dataclass(frozen=True)
class Still:
    """A picture. make: writes the file, or skips where its encoder is not installed. face: what it shows.

    near: the most by which its pixels differ from those of `face`, in levels of 8 bits on average. like: the least
    cosine of its template with that of `face`; of two people it is below 0.4.
    """

    make: Callable[[], bytes]
    face: Image.Image = field(default_factory=lambda: FACE, repr=False)
    near: float = 4.0
    like: float = 0.95


@dataclass(frozen=True)
class Clip:
    """A video. frames: what it shows, upright; see `Still` for the others."""

    make: Callable[[], bytes]
    frames: Sequence[Pixels] = field(default_factory=lambda: CLIP, repr=False)
    near: float = 5.0
    like: float = 0.9


@dataclass(frozen=True)
class Pack:
    """An archive. names: of its pictures, in order; the first is of the face."""

    make: Callable[[], bytes]
    names: Sequence[str]


@dataclass(frozen=True)
class Row:
    """A row of a table: a form of file, how it is read, and files of it by name."""

    form: str
    reading: str
    cases: Mapping[str, Still] | Mapping[str, Clip] | Mapping[str, Pack]


def still(make: Callable[..., bytes], *args: Any, face: Image.Image | None = None, near: float = 4.0,
          like: float = 0.95, **options: Any) -> Still:  # fmt: skip
    """A picture made by a call with these arguments."""
    return Still(partial(make, *args, **options), face or FACE, near, like)


def parameters(rows: Sequence[Row]) -> list[Any]:
    """Every file of the rows, for pytest.mark.parametrize."""
    return [pytest.param(case, id=f"{row.form}: {name}") for row in rows for name, case in row.cases.items()]


def pixels_of(picture: Image.Image) -> Pixels:
    """(H, W, 3) uint8 RGB."""
    return np.asarray(picture.convert("RGB"))


@cache
def _vector(engine: FaceEngine, pixels: bytes, shape: tuple[int, ...]) -> np.ndarray:
    return engine.embed_image(np.frombuffer(pixels, np.uint8).reshape(shape))


def check(engine: FaceEngine, shown: Pixels, wanted: Pixels, near: float, like: float) -> None:
    """Assert that the pixels and the template are those wanted."""
    assert shown.shape == wanted.shape
    difference = float(np.abs(shown.astype(int) - wanted).mean())
    cosine = float(engine.embed_image(shown) @ _vector(engine, wanted.tobytes(), wanted.shape))
    assert difference <= near, f"the pixels differ by {difference:.2f}, the templates are alike to {cosine:.3f}"
    assert cosine >= like, f"the templates are alike to {cosine:.3f}, the pixels differ by {difference:.2f}"
