"""The rows about colours of the table of pictures in docs/media.md, and files of each."""

from __future__ import annotations

import random
from importlib.resources import files

import numpy as np
from PIL import Image

from tests.support_faces import encoded
from tests.unit.media.innocents.clips import HLG, PQ, hdr
from tests.unit.media.innocents.corpus import FACE, GRAY, Row, pixels_of, still
from tests.unit.media.innocents.profiles import cmyk_profile, gray_profile, in_profile, rgb_profile, shown_by_inks
from tests.unit.media.innocents.stills import ffmpeg_avif, ffmpeg_still, heif, with_profile
from tests.unit.media.innocents.variants import (
    ALPHA,
    CMYK,
    GRAY_ALPHA,
    GRAY_OVER_WHITE,
    HALF,
    HIDDEN,
    LARGE,
    OVER_WHITE,
)

P3, ADOBE, PROPHOTO = (rgb_profile(name) for name in ("Display P3", "Adobe RGB (1998)", "ProPhoto RGB"))
SRGB_2014 = files("fpdf").joinpath("data/color_profiles/sRGB2014.icc").read_bytes()
EXCHANGED = rgb_profile("exchanged red and blue")
IN_P3, IN_ADOBE, IN_EXCHANGED = (in_profile(FACE, profile) for profile in (P3, ADOBE, EXCHANGED))
INKS = shown_by_inks(CMYK)
GARBAGE = random.Random(2)
ODD_PROFILES = {
    "of gray on colours": gray_profile(2.2),
    "of inks on colours": cmyk_profile(),
    "garbage": GARBAGE.randbytes(600),
    "a byte": b"x",
    "cut": P3[:300],
    "overwritten": P3[:200] + bytes(200) + P3[400:],
    "1.5 MB": GARBAGE.randbytes(1_500_000),
}
NEAR = 2.5
"""The pixels of the face in Display P3 or Adobe RGB differ from those in sRGB by more than 5."""


def wide_gamut(tags: tuple[int, int]) -> np.ndarray:
    """The face as (H, W, 3) uint16: HDR in BT.2020, or Display P3."""
    if tags == PQ[1:3] or tags == HLG[1:3]:
        return hdr([pixels_of(FACE)], PQ if tags == PQ[1:3] else HLG)[0]
    return pixels_of(IN_P3).astype(np.uint16) * 257


def heif_of_codes(primaries: int, transfer: int) -> bytes:
    return heif(wide_gamut((primaries, transfer)), color_primaries=primaries, transfer_characteristics=transfer,
                matrix_coefficients=9 if primaries == 9 else 6, full_range_flag=1)  # fmt: skip


def avif_of_codes(primaries: int, transfer: int) -> bytes:
    return ffmpeg_avif(
        wide_gamut((primaries, transfer)), "yuv420p10le", (9 if primaries == 9 else 6, primaries, transfer)
    )


def png_of_codes(primaries: int, transfer: int) -> bytes:
    return ffmpeg_still("png", "rgb48be", wide_gamut((primaries, transfer)), colours=(primaries, transfer))


CODES = {"Display P3": (12, 13), "PQ": (9, 16), "HLG": (9, 18)}

COLOURS = [
    Row(
        "ICC profile: Display P3, Adobe RGB, any other of RGB, gray or CMYK",
        "converted to sRGB",
        {
            "P3, JPEG": still(with_profile, "JPEG", FACE, P3, near=3),
            "P3, Android": still(
                with_profile, "PNG", FACE, rgb_profile("Display P3 Gamut with sRGB Transfer"), near=NEAR
            ),
            "P3, PNG": still(with_profile, "PNG", FACE, P3, near=NEAR),
            "P3, WebP": still(with_profile, "WEBP", FACE, P3, lossless=True, near=NEAR),
            "P3, AVIF": still(with_profile, "AVIF", FACE, P3, quality=92, near=3.5),
            "P3, HEIC": still(heif, IN_P3, icc_profile=P3, near=3.5),
            "P3, HEIC, grid": still(heif, IN_P3, icc_profile=P3, tile_size=128, near=3.5),
            "Adobe RGB, JPEG": still(with_profile, "JPEG", FACE, ADOBE, near=3),
            "Adobe RGB, TIFF": still(with_profile, "TIFF", FACE, ADOBE, near=NEAR),
            "Adobe RGB, alpha": still(
                lambda: encoded(Image.merge("RGBA", (*IN_ADOBE.split(), HIDDEN)), "PNG", icc_profile=ADOBE),
                face=OVER_WHITE,
                near=NEAR,
            ),
            "ProPhoto": still(with_profile, "JPEG", FACE, PROPHOTO, near=3.5),
            "linear": still(with_profile, "PNG", FACE, rgb_profile("Display P3", 1.0)),
            "exchanged": still(with_profile, "JPEG", FACE, EXCHANGED),
            "large": still(with_profile, "JPEG", LARGE, EXCHANGED, face=HALF),
            "exchanged, palette": still(
                lambda: encoded(IN_EXCHANGED.quantize(256), "PNG", icc_profile=EXCHANGED), near=9
            ),
            "gray": still(with_profile, "JPEG", GRAY, gray_profile(1.8), face=GRAY),
            "gray, linear": still(with_profile, "PNG", GRAY, gray_profile(1.0), face=GRAY),
            "CMYK, JPEG": still(encoded, CMYK, icc_profile=cmyk_profile(), face=INKS),
            "CMYK, TIFF": still(encoded, CMYK, "TIFF", icc_profile=cmyk_profile(), face=INKS, near=1),
        },
    ),
    Row(
        "ICC profile that says sRGB, is damaged, or is of other colours than the picture",
        "pixels as they are",
        {
            **{
                f"{name}, {kind}": still(encoded, FACE, kind, icc_profile=profile)
                for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")
                for name, profile in ODD_PROFILES.items()
            },
            "sRGB2014": still(encoded, FACE, "PNG", icc_profile=SRGB_2014, near=0),
            "sRGB": still(encoded, FACE, "PNG", icc_profile=rgb_profile("sRGB"), near=0),
            "HEIC": still(heif, icc_profile=GARBAGE.randbytes(600)),
            "of colours on gray": still(encoded, GRAY, "PNG", icc_profile=P3, face=GRAY),
            "of colours on inks": still(encoded, CMYK, icc_profile=P3),
            "alpha": still(encoded, ALPHA, "PNG", icc_profile=gray_profile(1.0), face=OVER_WHITE),
            "gray, alpha": still(encoded, GRAY_ALPHA, "PNG", icc_profile=P3, face=GRAY_OVER_WHITE),
        },
    ),
    Row(
        "Codes of wide gamuts and HDR (`nclx` of HEIC and AVIF, `cICP` of PNG): P3, BT.2020, PQ, HLG",
        "converted to sRGB, HDR tone-mapped",
        {
            **{f"{name}, HEIC": still(heif_of_codes, *codes) for name, codes in CODES.items()},
            **{f"{name}, AVIF": still(avif_of_codes, *codes, near=6, like=0.9) for name, codes in CODES.items()},
            **{f"{name}, PNG": still(png_of_codes, *codes) for name, codes in CODES.items()},
        },
    ),
]
