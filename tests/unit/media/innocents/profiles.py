"""ICC profiles, made with Little CMS: the library that Pillow carries."""

from __future__ import annotations

import ctypes
import io
from ctypes.util import find_library
from functools import cache
from pathlib import Path
from typing import Any

import PIL
import pytest
from PIL import Image, ImageCms

D65 = (0.3127, 0.3290, 1.0)
PRIMARIES = {
    "sRGB": ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
    "Display P3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    "Display P3 Gamut with sRGB Transfer": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    "Adobe RGB (1998)": ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)),
    "ProPhoto RGB": ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)),
    "exchanged red and blue": ((0.15, 0.06), (0.30, 0.60), (0.64, 0.33)),
}
_GRAY, _CMYK, _LAB, _OUTPUT = (int.from_bytes(name, "big") for name in (b"GRAY", b"CMYK", b"Lab ", b"prtr"))
_A2B0, _DESCRIPTION = (int.from_bytes(name, "big") for name in (b"A2B0", b"desc"))
_Doubles, _Words = ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_uint16)
_Sampler = ctypes.CFUNCTYPE(ctypes.c_int32, _Words, _Words, ctypes.c_void_p)


@cache
def _lcms() -> Any:
    carried = sorted((Path(PIL.__file__).parents[1] / "pillow.libs").glob("liblcms2*"))
    found = str(carried[0]) if carried else find_library("lcms2")
    if found is None:
        pytest.skip("there is no Little CMS", allow_module_level=True)
    library = ctypes.CDLL(found)
    for name in ("cmsCreateRGBProfile", "cmsCreateGrayProfile", "cmsCreateProfilePlaceholder", "cmsBuildGamma",
                 "cmsPipelineAlloc", "cmsStageAllocCLut16bit", "cmsMLUalloc"):  # fmt: skip
        getattr(library, name).restype = ctypes.c_void_p
    library.cmsBuildGamma.argtypes = (ctypes.c_void_p, ctypes.c_double)
    return library


def _pointer(value: int) -> Any:
    return ctypes.c_void_p(value)


def _saved(profile: int, name: str) -> bytes:
    lcms, size = _lcms(), ctypes.c_uint32()
    text = lcms.cmsMLUalloc(None, 1)
    lcms.cmsMLUsetASCII(_pointer(text), b"en", b"US", name.encode())
    lcms.cmsWriteTag(_pointer(profile), _DESCRIPTION, _pointer(text))
    lcms.cmsSaveProfileToMem(_pointer(profile), None, ctypes.byref(size))
    data = ctypes.create_string_buffer(size.value)
    assert lcms.cmsSaveProfileToMem(_pointer(profile), data, ctypes.byref(size))
    return data.raw


def _curve(gamma: float) -> int:
    return int(_lcms().cmsBuildGamma(None, gamma))


@cache
def rgb_profile(name: str, gamma: float = 2.2) -> bytes:
    """A profile with the primaries of that name."""
    white = (ctypes.c_double * 3)(*D65)
    primaries = (ctypes.c_double * 9)(*(number for x, y in PRIMARIES[name] for number in (x, y, 1.0)))
    curves = (ctypes.c_void_p * 3)(*[_curve(gamma)] * 3)
    return _saved(_lcms().cmsCreateRGBProfile(white, primaries, curves), name)


@cache
def gray_profile(gamma: float) -> bytes:
    return _saved(_lcms().cmsCreateGrayProfile((ctypes.c_double * 3)(*D65), _pointer(_curve(gamma))), f"Gray {gamma}")


@cache
def cmyk_profile() -> bytes:
    """Of inks whose paper is white and whose mixtures are darker than those of ideal inks."""
    lcms = _lcms()
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")

    @_Sampler
    def sample(inks: Any, lab: Any, _: Any) -> int:
        light = [(1 - inks[n] / 65535) ** 1.5 * (1 - inks[3] / 65535) for n in range(3)]
        color = Image.new("RGB", (1, 1), tuple(round(255 * part) for part in light))
        values = ImageCms.applyTransform(color, to_lab)
        assert values is not None
        lightness, a, b = values.tobytes()
        # Lab of 16 bits as version 2 has it; Pillow's 8 bits of a and b are signed
        lab[0], lab[1], lab[2] = lightness << 8, (a ^ 0x80) << 8, (b ^ 0x80) << 8
        return 1

    profile = lcms.cmsCreateProfilePlaceholder(None)
    lcms.cmsSetProfileVersion(_pointer(profile), ctypes.c_double(2.1))
    lcms.cmsSetDeviceClass(_pointer(profile), _OUTPUT)
    lcms.cmsSetColorSpace(_pointer(profile), _CMYK)
    lcms.cmsSetPCS(_pointer(profile), _LAB)
    pipeline, stage = lcms.cmsPipelineAlloc(None, 4, 3), lcms.cmsStageAllocCLut16bit(None, 7, 4, 3, None)
    assert lcms.cmsStageSampleCLut16bit(_pointer(stage), sample, None, 0)
    lcms.cmsPipelineInsertStage(_pointer(pipeline), 0, _pointer(stage))
    assert lcms.cmsWriteTag(_pointer(profile), _A2B0, _pointer(pipeline))
    return _saved(profile, "Some inks")


def in_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    """An sRGB picture with the numbers that show the same colours in another RGB or gray space."""
    mode = "L" if picture.mode == "L" else "RGB"
    source = ImageCms.createProfile("sRGB")
    changed = ImageCms.profileToProfile(picture.convert("RGB"), source, io.BytesIO(profile), outputMode=mode)
    assert changed is not None
    return changed


def shown_by_inks(picture: Image.Image) -> Image.Image:
    """What the inks of `cmyk_profile` show of a CMYK picture, in sRGB."""
    target = ImageCms.createProfile("sRGB")
    shown = ImageCms.profileToProfile(picture, io.BytesIO(cmyk_profile()), target, outputMode="RGB")
    assert shown is not None
    return shown
