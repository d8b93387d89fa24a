"""MP4 and QuickTime: the frame sizes of its tracks, and the tables by whose counts FFmpeg allocates."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from faceVer.domain.errors import SampleError

_MAX_SAMPLES = 2_000_000
_MAX_EDITED_SAMPLES = 4_000_000
_MAX_CHUNKS = 1_000_000
_MAX_BOXES = 200_000
"""Far more than the fragments of the longest video allowed have."""
_MAX_DEPTH = 10
"""FFmpeg rejects boxes nested deeper."""

# The boxes in which FFmpeg looks for boxes, each with the offset of the first one. `meta`, `stsd`: see `_boxes`.
_CONTAINERS = dict.fromkeys(
    b"moov trak edts mdia minf dinf stbl udta ilst tref mvex moof traf sinf schi iprp ipco".split(), 0
) | {b"iref": 4}
_SEARCHED = (b"stsd", b"wave")  # codecs' own boxes, at an offset that depends on the codec
_SAMPLE_COUNTS = {b"stsz": 8, b"stz2": 8, b"trun": 4}  # where in the contents the count is
_ROW_BYTES = {b"elst": 12, b"keys": 8, b"stsc": 12, b"stco": 4, b"co64": 8}
_IN_SAMPLE_ENTRY = re.compile(b"|".join({*_SAMPLE_COUNTS, *_ROW_BYTES, b"cmov", b"tkhd", b"stsd"} - {b"keys"}))
# Sample entries of the codecs that are decoded; those of sounds and metadata have something else in place of a size.
_VIDEO_ENTRIES = frozenset(
    b"avc1 avc2 avc3 avc4 hvc1 hev1 dvh1 dvhe dva1 dvav mp4v jpeg mjpa mjpb vp08 vp09 av01".split()
)


def declared_sizes(data: bytes) -> list[tuple[int, int]]:
    """(width, height) of each track header and of each track's first sample entry. Raises SampleError."""
    sizes = []
    samples = edits = chunks = longest = rows = 0
    for number, (name, start) in enumerate(_boxes(data)):
        if number >= _MAX_BOXES:
            raise SampleError("the video has too many boxes")
        if name == b"cmov":
            raise SampleError("the video's header is compressed")
        if name == b"tkhd":  # fixed point numbers, after times of 32 or 64 bits
            at = start + (88 if data[start : start + 1] == b"\1" else 76)
            sizes.append((_number(data, at) >> 16, _number(data, at + 4) >> 16))
        elif name == b"stsd" and data[start + 12 : start + 16] in _VIDEO_ENTRIES:
            sizes.append(divmod(_number(data, start + 40), 1 << 16))
        elif name in _SAMPLE_COUNTS:
            samples += _number(data, start + _SAMPLE_COUNTS[name])
        elif name in _ROW_BYTES:
            count = _number(data, start + 4)
            rows += count * _ROW_BYTES[name]
            if rows > len(data):  # of all tables together, as FFmpeg reads on where a box ends before its table
                raise SampleError(f"the video's {name.decode()} table is longer than the file")
            if name == b"elst":
                edits = max(edits, count)
            elif name == b"stsc":
                longest = max(longest, _longest_chunk(data, start + 8, count))
            elif name != b"keys":
                chunks = max(chunks, count)
    if samples > _MAX_SAMPLES or samples * edits > _MAX_EDITED_SAMPLES or longest * chunks // 1024 > _MAX_CHUNKS:
        raise SampleError(f"the video declares {samples} samples, {edits} edits, {chunks} chunks of {longest}")
    return sizes


def _boxes(data: bytes) -> Iterator[tuple[bytes, int]]:
    """(name, where its contents begin) of every box that FFmpeg's demuxer reads, and of no text or frame data.

    As mov_read_default of libavformat/mov.c (FFmpeg 8.1) and the functions that call it walk the file; where a
    codec's boxes begin is not known, so that tables are searched there by name.
    """
    ranges = [(0, len(data), 0)]
    while ranges:
        at, end, depth = ranges.pop()
        while at + 8 <= end:
            size, name = _number(data, at), data[at + 4 : at + 8]
            at += 8
            if size == 1 and at + 8 <= end:
                size = int.from_bytes(data[at : at + 8], "big") - 8
                at += 8
            if size == 0:
                size = end - at + 8
            if size < 8:
                break  # FFmpeg ignores the rest of the parent
            start, at = at, min(at + size - 8, end)
            yield name, start
            first = _first_box(data, name, start, at)
            if first is not None and depth < _MAX_DEPTH:
                ranges.append((first, at, depth + 1))
            elif name in _SEARCHED:
                for match in _IN_SAMPLE_ENTRY.finditer(data, start, at):
                    yield match[0], match.end()


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


def _longest_chunk(data: bytes, at: int, count: int) -> int:
    """The most samples of a chunk that a `stsc` table declares."""
    count = min(count, (len(data) - at) // 12)
    return int(np.frombuffer(data, ">u4", count * 3, at)[1::3].max()) if count > 0 else 0


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")
