"""JPEG files that end early, as IP cameras and careless copies leave them: viewers show these."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

MAX_MISSING_ROWS = 18
"""Rows of pixels that may be missing: those of the last blocks, which chroma covers by 16, and of its smoothing."""
_START, _END = b"\xff\xd8\xff", b"\xff\xd9"
_PROBE = b"\x00" + b"\x35\xca\x9b\x12\x6d" * 200
"""Data of no meaning. It begins with a zero in case that the file ends in the middle of a marker."""


def with_end(data: bytes, size: tuple[int, int]) -> bytes | None:
    """The file with the end marker that it lacks; None if it is not a JPEG, or lacks more than its last row of blocks.

    size: width and height as `Image.draft` takes them. Raises what Pillow raises on other damage.

    Data after the picture changes nothing, data in place of missing blocks does: so the missing rows are found.
    """
    if not data.startswith(_START):
        return None
    completed = data + _END
    pixels, probe = _pixels(completed, size), _pixels(data + _PROBE + _END, size)
    changed = np.flatnonzero((pixels != probe).reshape(len(pixels), -1).any(axis=1))
    return None if changed.size and len(pixels) - changed[0] > MAX_MISSING_ROWS else completed


def _pixels(data: bytes, size: tuple[int, int]) -> NDArray[np.uint8]:
    with Pil.open(io.BytesIO(data), formats=("JPEG",)) as picture:
        picture.draft(None, size)
        return np.asarray(picture)
