"""The table of pictures in docs/media.md, and files of each row."""

from __future__ import annotations

import random

import numpy as np
from PIL import Image

from tests.support_faces import encoded, turned_away
from tests.unit.media.innocents.corpus import FACE, GRAY, Row, Still, pixels_of, still
from tests.unit.media.innocents.stills import (
    ffmpeg_avif,
    ffmpeg_still,
    google_motion_photo,
    heif,
    opencv_still,
    samsung_motion_photo,
    tiff_still,
    turbo_still,
)
from tests.unit.media.innocents.tools import run_tool

LOSSLESS = 1.0
"""The most that the pixels of a format without losses may differ: conversions round."""
LARGE = FACE.resize((3840, 4800), Image.Resampling.BICUBIC)
HALF = LARGE.reduce(2)
PALETTE, SIXTEEN = FACE.quantize(256), FACE.quantize(16)
HIDDEN = Image.new("L", FACE.size, 255)
HIDDEN.paste(0, (0, 320, 60, 400))
"""An alpha plane with a corner that is transparent."""
ALPHA, GRAY_ALPHA, NO_ALPHA = FACE.copy(), GRAY.copy(), FACE.copy()
ALPHA.putalpha(HIDDEN)
GRAY_ALPHA.putalpha(HIDDEN)
NO_ALPHA.putalpha(0)
OVER_WHITE = Image.composite(FACE, Image.new("RGB", FACE.size, "white"), HIDDEN)
GRAY_OVER_WHITE = Image.composite(GRAY, Image.new("L", FACE.size, 255), HIDDEN)
BLACK_IS_WHITE = GRAY.point([255, *range(1, 256)])
CMYK = FACE.convert("CMYK")
INKS_ALPHA = np.dstack([np.asarray(CMYK), np.asarray(HIDDEN)])
WIDE, WIDE_GRAY, WIDE_HIDDEN = (np.asarray(picture).astype(np.uint16) * 257 for picture in (FACE, GRAY, HIDDEN))
OTHER = GRAY.convert("RGB")
ODD = FACE.crop((0, 0, 319, 399))
SIDEWAYS = FACE.transpose(Image.Transpose.ROTATE_90)


def arithmetic(*options: str) -> bytes:
    return run_tool("jpegtran", "-arithmetic", *options, stdin=encoded(FACE))


def many(kind: str, *others: Image.Image, first: Image.Image = FACE, **options: object) -> bytes:
    """An animation, or a file of several pictures."""
    copies = [other.copy() for other in others]  # Pillow notes in a picture how it was last saved
    return encoded(first.copy(), kind, save_all=True, append_images=copies, **options)


def orientations(kind: str) -> dict[str, Still]:
    return {f"{kind} {number}": still(turned_away, FACE, number, kind) for number in range(1, 9)}


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

OTHERS = [
    Row(
        "EXIF orientation 1 to 8 in JPEG, PNG, WebP, TIFF, AVIF",
        "upright",
        {name: case for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF") for name, case in orientations(kind).items()},
    ),
    Row(
        "WebP: with and without losses, alpha, animated",
        "the first frame",
        {
            "losses": still(encoded, FACE, "WEBP", quality=92),
            "lossless": still(encoded, FACE, "WEBP", lossless=True, near=LOSSLESS),
            "alpha": still(encoded, ALPHA, "WEBP", quality=92, face=OVER_WHITE),
            "alpha, lossless": still(encoded, ALPHA, "WEBP", lossless=True, face=OVER_WHITE, near=LOSSLESS),
            "animated": still(many, "WEBP", OTHER, quality=92),
        },
    ),
    Row(
        "PNG: 1 to 16 bits, gray, palette, interlaced, animated",
        "the first frame; more bits become 8",
        {
            "RGB": still(encoded, FACE, "PNG", near=LOSSLESS),
            "gray": still(encoded, GRAY, "PNG", face=GRAY, near=LOSSLESS),
            "256 colours": still(encoded, PALETTE, "PNG", face=PALETTE, near=LOSSLESS),
            "16 colours": still(encoded, SIXTEEN, "PNG", face=SIXTEEN, near=LOSSLESS),
            "16 bits": still(opencv_still, ".png", WIDE, near=LOSSLESS),
            "16 bits, gray": still(opencv_still, ".png", WIDE_GRAY, face=GRAY, near=LOSSLESS),
            "interlaced": still(ffmpeg_still, "png", "rgb24", interlaced=True, near=LOSSLESS),
            "interlaced, gray": still(ffmpeg_still, "png", "gray", GRAY, interlaced=True, face=GRAY, near=LOSSLESS),
            "interlaced, 16 bits": still(ffmpeg_still, "png", "rgb48be", interlaced=True, near=LOSSLESS),
            "animated": still(many, "PNG", OTHER, near=LOSSLESS),
        },
    ),
    Row(
        "Transparency: alpha, `tRNS`, of any depth",
        "over white",
        {
            "alpha": still(encoded, ALPHA, "PNG", face=OVER_WHITE, near=LOSSLESS),
            "gray, alpha": still(encoded, GRAY_ALPHA, "PNG", face=GRAY_OVER_WHITE, near=LOSSLESS),
            "16 bits, alpha": still(
                opencv_still, ".png", np.dstack([WIDE, WIDE_HIDDEN]), face=OVER_WHITE, near=LOSSLESS
            ),
            "16 bits, gray, alpha": still(ffmpeg_still, "png", "ya16be", ALPHA, face=GRAY_OVER_WHITE, near=2),
            "interlaced, alpha": still(
                ffmpeg_still, "png", "rgba", ALPHA, interlaced=True, face=OVER_WHITE, near=LOSSLESS
            ),
            "palette": still(
                lambda: encoded(ALPHA.quantize(256, Image.Quantize.FASTOCTREE), "PNG"), face=OVER_WHITE, near=12
            ),
            "one colour": still(encoded, FACE, "PNG", transparency=(1, 2, 3), near=LOSSLESS),
            "one gray": still(encoded, GRAY, "PNG", transparency=0, face=BLACK_IS_WHITE, near=LOSSLESS),
            "TIFF": still(encoded, ALPHA, "TIFF", face=OVER_WHITE, near=LOSSLESS),
            "GIF": still(lambda: encoded(ALPHA, "GIF"), face=OVER_WHITE, near=14, like=0.9),
        },
    ),
    Row(
        "TIFF: strips, tiles, planes; 1 to 32 bits, float; both byte orders; BigTIFF; several pages",
        "the first page",
        {
            **{
                name: still(encoded, FACE, "TIFF", compression=name, near=LOSSLESS)
                for name in ("raw", "tiff_lzw", "packbits", "tiff_adobe_deflate", "zstd", "lzma")
            },
            "jpeg": still(encoded, FACE, "TIFF", compression="jpeg", quality=95),
            "tiles": still(tiff_still, pixels_of(FACE), photometric="rgb", tile=(128, 128), near=LOSSLESS),
            "16 bits, tiles, big-endian": still(
                tiff_still, WIDE, photometric="rgb", tile=(64, 64), byteorder=">", compression="zlib", near=LOSSLESS
            ),
            "planes": still(
                tiff_still,
                pixels_of(FACE).transpose(2, 0, 1),
                photometric="rgb",
                planarconfig="separate",
                near=LOSSLESS,
            ),
            "BigTIFF": still(tiff_still, pixels_of(FACE), photometric="rgb", bigtiff=True, near=LOSSLESS),
            "predictor": still(
                tiff_still, pixels_of(FACE), photometric="rgb", compression="zlib", predictor=True, near=LOSSLESS
            ),
            "pages": still(many, "TIFF", OTHER, compression="tiff_lzw", near=LOSSLESS),
            "palette": still(encoded, PALETTE, "TIFF", face=PALETTE, near=LOSSLESS),
            "YCbCr": still(encoded, FACE.convert("YCbCr"), "TIFF"),
            "CMYK": still(encoded, CMYK, "TIFF", near=LOSSLESS),
            "CMYK, alpha": still(
                tiff_still, INKS_ALPHA, photometric="separated", extrasamples=["unassalpha"], near=LOSSLESS
            ),
        },
    ),
    Row(
        "BMP: 8 to 32 bits; GIF, animated, interlaced",
        "the first frame; an alpha of nothing but 0 in a BMP is no alpha",
        {
            "24 bits": still(encoded, FACE, "BMP", near=LOSSLESS),
            "8 bits": still(encoded, PALETTE, "BMP", face=PALETTE, near=LOSSLESS),
            "gray": still(encoded, GRAY, "BMP", face=GRAY, near=LOSSLESS),
            "15 bits": still(ffmpeg_still, "bmp", "rgb555le", near=6),
            "16 bits": still(ffmpeg_still, "bmp", "rgb565le", near=6),
            "32 bits": still(ffmpeg_still, "bmp", "bgra", ALPHA, near=LOSSLESS),
            "alpha": still(opencv_still, ".bmp", np.asarray(ALPHA), face=OVER_WHITE, near=LOSSLESS),
            "empty alpha": still(opencv_still, ".bmp", np.asarray(NO_ALPHA), near=LOSSLESS),
            "GIF": still(encoded, PALETTE, "GIF", face=PALETTE),
            "GIF, interlaced": still(encoded, PALETTE, "GIF", interlace=1, face=PALETTE),
            "GIF, animated": still(many, "GIF", OTHER, first=PALETTE, face=PALETTE),
            "GIF, gray": still(encoded, GRAY, "GIF", face=GRAY),
        },
    ),
]
