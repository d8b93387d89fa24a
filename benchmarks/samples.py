"""Sample media: the astronaut as photos and as a clip, and other people's faces for galleries."""

from __future__ import annotations

import io
import os
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests import support_faces as faces

WIDTH, HEIGHT, FPS, SECONDS = 640, 480, 25, 4


def lfw_dev() -> Path:
    """The folder of LFW's photos, a folder for each person; FACEVER_DATA says where. It may be absent."""
    return Path(os.environ.get("FACEVER_DATA") or "../shared/data") / "lfw-dev" / "images"


@cache
def photo() -> bytes:
    """640x480 JPEG of one person."""
    return faces.jpeg(faces.astronaut().resize((640, 640)).crop((0, 0, 640, 480)))


@cache
def large_photo() -> bytes:
    """1280x960 JPEG of the same."""
    return faces.jpeg(faces.astronaut().resize((1280, 1280)).crop((0, 0, 1280, 960)))


@cache
def people() -> tuple[bytes, ...]:
    """640x480 JPEGs of seven people, the astronaut first."""
    others = [faces.person(number).resize((480, 480)) for number in range(len(faces.BOXES))]
    return (photo(), *(faces.jpeg(one.crop((-80, 0, 560, 480))) for one in others))


@cache
def clip() -> bytes:
    """A 4-second 640x480 H.264 mp4 of a real face that drifts through the picture."""
    picture = faces.astronaut()
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as out:
        stream: Any = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 1_500_000
        noise = np.random.default_rng(0)
        for number in range(FPS * SECONDS):
            left = 60 + number % 50
            part = picture.crop((left, 0, left + 360, 270)).resize((WIDTH, HEIGHT))
            grain = noise.normal(0, 3, (HEIGHT, WIDTH, 1))
            pixels = np.clip(np.asarray(part) + grain, 0, 255).astype(np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode(None))
    return target.getvalue()
