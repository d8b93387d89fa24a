"""A track relative to its own frontal beginning: how far the face is from it, sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from faceVer.vision.gestures.track import Sample, Shape, is_frontal

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_SAMPLES, MOST_SAMPLES = 3, 6
"""Consecutive frontal samples that a beginning needs, and of which the median is taken: half a second."""
BACK_YAW, BACK_PITCH = 15.0, 10.0
"""Degrees from the beginning within which a face looks into the camera again."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Arrays of N samples; NaN where nothing was measured. index: of the frames. time: seconds. found: whether there is
    a face. posed: whether the pose was measured in this very sample; in between it is interpolated.

    yaw, pitch: degrees from the beginning. eyes: see `Sample`. mouth, size, aspect: as multiples of the beginning's.
    brows, nose_x, nose_y: from the beginning's, see `Shape`.
    """

    index: NDArray[np.int64]
    time: Numbers
    found: Mask
    posed: Mask
    yaw: Numbers
    pitch: Numbers
    eyes: Numbers
    mouth: Numbers
    size: Numbers
    aspect: Numbers
    brows: Numbers
    nose_x: Numbers
    nose_y: Numbers

    def only(self, mask: Mask) -> Motion:
        """The samples of a mask."""
        return Motion(*(getattr(self, one.name)[mask] for one in fields(self)))

    @property
    def frontal(self) -> Mask:
        """Where the face looks into the camera as at the beginning."""
        return self.within(BACK_YAW, BACK_PITCH)

    def within(self, yaw: float, pitch: float) -> Mask:
        """Where the head is turned and tilted by less than so many degrees."""
        return (np.abs(self.yaw) < yaw) & (np.abs(self.pitch) < pitch)

    def undistorted(self, most: float) -> Mask:
        """Where the face is not narrower or lower than at the beginning by more than a share: a picture that is turned
        away is, even where its pose seems to be that at the beginning.
        """
        return np.abs(self.aspect - 1) < most


def motion_of(samples: Sequence[Sample]) -> Motion | None:
    """The track from its frontal beginning on. None where it has none."""
    track = _raw(samples)
    posed = np.flatnonzero(track.posed | ~track.found)
    looks = np.array([sample.found and is_frontal(sample.yaw, sample.pitch) for sample in samples], dtype=np.bool_)
    first = next((n for n in range(len(posed)) if _run(looks[posed], n) >= LEAST_SAMPLES), None)
    if first is None:
        return None
    start = posed[first : first + min(_run(looks[posed], first), MOST_SAMPLES)]
    base = {one.name: float(np.nanmedian(getattr(track, one.name)[start])) for one in fields(Shape)}
    if not all(np.isfinite(value) for value in base.values()) or min(base["size"], base["mouth"], base["aspect"]) <= 0:
        return None
    whole = Motion(
        track.index,
        track.time,
        track.found,
        track.posed,
        _interpolated(track, track.yaw) - float(np.median(track.yaw[start])),
        _interpolated(track, track.pitch) - float(np.median(track.pitch[start])),
        track.eyes,
        track.mouth / base["mouth"],
        track.size / base["size"],
        track.aspect / base["aspect"],
        track.brows - base["brows"],
        track.nose_x - base["nose_x"],
        track.nose_y - base["nose_y"],
    )
    return whole.only(np.arange(len(track.time)) >= start[0])


def _raw(samples: Sequence[Sample]) -> Motion:
    def column(values: Sequence[float]) -> Numbers:
        return np.array(values, dtype=np.float64)

    shapes = {one.name: column([getattr(sample.shape, one.name) for sample in samples]) for one in fields(Shape)}
    yaw = column([sample.yaw for sample in samples])
    return Motion(
        index=np.array([sample.index for sample in samples], dtype=np.int64),
        time=column([sample.time for sample in samples]),
        found=np.array([sample.found for sample in samples], dtype=np.bool_),
        posed=np.isfinite(yaw),
        yaw=yaw,
        pitch=column([sample.pitch for sample in samples]),
        eyes=column([sample.eyes for sample in samples]),
        **shapes,
    )


def _run(mask: Mask, start: int) -> int:
    """Length of the run of true values that begins at `start`."""
    ends = np.flatnonzero(~mask[start:])
    return int(ends[0]) if len(ends) else len(mask) - start


def _interpolated(track: Motion, values: Numbers) -> Numbers:
    """Values between those measured; NaN where there is no face."""
    filled = np.interp(track.time, track.time[track.posed], values[track.posed])
    return np.where(track.found, filled, np.nan)
