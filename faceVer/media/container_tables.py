"""What a video file declares, checked before FFmpeg reads it.

FFmpeg allocates by some declared counts alone, so that a file of a few hundred bytes can cost gigabytes. Only tables of
that sort are looked at here; everything else a demuxer reads is bounded by the bytes that are really there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from faceVer.domain.errors import SampleError

_MAX_SAMPLES = 2_000_000
_MAX_EDITED = 4_000_000
_MAX_CHUNKED = 1_000_000
_MAX_OVERHEAD = 1 << 20
_MAX_ELEMENTS = 200_000
"""Boxes or elements that are walked one by one: far more than the frames and sounds of the longest video allowed."""

_TABLES = re.compile(rb"stsz|stz2|trun|elst|keys|stsc|stco|co64|cmov")
_SIZES = re.compile(rb"tkhd|stsd")
# Sample entries of the codecs that are decoded; other ones (sounds, metadata) have other things where the size is.
_PICTURES = (b"avc1", b"avc2", b"avc3", b"avc4", b"hvc1", b"hev1", b"dvh1", b"dvhe", b"dva1", b"dvav", b"mp4v", b"jpeg",
             b"mjpa", b"mjpb", b"vp08", b"vp09", b"av01")  # fmt: skip

_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
_BLOCKS = (b"\xa3", b"\xa0", b"\xec")  # SimpleBlock, BlockGroup, Void
_TO_VIDEO = (_SEGMENT, b"\x16\x54\xae\x6b", b"\xae", b"\xe0")  # Segment, Tracks, TrackEntry, Video
_WIDTH, _HEIGHT = b"\xb0", b"\xba"


def check(data: bytes, demuxer: str) -> None:
    """Raise SampleError where the tables of a video would cost far more memory than the file has bytes.

    demuxer: "mov", "matroska" or another, which needs no check.
    """
    if demuxer == "mov":
        _check_mov(data)
    elif demuxer == "matroska":
        _check_matroska(data)


def sizes(data: bytes, demuxer: str) -> Iterator[tuple[int, int]]:
    """(width, height) in pixels wherever a video's headers declare them; 0 x 0 and the like where they do not.

    FFmpeg forgets them once it has seen coded frames of another size. To be called after `check`.
    """
    if demuxer == "mov":
        for at in _places(data, _SIZES):
            if data[at : at + 4] == b"tkhd":  # fixed point numbers, behind times of 32 or 64 bits
                place = at + (92 if data[at + 4 : at + 5] == b"\1" else 80)
                yield _number(data, place) >> 16, _number(data, place + 4) >> 16
            elif data[at + 16 : at + 20] in _PICTURES:  # the first sample entry
                yield divmod(_number(data, at + 44), 1 << 16)
    elif demuxer == "matroska":
        yield from _matroska_sizes(data, 0, len(data), _TO_VIDEO)
    elif demuxer == "avi":
        end = data.find(b"movi")
        for place in _formats(data, end if end >= 0 else len(data)):
            wide, high = (int.from_bytes(data[at : at + 4], "little", signed=True) for at in (place + 12, place + 16))
            yield abs(wide), abs(high)  # a picture stored upside down has a negative one


def _matroska_sizes(data: bytes, at: int, end: int, path: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Of the elements between two places that lie on the path. A path of none: the places are those of a Video."""
    found = {_WIDTH: 0, _HEIGHT: 0}
    while at < end:
        name, start = _element_id(data, at)
        size, start = _element_size(data, start)
        if not name:
            break
        at = end if size is None else start + size
        if path and name == path[0]:
            yield from _matroska_sizes(data, start, min(at, end), path[1:])
        elif not path and name in found:
            found[name] = int.from_bytes(data[start : min(at, start + 8)], "big")
    if not path:
        yield found[_WIDTH], found[_HEIGHT]


def _check_mov(data: bytes) -> None:
    samples = edits = longest = chunks = 0
    room = len(data)
    for at in _places(data, _TABLES):
        name = data[at : at + 4]
        if name == b"cmov":
            raise SampleError("the video's header is compressed")
        if name in (b"stsz", b"stz2"):
            samples += _number(data, at + 12)
        elif name == b"trun":
            samples += _number(data, at + 8)
        else:
            count = _number(data, at + 8)
            width = {b"elst": 12, b"keys": 8, b"stsc": 12, b"stco": 4, b"co64": 8}[name]
            room -= count * width
            if room < 0:  # all tables together, as those that share bytes would each be read
                raise SampleError(f"the video's {name.decode()} table is longer than the file")
            if name == b"elst":
                edits = max(edits, count)
            elif name == b"stsc":
                longest = max(longest, _most_per_chunk(data, at + 12, count))
            elif name != b"keys":
                chunks = max(chunks, count)
    if samples > _MAX_SAMPLES or samples * edits > _MAX_EDITED or longest * chunks // 1024 > _MAX_CHUNKED:
        raise SampleError(f"the video declares {samples} samples, {edits} edits, {chunks} chunks of {longest}")


def _places(data: bytes, names: re.Pattern[bytes]) -> Iterator[int]:
    """Where a name stands, anywhere but inside the top level `mdat` boxes, which hold the coded frames."""
    at = boxes = 0
    while at < len(data):
        boxes += 1
        if boxes > _MAX_ELEMENTS:
            raise SampleError("the video has too many boxes")
        size, header = _number(data, at), 8
        if size == 1:
            size, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if size == 0:
            size = len(data) - at
        if size < header:  # no box: whatever FFmpeg makes of the rest, no table in it goes unseen
            size = len(data) - at
        elif data[at + 4 : at + 8] == b"mdat":
            at += size
            continue
        end = min(at + size, len(data))
        for match in names.finditer(data, at, end):
            boxes += 1
            if boxes > _MAX_ELEMENTS:
                raise SampleError("the video has too many tables")
            yield match.start()
        at = end


def _formats(data: bytes, end: int) -> Iterator[int]:
    """Where an AVI's pictures' formats stand, before `end`. Nothing is looked at twice, whatever the file repeats."""
    at, found = data.find(b"vids", 0, end), 0
    while at >= 0 and (at := data.find(b"strf", at, end)) >= 0:
        found += 1
        if found > _MAX_ELEMENTS:
            raise SampleError("the video has too many streams")
        yield at
        at = data.find(b"vids", at, end)


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _most_per_chunk(data: bytes, at: int, count: int) -> int:
    count = min(count, (len(data) - at) // 12)
    return int(np.frombuffer(data, ">u4", count * 3, at)[1::3].max()) if count > 0 else 0


def _check_matroska(data: bytes) -> None:
    """Blocks are read one at a time; the other elements (tags, chapters, cues …) become lists of larger structures."""
    at = overhead = elements = 0
    while at < len(data):
        elements += 1
        if elements > _MAX_ELEMENTS:
            raise SampleError("the video has too many elements")
        name, start = _element_id(data, at)
        size, start = _element_size(data, start)
        if name == _SEGMENT or (name == _CLUSTER and size is None):
            at = start
            continue
        if not name or size is None:
            overhead += len(data) - at
            break
        if name != _CLUSTER and name not in _BLOCKS:
            overhead += min(size, len(data) - start)
        at = start + size
    if overhead > _MAX_OVERHEAD:
        raise SampleError(f"the video has {overhead} bytes beside its frames")


def _element_id(data: bytes, at: int) -> tuple[bytes, int]:
    """(id, b"" where there is none; where its size begins)."""
    length = 9 - data[at].bit_length() if at < len(data) else 9
    return (b"", at) if length > 4 else (data[at : at + length], at + length)


def _element_size(data: bytes, at: int) -> tuple[int | None, int]:
    """(size, None where unknown; where the contents begin)."""
    length = 9 - data[at].bit_length() if at < len(data) else 9
    if length > 8:
        return None, at
    unknown = (1 << 7 * length) - 1
    size = int.from_bytes(data[at : at + length], "big") & unknown
    return (None if size == unknown else size), at + length
