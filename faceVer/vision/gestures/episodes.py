"""Where in a track a gesture is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from faceVer.domain.gestures import Gesture
from faceVer.vision.gestures.motion import Motion, Numbers
from faceVer.vision.gestures.rules import RULES, Rule

BEGUN = 0.5
"""The share of the threshold at which a gesture begins and ends."""
BESIDE = 0.25
"""Seconds between two episodes that are one movement."""
EARLIEST_LOST = 0.15
"""Seconds from which a lost face is more than an error of the detector."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A gesture from its beginning to its end, in seconds. strength: its held peak as a multiple of the threshold.
    relief: the largest held value of the rule's; NaN where it has none, or nothing was measured.
    closed: whether it ends within the track.
    """

    gesture: Gesture
    begin: float
    peak: float
    end: float
    strength: float
    relief: float
    closed: bool

    def touches(self, other: Episode) -> bool:
        return self.begin <= other.end + BESIDE and other.begin <= self.end + BESIDE


def episodes(motion: Motion, rules: Mapping[Gesture, Rule] = RULES) -> list[Episode]:
    """All episodes that reach their thresholds, in order of their peaks."""
    posed = motion.only(motion.posed | ~motion.found)
    found = [
        episode for gesture, rule in rules.items() for episode in _of(gesture, rule, posed if rule.posed else motion)
    ]
    return sorted(found, key=lambda episode: episode.peak)


def _of(gesture: Gesture, rule: Rule, motion: Motion) -> Iterator[Episode]:
    values = rule.signal(motion) / rule.threshold
    if rule.unseen:
        values = _with_lost(values, motion, rule.gap)
    known = np.flatnonzero(np.isfinite(values))
    relief = rule.relief(motion) if rule.relief else None
    for begin, end in _runs(values, known, motion.time, rule.gap):
        inside = known[begin:end]
        strength = _held(values[inside], rule.hold)
        is_closed = begin > 0 and end < len(known)
        seconds = float(motion.time[inside[-1]] - motion.time[inside[0]])
        if not strength >= 1 or seconds > rule.longest:
            continue
        if rule.whole and not (is_closed and known[end] - known[begin - 1] == len(inside) + 1):
            continue  # eyes that are not seen to close and to open again have not blinked
        yield Episode(
            gesture,
            float(motion.time[inside[0]]),
            float(motion.time[inside[np.argmax(values[inside])]]),
            float(motion.time[inside[-1]]),
            rule.strength or strength,
            np.nan if relief is None else _held(relief[inside][np.isfinite(relief[inside])], rule.hold),
            is_closed,
        )


def _runs(values: Numbers, known: np.ndarray, time: Numbers, gap: float) -> Iterator[tuple[int, int]]:
    """(first, after the last) of runs of known values from `BEGUN` on, with no pause of more than `gap` seconds."""
    begin: int | None = None
    for place, sample in enumerate(known):
        is_on = values[sample] >= BEGUN
        # A sample follows the one before without a pause, or within the time that may be missing.
        follows = place > 0 and (sample == known[place - 1] + 1 or time[sample] - time[known[place - 1]] <= gap)
        if begin is not None and not (is_on and follows):
            yield begin, place
            begin = None
        if begin is None and is_on:
            begin = place
    if begin is not None:
        yield begin, len(known)


def _held(values: Numbers, hold: int) -> float:
    """The largest value that so many in a row reach. -inf where there are fewer."""
    if len(values) < hold:
        return -np.inf
    return float(np.lib.stride_tricks.sliding_window_view(values, hold).min(axis=1).max())


def _with_lost(values: Numbers, motion: Motion, longest: float) -> Numbers:
    """Samples without a face, between two with one of which either is under way, count as the gesture."""
    values = values.copy()
    lost = ~motion.found
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lost.view(np.int8), [0]])))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if begin == 0 or end == len(values):
            continue
        seconds = motion.time[end] - motion.time[begin - 1]
        if EARLIEST_LOST <= seconds <= longest and np.nanmax([values[begin - 1], values[end], -np.inf]) >= BEGUN:
            values[begin:end] = max(1.0, np.nanmax([values[begin - 1], values[end]]))
    return values
