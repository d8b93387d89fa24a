"""Real faces that installed packages carry, as pictures and as files."""

from __future__ import annotations

import io
from functools import cache
from importlib.resources import files
from typing import Any

from PIL import Image, ImageDraw, ImageFilter

# Face boxes of the six people in insightface's t1.jpg.
BOXES = (
    (62, 268, 165, 392),
    (271, 153, 372, 267),
    (465, 265, 571, 411),
    (748, 345, 847, 482),
    (904, 59, 1013, 201),
    (1133, 266, 1231, 402),
)


@cache
def group() -> Image.Image:
    """Six people, 1280x886."""
    return Image.open(io.BytesIO(files("insightface").joinpath("data/images/t1.jpg").read_bytes())).convert("RGB")


@cache
def astronaut() -> Image.Image:
    """One person, 512x512, the face 90 pixels wide."""
    return Image.open(io.BytesIO(files("skimage").joinpath("data/astronaut.png").read_bytes())).convert("RGB")


@cache
def person(number: int) -> Image.Image:
    """One of the six people alone, cut with half a face of margin."""
    left, top, right, bottom = BOXES[number]
    wide, high = (right - left) // 2, (bottom - top) // 2
    return group().crop((left - wide, max(0, top - high), right + wide, bottom + high)).resize((300, 300))


def scene(second: float, size: tuple[int, int] = (1000, 700), *, corner: bool = False, blur: float = 0) -> Image.Image:
    """The astronaut in front, and another person whose face is `second` times as large: beside, or in a corner.

    blur: sigma, as a share of that face's side.
    """
    picture = Image.new("RGB", size, (90, 110, 130))
    front = astronaut().crop((90, 0, 390, 300)).resize((700, 700))
    picture.paste(front, (0, 0))
    # The astronaut's face is 105 of the crop's 300 pixels high and wide, a person's half of its own picture.
    side = round(105 / 300 * 700 * second * 2)
    other = person(0).resize((side, side)).filter(ImageFilter.GaussianBlur(blur * side / 2))
    picture.paste(other, (size[0] - side - 5, 10) if corner else (min(size[0] - side - 5, 720), (size[1] - side) // 3))
    return picture


def no_face(size: tuple[int, int] = (96, 72)) -> Image.Image:
    """Lines and no face: small, since the search for a face that is not there grows with the picture."""
    picture = Image.new("RGB", (640, 480), "white")
    draw = ImageDraw.Draw(picture)
    for i in range(0, 640, 40):
        draw.line((i, 0, 640 - i, 480), fill=(i % 255, 90, 160), width=9)
    return picture.resize(size)


def encoded(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The picture as a file."""
    stream = io.BytesIO()
    if kind == "JPEG":
        options = {"quality": 92, **options}
    picture.save(stream, kind, **options)
    return stream.getvalue()


def jpeg(picture: Image.Image, **options: Any) -> bytes:
    return encoded(picture.convert("RGB"), "JPEG", **options)


def turned_away(picture: Image.Image, orientation: int, kind: str = "JPEG") -> bytes:
    """The picture as a camera held differently stores it: pixels turned, and the EXIF orientation that undoes it."""
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = picture.transpose(turns[orientation]) if orientation in turns else picture
    return encoded(stored, kind, exif=exif)
