"""Photos with known embeddings (tests/golden.npz), which no optimization may change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests import support_faces as faces

FILE = Path(__file__).with_name("golden.npz")


def photos() -> dict[str, bytes]:
    """name -> image file: sizes, formats and orientations for which the engine runs different code."""
    astronaut = faces.astronaut()
    wide = {side: astronaut.resize((side, side)).crop((0, 0, side, side * 3 // 4)) for side in (640, 1280, 4032)}
    return {
        "close": faces.jpeg(astronaut.crop((140, 20, 320, 230))),
        "small": faces.jpeg(astronaut.resize((160, 160))),
        "photo-640": faces.jpeg(wide[640]),
        "photo-1280": faces.jpeg(wide[1280]),
        "photo-4032": faces.jpeg(wide[4032]),
        "png": faces.encoded(astronaut, "PNG"),
        "gray": faces.jpeg(astronaut.convert("L")),
        "turned": faces.turned_away(astronaut, 6),
        "sideways": faces.jpeg(astronaut.rotate(90)),
        **{f"person-{number}": faces.jpeg(faces.person(number)) for number in range(6)},
    }


def golden_vectors() -> dict[str, NDArray[np.float32]]:
    """name -> (512,) float32 unit vector that version 1.0.0 computed with the models that it prepared."""
    with np.load(FILE) as arrays:
        return {name: arrays[name] for name in arrays.files}
