"""The table of gestures: by what each is recognized.

The thresholds are provisional: they come from clips of one person before two cameras (docs/liveness.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from faceVer.domain.gestures import Gesture
from faceVer.vision.gestures.motion import Motion, Numbers

Signal = Callable[[Motion], Numbers]
"""How far a gesture is made in each sample, in the rule's unit; NaN where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """signal: see `Signal`. threshold: the value from which the gesture is made; at half of it, it begins and ends.

    hold: samples in a row that must reach the threshold: single ones are errors of the models. posed: whether only
    samples count whose pose was measured. gap: seconds without a value that do not end the gesture. whole: whether it
    must be seen from before its beginning until after its end in every frame.
    unseen: whether a face that is lost for no longer, while the gesture was under way, counts as its peak: a detector
    loses faces that look far up or down. longest: seconds. closed: whether the gesture must end. relief: how far the
    nose leaves its place in a flat picture, see `LEAST_RELIEF`. rival: whether it can dominate others.
    strength: of one that is made, instead of its excursion.
    """

    signal: Signal
    threshold: float
    hold: int = 2
    posed: bool = False
    gap: float = 0.3
    whole: bool = False
    unseen: bool = False
    longest: float = 1e9
    closed: bool = True
    relief: Signal | None = None
    rival: bool = True
    strength: float | None = None


STEADY_YAW, STEADY_PITCH = 15.0, 8.0
"""Degrees within which mouth and brows are measured: a turned or tilted face changes their proportions."""
SIDE_YAW = 30.0
"""Degrees of yaw from which the pitch says nothing."""
TURN, TILT = 45.0, 15.0
LEAST_RELIEF, MOST_RELIEF = 0.005, 0.25
"""By degree of the turn or tilt, see `Shape.nose_x`: 0.008 to 0.011 in liveness-dev/real-1.mp4, mostly below 0.005 in
photos that are turned or bent; strongly bent ones reach 0.007. From the second value on it suffices: landmarks of a
profile are not sure."""

STEADY_SHAPE = 0.08
LOST = 1.5
"""Seconds for which detectors lose a face in profile, or one that looks far up or down."""


def _where(values: Numbers, valid: np.ndarray) -> Numbers:
    return np.where(valid, values, np.nan)


def _tilt(sign: float) -> Signal:
    return lambda motion: _where(sign * motion.pitch, np.abs(motion.yaw) < SIDE_YAW)


def _steady(values: Callable[[Motion], Numbers]) -> Signal:
    def signal(motion: Motion) -> Numbers:
        return _where(values(motion), motion.within(STEADY_YAW, STEADY_PITCH) & motion.undistorted(STEADY_SHAPE))

    return signal


def _approach(motion: Motion) -> Numbers:
    """By what the face has grown since it was smallest."""
    size = _where(motion.size, motion.within(STEADY_YAW, TILT) & motion.undistorted(0.12))
    if len(size) < 3:
        return size - size
    middle = np.median(np.stack([size[:-2], size[1:-1], size[2:]]), axis=0)  # single samples may err
    size = np.concatenate([size[:1], middle, size[-1:]])
    return size / np.fmin.accumulate(size) - 1


RULES: Mapping[Gesture, Rule] = {
    Gesture.RIGHT: Rule(signal=lambda m: m.yaw, threshold=TURN, posed=True, gap=LOST, relief=lambda m: -m.nose_x),
    Gesture.LEFT: Rule(signal=lambda m: -m.yaw, threshold=TURN, posed=True, gap=LOST, relief=lambda m: m.nose_x),
    Gesture.UP: Rule(
        signal=_tilt(1), threshold=TILT, posed=True, gap=LOST, unseen=True, relief=lambda m: -m.nose_y
    ),
    Gesture.DOWN: Rule(
        signal=_tilt(-1), threshold=TILT, posed=True, gap=LOST, unseen=True, relief=lambda m: m.nose_y
    ),
    Gesture.SMILE: Rule(signal=_steady(lambda m: m.mouth - 1), threshold=0.10, closed=False),
    Gesture.BROWS: Rule(signal=_steady(lambda m: m.brows), threshold=0.06, hold=3, closed=False, rival=False),
    Gesture.ZOOM: Rule(signal=_approach, threshold=0.25, closed=False),
    Gesture.BLINK: Rule(
        signal=lambda m: _where(1 - m.eyes, m.within(20, 15) & m.undistorted(STEADY_SHAPE)),
        threshold=0.7, gap=0.0, whole=True, longest=0.8, rival=False, strength=1.5,
    ),
}  # fmt: skip
