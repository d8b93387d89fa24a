"""A hostile file: what kind of media it claims to be, how it is made, and what it may decode to."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from faceVer.domain.folders import MediaKind

GRAY = 128
"""Of all pixels that the generators encode, in all three colours."""
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Hostile:
    """make: the same bytes at each call. shade: of all pixels of a decoder that accepts the file, None if unknown."""

    name: str
    kind: MediaKind
    make: Callable[[], bytes]
    shade: int | None = GRAY


def gray(width: int, height: int, mode: str = "RGB") -> Image.Image:
    return Image.new("L", (width, height), GRAY).convert(mode)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def box(name: bytes, contents: bytes = b"") -> bytes:
    """A box of MP4 and HEIF."""
    return struct.pack(">I4s", 8 + len(contents), name) + contents


def full_box(name: bytes, contents: bytes = b"", version: int = 0, flags: int = 0) -> bytes:
    return box(name, struct.pack(">I", version << 24 | flags) + contents)


def boxes(data: bytes, start: int = 0) -> list[tuple[bytes, bytes]]:
    """(name, contents) of the boxes from `start` on."""
    found = []
    while start + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, start)
        found.append((name, data[start + 8 : start + size]))
        start += max(8, size)
    return found


def table(name: bytes, *numbers: int) -> bytes:
    """A full box of 32-bit numbers."""
    return box(name, struct.pack(f">{len(numbers) + 1}I", 0, *numbers))


def replaced(data: bytes, path: list[bytes], new: bytes) -> bytes:
    """The file with another box at the path; every box of that path is replaced."""
    out = b""
    for name, contents in boxes(data):
        if name != path[0]:
            out += box(name, contents)
        elif len(path) == 1:
            out += new
        else:
            out += box(name, replaced(contents, path[1:], new))
    return out
