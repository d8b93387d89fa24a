"""The other formats: rows of the table of pictures in docs/media.md, and files of each."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.support_faces import encoded, turned_away
from tests.unit.media.innocents.corpus import FACE, GRAY, Row, Still, pixels_of, still
from tests.unit.media.innocents.stills import ffmpeg_still, many, opencv_still, tiff_still
from tests.unit.media.innocents.variants import (
    ALPHA,
    BLACK_IS_WHITE,
    CMYK,
    GRAY_ALPHA,
    GRAY_OVER_WHITE,
    INKS_ALPHA,
    LOSSLESS,
    NO_ALPHA,
    OTHER,
    OVER_WHITE,
    PALETTE,
    SIXTEEN,
    WIDE,
    WIDE_GRAY,
    WIDE_HIDDEN,
)


def orientations(kind: str) -> dict[str, Still]:
    return {f"{kind} {number}": still(turned_away, FACE, number, kind) for number in range(1, 9)}


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
