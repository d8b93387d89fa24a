"""Which frames of a medium are taken, and which must be decoded for them; pure functions over times and key frames."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


def choose(times: Sequence[int], places: Sequence[int], count: int) -> list[int]:
    """The places, at most `count`, whose times are nearest to the middles of `count` equal parts of the whole time.

    times: of every place. places: those that may be taken. The result is in order of time.
    """
    order = sorted(places, key=times.__getitem__)
    if len(order) <= count:
        return order
    line = [times[place] for place in order]
    chosen = set()
    for part in range(count):
        aim = line[0] + (line[-1] - line[0]) * (2 * part + 1) / (2 * count)
        after = min(max(bisect_left(line, aim), 1), len(line) - 1)
        chosen.add(after if line[after] - aim < aim - line[after - 1] else after - 1)
    return [order[place] for place in sorted(chosen)]


def needed(times: Sequence[int], keys: Sequence[bool], wanted: Sequence[int]) -> list[list[int]]:
    """Runs of consecutive places, in coding order, that begin at a key frame and reach every wanted place.

    A frame shown before the key frame it is coded after (an open group of pictures) needs the group before it too.
    """
    aims = set(wanted)
    need = [False] * len(times)
    open_until: int | None = None  # the earliest time of a wanted frame that still lacks its key frame
    for place in range(len(times) - 1, -1, -1):
        if place in aims:
            open_until = times[place] if open_until is None else min(open_until, times[place])
        need[place] = open_until is not None
        if open_until is not None and keys[place] and times[place] <= open_until:
            open_until = None
    runs: list[list[int]] = []
    for place, wants in enumerate(need):
        if wants and (place == 0 or not need[place - 1]):
            runs.append([])
        if wants:
            runs[-1].append(place)
    return runs
