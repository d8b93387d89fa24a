"""JPEG and HEIF: rows of the table of pictures in docs/media.md, and files of each."""

from __future__ import annotations

import random

from PIL import Image

from tests.support_faces import encoded, turned_away
from tests.unit.media.innocents.corpus import FACE, GRAY, Row, still
from tests.unit.media.innocents.stills import (
    ffmpeg_avif,
    ffmpeg_still,
    google_motion_photo,
    heif,
    many,
    samsung_motion_photo,
    turbo_still,
)
from tests.unit.media.innocents.tools import run_tool
from tests.unit.media.innocents.variants import ALPHA, CMYK, HALF, LARGE, ODD, OTHER, OVER_WHITE, SIDEWAYS


def arithmetic(*options: str) -> bytes:
    return run_tool("jpegtran", "-arithmetic", *options, stdin=encoded(FACE))


JPEGS = [
    Row(
        "JPEG: baseline, progressive, arithmetic; any subsampling; gray, RGB",
        "as it is; up to 18 rows may be missing at its end",
        {
            **{sampling: still(turbo_still, "RGB", sampling) for sampling in ("444", "422", "420", "440", "411")},
            "progressive": still(encoded, FACE, progressive=True),
            "arithmetic": still(arithmetic),
            "arithmetic, progressive": still(arithmetic, "-progressive"),
            "restart markers": still(encoded, FACE, restart_marker_blocks=3),
            "gray": still(encoded, GRAY, face=GRAY),
            "RGB": still(encoded, FACE, keep_rgb=True),
            "FFmpeg": still(ffmpeg_still, "mjpeg", "yuvj420p"),
            "without an end": still(lambda: encoded(FACE)[:-2]),
            "large": still(encoded, LARGE, face=HALF),
        },
    ),
    Row(
        "CMYK JPEG, as Adobe's programs write it, YCCK",
        "as its ICC profile shows it; without one as ideal inks",
        {
            "CMYK": still(encoded, CMYK),
            "YCCK": still(turbo_still, "CMYK", "444"),
            "YCCK, 4:2:0": still(turbo_still, "CMYK", "420"),
        },
    ),
    Row(
        "Motion photo: JPEG with a video behind it",
        "the picture",
        {
            "Google": still(google_motion_photo),
            "Samsung": still(samsung_motion_photo),
            "9 MB": still(lambda: encoded(FACE) + b"MotionPhoto_Data" + random.Random(1).randbytes(9_000_000)),
        },
    ),
    Row(
        "MPO, JPEG with a gain map or previews behind it",
        "the first picture",
        {
            "two": still(many, "MPO", OTHER, quality=92),
            "previews": still(many, "MPO", FACE.resize((40, 50)), FACE.resize((160, 200)), quality=92),
        },
    ),
]

HEIFS = [
    Row(
        "HEIC: one image or a grid of tiles; 8, 10 or 12 bits; Live Photo stills",
        "the primary image; more bits become 8",
        {
            "one": still(heif),
            "grid": still(heif, tile_size=128),
            "odd size": still(heif, ODD, face=ODD),
            "10 bits": still(heif, bits=10),
            "12 bits": still(heif, bits=12),
            "10 bits, grid": still(heif, bits=10, tile_size=128),
            "gray": still(heif, GRAY, face=GRAY),
            "4:4:4": still(heif, chroma="444"),
            "4:2:2": still(heif, chroma="422"),
            "BT.709": still(heif, matrix_coefficients=1, full_range_flag=0),
            "mif1": still(heif, brand=b"mif1"),
            "msf1": still(heif, brand=b"msf1"),
        },
    ),
    Row(
        "HEIC with thumbnails, a depth map, alpha, further images",
        "alpha counts, all else is ignored",
        {
            "thumbnails": still(heif, thumbnails=[64, 128], tile_size=128),
            "depth": still(heif, ALPHA, depth_map=True),
            "alpha": still(heif, ALPHA, face=OVER_WHITE),
            "alpha, 10 bits": still(heif, ALPHA, bits=10, face=OVER_WHITE),
            "images": still(heif, others=[GRAY, OTHER]),
        },
    ),
    Row(
        "HEIC rotated (`irot`, `imir`)",
        "upright; EXIF orientation repeats it or is wrong, and does not count, as HEIF says",
        {
            **{f"{number}": still(heif, orientation=number) for number in range(1, 9)},
            "grid": still(heif, orientation=6, tile_size=128),
            "EXIF alone": still(turned_away, SIDEWAYS, 6, "HEIF", face=FACE.transpose(Image.Transpose.ROTATE_180)),
        },
    ),
    Row(
        "AVIF: 8 or 10 bits, alpha, animated",
        "the first image",
        {
            "8 bits": still(encoded, FACE, "AVIF", quality=90),
            "FFmpeg": still(ffmpeg_avif),
            "10 bits": still(ffmpeg_avif, pix_fmt="yuv420p10le"),
            "4:4:4": still(encoded, FACE, "AVIF", subsampling="4:4:4"),
            "alpha": still(encoded, ALPHA, "AVIF", quality=90, face=OVER_WHITE),
            "gray": still(encoded, GRAY, "AVIF", quality=90, face=GRAY),
            "limited range": still(encoded, FACE, "AVIF", quality=90, range="limited"),
            "animated": still(many, "AVIF", OTHER, quality=90),
            "mif1": still(lambda: (data := encoded(FACE, "AVIF", quality=90))[:8] + b"mif1" + data[12:]),
        },
    ),
]
