"""From a track to a verdict for each demanded gesture. Pure: numbers in, verdicts out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faceVer.domain.gestures import Gesture, GestureFault
from faceVer.vision.gestures.episodes import Episode, episodes
from faceVer.vision.gestures.motion import Motion, motion_of
from faceVer.vision.gestures.rules import LEAST_RELIEF, MOST_RELIEF, RULES
from faceVer.vision.gestures.track import Sample

SLIGHT_YAW, SLIGHT_PITCH = 45.0, 35.0
"""Degrees of a turn or tilt up to which a face can be compared. A turn begins at half of this yaw, so that one of 3
samples to its peak has one below.
"""
DOMINANT = 0.75
"""A gesture that was not demanded, from this share of the strength of the one that was, dominates it."""
AFTERWARDS = 2
"""Samples in which the face looks into the camera again after the gesture."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """fault: None = the gesture was made. time: seconds, of its peak. frames: indices (see `values.Frame`) of frames
    that must show one person: at first, in the gesture where the head is turned least, and after it.
    """

    gesture: Gesture
    fault: GestureFault | None
    time: float | None = None
    frames: tuple[int, ...] = ()


def decide(samples: Sequence[Sample], demanded: Sequence[Gesture]) -> list[Verdict]:
    """One verdict per demanded gesture, which must follow each other in this order. samples: in order of time."""
    motion = motion_of(samples)
    if motion is None:
        return [Verdict(gesture, GestureFault.NO_FRONTAL_FACE) for gesture in demanded]
    found = _movements(episodes(motion))
    verdicts, last = [], -np.inf
    for gesture in demanded:
        verdict = _verdict(gesture, motion, found, demanded, last)
        verdicts.append(verdict)
        last = verdict.time if verdict.time is not None else last
    return verdicts


def _movements(found: Sequence[Episode]) -> list[Episode]:
    """Of episodes at the same time only the strongest: a turned head seems to look up or down a little, too.

    Gestures that are no rivals stay, and suppress nothing.
    """
    kept: list[Episode] = []
    for episode in sorted(found, key=lambda one: -one.strength):
        rivals = [other for other in kept if RULES[other.gesture].rival]
        if not RULES[episode.gesture].rival or not any(episode.touches(other) for other in rivals):
            kept.append(episode)
    return sorted(kept, key=lambda one: one.peak)


def _verdict(
    gesture: Gesture, motion: Motion, found: Sequence[Episode], demanded: Sequence[Gesture], last: float
) -> Verdict:
    """last: seconds, the peak of the gesture before."""
    if gesture is Gesture.NONE:
        return Verdict(gesture, None)
    made = [one for one in found if one.gesture is gesture]
    later = [one for one in made if one.peak > last]
    if not later:
        return Verdict(gesture, GestureFault.WRONG_ORDER if made else GestureFault.NOT_SEEN)
    episode, rule = max(later, key=lambda one: one.strength) if len(demanded) == 1 else later[0], RULES[gesture]
    looks = motion.only(motion.frontal)
    before, after = looks.index[looks.time < episode.begin], looks.index[looks.time > episode.end]
    others = [one for one in found if one.gesture not in demanded and RULES[one.gesture].rival]
    # Within the gesture: its profile views, which cannot be compared, may be cut into another's video. A pose that was
    # interpolated says nothing about a cut.
    seen = (motion.posed if rule.posed else motion.found) & motion.within(SLIGHT_YAW, SLIGHT_PITCH)
    within = motion.only(seen & (motion.time >= episode.begin) & (motion.time <= episode.end))
    fault: GestureFault | None = None
    if any(one.strength >= max(1.0, DOMINANT * episode.strength) for one in others):
        fault = GestureFault.OTHER_GESTURE
    elif rule.relief and not episode.relief >= min(MOST_RELIEF, LEAST_RELIEF * episode.strength * rule.threshold):
        fault = GestureFault.FLAT
    elif rule.closed and len(after) < AFTERWARDS:
        fault = GestureFault.NOT_ENDED
    elif not len(within.index):
        fault = GestureFault.OTHER_PERSON
    least = within.index[np.argsort(np.abs(within.yaw))]
    return Verdict(gesture, fault, episode.peak, tuple(int(one) for one in (*before[:1], *least[:1], *after[-1:])))
