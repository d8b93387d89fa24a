"""The boxes of an MP4 or QuickTime file, found as FFmpeg finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from faceVer.domain.errors import SampleError

_MAX_BOXES = 200_000
"""Far more than the fragments of the longest video allowed have."""
_MAX_DEPTH = 10
"""FFmpeg rejects boxes nested deeper."""

# The boxes in which FFmpeg looks for boxes, and the offset of the first one; `meta`: see `_first_box`.
_CONTAINERS = dict.fromkeys(
    b"moov trak edts mdia minf dinf stbl udta ilst tref mvex moof traf sinf schi iprp ipco".split(), 0
) | {b"iref": 4}
# Each codec has its boxes at another offset in these: there the tables are searched by name.
_SEARCHED = (b"stsd", b"wave")
_SEARCHED_NAMES = re.compile(b"stsz|stz2|trun|elst|stsc|stco|co64|sidx|cmov|tkhd|stsd")


class Box(NamedTuple):
    """at, start, end: where its header and its contents begin, and where they end. is_root: it is in no other box."""

    name: bytes
    at: int
    start: int
    end: int
    is_root: bool


def boxes(data: bytes) -> Iterator[Box]:
    """Every box that FFmpeg's demuxer reads, and no text or frame data. Raises SampleError on too many.

    As mov_read_default of libavformat/mov.c (FFmpeg 8.1) and the functions that call it walk the file.
    """
    for count, box in enumerate(_walk(data)):
        if count >= _MAX_BOXES:
            raise SampleError("the video has too many boxes")
        yield box


def _walk(data: bytes) -> Iterator[Box]:
    ranges = [(0, len(data), 0)]
    while ranges:
        at, range_end, depth = ranges.pop()
        while at + 8 <= range_end:
            begin, size, name = at, number_at(data, at), data[at + 4 : at + 8]
            at += 8
            if size == 1 and at + 8 <= range_end:
                size = int.from_bytes(data[at : at + 8], "big") - 8
                at += 8
            if size == 0:
                size = range_end - at + 8
            if size < 8:
                break  # FFmpeg ignores the rest of the parent
            start, at = at, min(at + size - 8, range_end)
            yield Box(name, begin, start, at, is_root=depth == 0)
            first = _first_box(data, name, start, at)
            if first is not None and depth < _MAX_DEPTH:
                ranges.append((first, at, depth + 1))
            elif name in _SEARCHED:
                for match in _SEARCHED_NAMES.finditer(data, start, at):
                    header = match.start() - 4
                    yield Box(match[0], header, match.end(), header + number_at(data, header), is_root=False)


def _first_box(data: bytes, name: bytes, start: int, end: int) -> int | None:
    """Where the boxes within a box begin, None if it holds none."""
    if name in _CONTAINERS:
        return start + _CONTAINERS[name]
    if name == b"meta":  # from `hdlr` on, which in some files follows 4 bytes of flags
        found = np.flatnonzero(np.frombuffer(data, "S4", (end - start) // 4, start) == b"hdlr")
        return start + 4 * int(found[0]) - 4 if found.size else None
    if name in (b"free", b"hoov") and data[start + 4 : start + 8] in (b"mvhd", b"cmov"):  # read where `moov` is missing
        return start
    return None


def number_at(data: bytes, at: int) -> int:
    """The four bytes at a position as a number, fewer at the end of the file."""
    return int.from_bytes(data[at : at + 4], "big")
