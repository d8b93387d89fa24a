"""The rules of detection, made from the settings in services/rules.py."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DetectionRules:
    """size, size_fine: longer side, in pixels, of the first and the finer copy given to the detector.

    second_ratio, second_confidence: least box side, as a share of the subject's, and least confidence of a second
    person's face. aside_ratio, blurred_ratio: least box side where it is far from the centre, or blurred. quick: fast
    detection, which refines the subject only.
    """

    size: int
    size_fine: int
    second_ratio: float
    second_confidence: float
    aside_ratio: float = 0.0
    blurred_ratio: float = 0.0
    quick: bool = False
