"""Colours that a picture or video names by the codes of ITU-T H.273, to sRGB: wide gamuts, and HDR made SDR."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

_ROWS = 64
_PQ, _HLG = 16, 18  # transfer characteristics; all others count as that of sRGB, which differs little from them
_BT2020 = ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187))
_P3 = ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979))
_TO_BT709 = {9: _BT2020, 11: _P3, 12: _P3}
"""Colour primaries -> linear RGB of BT.709, which sRGB has. BT.2020 is by ITU-R BT.2087, P3 by SMPTE EG 432-1."""
_WHITE = 203.0
"""cd/m2 of white paper in HDR (ITU-R BT.2408), which becomes SDR's white."""
_HLG_PEAK, _HLG_GAMMA = 1000.0, 1.2  # of the display for which ITU-R BT.2100 states both
_LUMA = np.array((0.2627, 0.6780, 0.0593), np.float32)  # of BT.2020
_KNEE = 0.75
"""Linear light above which HDR is compressed: a face in usual light is below it and stays as it is."""
_STEPS = 1 << 14


def needs_conversion(primaries: int, transfer: int) -> bool:
    """Whether colours with these codes differ from those of sRGB."""
    return primaries in _TO_BT709 or transfer in (_PQ, _HLG)


def coded_to_srgb(pixels: NDArray[np.uint8] | NDArray[np.uint16], primaries: int, transfer: int) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of 8 or 16 bits with these codes -> (H, W, 3) uint8 sRGB."""
    light = _light(transfer, int(np.iinfo(pixels.dtype).max) + 1)
    matrix, encoded = np.array(_TO_BT709.get(primaries, np.eye(3)), np.float32), _encoded()
    result = np.empty(pixels.shape, np.uint8)
    for top in range(0, len(pixels), _ROWS):  # as a whole it would take many times the memory
        linear = light[pixels[top : top + _ROWS]]
        if transfer == _HLG:
            linear *= (_HLG_PEAK / _WHITE) * np.power(linear @ _LUMA, np.float32(_HLG_GAMMA - 1))[:, :, None]
        linear = np.maximum(cv2.transform(linear, matrix), 0)
        if transfer in (_PQ, _HLG):
            red, green, blue = cv2.split(linear)
            linear *= _compression(cv2.max(cv2.max(red, green), blue))[:, :, None]
        result[top : top + _ROWS] = encoded[(np.minimum(linear, 1) * (_STEPS - 1) + 0.5).astype(np.uint16)]
    return result


def _compression(strongest: NDArray[np.float32]) -> NDArray[np.float32]:
    """The factor for pixels with this strongest channel: 1 up to the knee, then smoothly down, so that hues stay."""
    above = np.maximum(strongest - _KNEE, 0)
    mapped = np.minimum(strongest, _KNEE) + (1 - _KNEE) * -np.expm1(-above / (1 - _KNEE))
    factor: NDArray[np.float32] = mapped / np.maximum(strongest, np.float32(1e-6))
    return factor


@lru_cache(maxsize=8)
def _light(transfer: int, levels: int) -> NDArray[np.float32]:
    """The linear light of each level: 1 is white; of HLG, before the display's gamma, 1 is the strongest."""
    level = np.arange(levels) / (levels - 1)
    if transfer == _PQ:  # SMPTE ST 2084
        root = level ** (1 / 78.84375)
        light = (
            10_000 / _WHITE * (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
        )
    elif transfer == _HLG:  # ARIB STD-B67
        light = np.where(level <= 0.5, level**2 / 3, (np.exp((level - 0.55991073) / 0.17883277) + 0.28466892) / 12)
    else:  # IEC 61966-2-1
        light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


@lru_cache(maxsize=1)
def _encoded() -> NDArray[np.uint8]:
    """The sRGB level of each step of linear light (IEC 61966-2-1)."""
    light = np.arange(_STEPS) / (_STEPS - 1)
    level = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * level).astype(np.uint8)
