"""MP4 and QuickTime: the frame sizes of its tracks, and the tables by whose counts FFmpeg allocates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from itertools import accumulate

import numpy as np

from faceVer.domain.errors import SampleError
from faceVer.media.containers.boxes import Box, boxes, number_at

_MAX_SAMPLES = 2_000_000
_MAX_EDITED_SAMPLES = 4_000_000
_MAX_CHUNKS = 1_000_000
_CHUNK_SAMPLES = 1024
"""Samples of a chunk of uncompressed sound that FFmpeg makes one entry of."""
# Where in the contents of a table the number of its samples is.
_SAMPLE_COUNT = {b"stsz": 8, b"stz2": 8, b"trun": 4}
_DECIDING = frozenset((b"trak", b"hdlr", b"stts", b"stsz", b"stz2"))
_DATA_HANDLERS = frozenset((b"url ", b"alis", b"rsrc"))  # of QuickTime, next to that of the track
_MAX_TRACKS = 32
_ROW_BYTES = {b"elst": 12, b"keys": 8, b"stsc": 12, b"stco": 4, b"co64": 8}
_FRAGMENT_BYTES = 12
# Sample entries of the codecs that are decoded; those of sounds and metadata have something else in place of a size.
_VIDEO_ENTRIES = frozenset(
    b"avc1 avc2 avc3 avc4 hvc1 hev1 dvh1 dvhe dva1 dvav mp4v jpeg mjpa mjpb vp08 vp09 av01".split()
)


def declared_sizes(data: bytes) -> list[tuple[int, int]]:
    """(width, height) of each track header and of each track's first sample entry. Raises SampleError."""
    sizes: list[tuple[int, int]] = []
    roots: set[int] = set()
    indexes: list[list[int]] = []
    counts = dict.fromkeys((*_ROW_BYTES, b"samples"), 0)
    row_bytes = 0
    longest: Counter[int] = Counter()  # track -> the most samples of a chunk
    chunks: Counter[int] = Counter()
    track = 0
    found = sorted(boxes(data), key=lambda box: box.at)  # as FFmpeg, which adds a table to the last track
    in_chunks = _chunked_sounds(data, found)
    for box in found:
        name, at, start, _, is_root = box
        if is_root:
            roots.add(at)
        if name == b"trak":
            track += 1
        elif name == b"cmov":
            raise SampleError("the video's header is compressed")
        elif name == b"tkhd":  # fixed point numbers, after times of 32 or 64 bits
            side = start + (88 if data[start : start + 1] == b"\1" else 76)
            sizes.append((number_at(data, side) >> 16, number_at(data, side + 4) >> 16))
        elif name == b"stsd" and data[start + 12 : start + 16] in _VIDEO_ENTRIES:
            sizes.append(divmod(number_at(data, start + 40), 1 << 16))
        elif name in _SAMPLE_COUNT:
            samples = number_at(data, start + _SAMPLE_COUNT[name])
            counts[b"samples"] += samples // _CHUNK_SAMPLES if start in in_chunks else samples
        elif name == b"sidx":
            indexes.append(_fragments(data, box))
            row_bytes += len(indexes[-1]) * _FRAGMENT_BYTES
        elif name in _ROW_BYTES:
            rows = number_at(data, start + 4)
            row_bytes += rows * _ROW_BYTES[name]
            counts[name] = max(counts[name], rows)
            if name == b"stsc":
                longest[track] = max(longest[track], _longest_chunk(data, start + 8, rows))
            elif name in (b"stco", b"co64"):
                chunks[track] = max(chunks[track], rows)
        if row_bytes > len(data):  # of all tables together, as FFmpeg reads on where a box ends before its table
            raise SampleError(f"the video's {name.decode()} table is longer than the file")
    samples, edits = counts[b"samples"], counts[b"elst"]
    parts = sum(longest[number] * chunks[number] // _CHUNK_SAMPLES for number in chunks)
    if samples > _MAX_SAMPLES or samples * edits > _MAX_EDITED_SAMPLES or parts > _MAX_CHUNKS:
        raise SampleError(f"the video declares {samples} samples, {edits} edits, {parts} parts of chunks")
    _check_indexes(data, indexes, roots)
    return sizes


def _chunked_sounds(data: bytes, found: Sequence[Box]) -> set[int]:
    """Where the tables of sample sizes are of which FFmpeg lists chunks instead of samples, as of PCM sound.

    These are the tables of tracks that are sound, all of whose samples have one size and last one unit of time, as
    mov_build_index of libavformat/mov.c (FFmpeg 8.1) decides it. A track with two tables of one kind does not count:
    FFmpeg might decide on the other.
    """
    tracks = [box for box in found if box.name == b"trak"]
    deciding = [box for box in found if box.name in _DECIDING] if len(tracks) <= _MAX_TRACKS else []
    at = set()
    for track in tracks:
        own = [box for box in deciding if track.start <= box.at < track.end]
        handlers = {data[box.start + 8 : box.start + 12] for box in own if box.name == b"hdlr"} - _DATA_HANDLERS
        starts = {box.name: box.start for box in own if box.name != b"hdlr"}
        if handlers != {b"soun"} or starts.keys() != {b"stts", b"stsz"}:
            continue
        durations, sizes = starts[b"stts"], starts[b"stsz"]
        is_even = number_at(data, durations + 4) == number_at(data, durations + 12) == 1
        if is_even and number_at(data, sizes + 4) and sum(box.name != b"hdlr" for box in own) == len(starts):
            at.add(sizes)
    return at


def _longest_chunk(data: bytes, at: int, count: int) -> int:
    """The most samples of a chunk that a `stsc` table declares."""
    count = min(count, (len(data) - at) // 12)
    return int(np.frombuffer(data, ">u4", count * 3, at)[1::3].max()) if count > 0 else 0


def _fragments(data: bytes, box: Box) -> list[int]:
    """Where the fragments begin that an index (`sidx`) lists, and where the last one ends."""
    width = 8 if data[box.start : box.start + 1] == b"\1" else 4  # of its time and its offset, which precede the count
    rows = box.start + 16 + 2 * width
    first = box.end + int.from_bytes(data[rows - 4 - width : rows - 4], "big")
    count = min(int.from_bytes(data[rows - 2 : rows], "big"), (len(data) - rows) // _FRAGMENT_BYTES)
    return list(accumulate((number_at(data, rows + _FRAGMENT_BYTES * n) for n in range(count)), initial=first))


def _check_indexes(data: bytes, indexes: Sequence[Sequence[int]], roots: Container[int]) -> None:
    """FFmpeg follows the indexes if one reaches the end of the file, and reads boxes where they say a fragment begins:
    there must be one. The end is that of the file, or what its last four bytes say."""
    ends = (len(data), len(data) - number_at(data, len(data) - 4))
    if not any(index[-1] in ends for index in indexes):
        return
    if any(at not in roots for index in indexes for at in index[:-1] if at < len(data)):
        raise SampleError("the video's index of fragments leads to other data")
