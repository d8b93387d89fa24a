"""Times of a video's coded frames, where single ones are wrong. No I/O."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import median_low

_WRONG_SHARE = 20
"""At most one time in so many is taken for wrong; if more are, the video is as long as it says."""
_PAUSE = 50
"""A pause of more than so many usual ones, and of more than a part of the longest video, is a wrong time."""
_PAUSE_PART = 18


def repair_times(times: Sequence[int], coded: Sequence[int | None], longest: int) -> list[int]:
    """Presentation times, in coding order, without those that make a video longer than `longest`: a stray time is
    replaced by what the decoding time (`coded`) says, or else the frame before, and a jump is closed.

    All in ticks. The result may still span more than `longest`: then the video is longer.
    """
    if max(times) - min(times) <= longest:
        return list(times)
    repaired = _without_strays(times, coded, longest)
    order = sorted(repaired)
    usual = _usual_pause(order)
    jump = max(_PAUSE * usual, longest // _PAUSE_PART)
    jumps = [(after, after - before - usual) for before, after in pairwise(order)
             if after - before > jump]  # fmt: skip
    if len(jumps) > _most_wrong(len(times)):
        return repaired
    return [time - sum(size for after, size in jumps if time >= after) for time in repaired]


def repair_durations(durations: Sequence[int], times: Sequence[int], longest: int) -> list[int]:
    """Durations of frames with these times, without negative ones and those that make the video longer than `longest`:
    the usual pause between two frames is in their place. In ticks."""
    last = max(time + duration for time, duration in zip(times, durations, strict=True))
    if last - min(times) <= longest or len(times) == 1:
        return [max(0, duration) for duration in durations]
    usual, most = _usual_pause(sorted(times)), longest // _PAUSE_PART
    return [max(0, duration) if duration <= most else usual for duration in durations]


def _most_wrong(count: int) -> int:
    return max(1, count // _WRONG_SHARE)


def _usual_pause(order: Sequence[int]) -> int:
    pauses = [after - before for before, after in pairwise(order) if after > before]
    return median_low(pauses) if pauses else 1


def _without_strays(times: Sequence[int], coded: Sequence[int | None], longest: int) -> list[int]:
    order = sorted(times)
    # The span of the length allowed that holds the most frames.
    ends = [bisect_right(order, first + longest) for first in order]
    start = max(range(len(order)), key=lambda rank: ends[rank] - rank)
    low, high = order[start], order[ends[start] - 1]
    strays = len(order) - (ends[start] - start)
    if strays > _most_wrong(len(order)) or 2 * strays >= len(order):
        return list(times)
    usual = _usual_pause(order[start : ends[start]])
    delays = [time - at for time, at in zip(times, coded, strict=True) if at is not None and low <= time <= high]
    delay = median_low(delays) if delays else 0
    repaired: list[int] = []
    for time, at in zip(times, coded, strict=True):
        if low <= time <= high:
            repaired.append(time)
        elif at is not None and low - usual <= at + delay <= high + usual:
            repaired.append(at + delay)
        else:
            repaired.append(repaired[-1] + usual if repaired else low - usual)
    return repaired
