"""Which frames of a video or archive are taken, and which must be decoded for them. No I/O."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


def choose(times: Sequence[int], candidates: Sequence[int], count: int) -> list[int]:
    """The candidates, at most `count`, nearest to the middles of `count` equal parts of their total time.

    times: of every position. candidates: the positions that may be taken. The result is in order of time.
    """
    order = sorted(candidates, key=times.__getitem__)
    if len(order) <= count:
        return order
    line = [times[position] for position in order]
    chosen = set()
    for part in range(count):
        aim = line[0] + (line[-1] - line[0]) * (2 * part + 1) / (2 * count)
        after = min(max(bisect_left(line, aim), 1), len(line) - 1)
        chosen.add(after if line[after] - aim < aim - line[after - 1] else after - 1)
    return [order[rank] for rank in sorted(chosen)]


def runs_to_decode(times: Sequence[int], keys: Sequence[bool], wanted: Sequence[int]) -> list[list[int]]:
    """Runs of consecutive positions, in coding order, that begin at a key frame and reach every wanted position.

    A frame shown before the key frame it is coded after (an open group of pictures) needs the group before it too.
    """
    wanted_positions = set(wanted)
    needed = [False] * len(times)
    open_until: int | None = None  # the earliest time of a wanted frame that still lacks its key frame
    for position in range(len(times) - 1, -1, -1):
        if position in wanted_positions:
            open_until = times[position] if open_until is None else min(open_until, times[position])
        needed[position] = open_until is not None
        if open_until is not None and keys[position] and times[position] <= open_until:
            open_until = None
    runs: list[list[int]] = []
    for position, is_needed in enumerate(needed):
        if is_needed and (position == 0 or not needed[position - 1]):
            runs.append([])
        if is_needed:
            runs[-1].append(position)
    return runs
