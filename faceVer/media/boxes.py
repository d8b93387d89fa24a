"""What a video file declares, checked before FFmpeg reads it.

FFmpeg allocates by some declared counts alone, so that a file of a few hundred bytes can cost gigabytes. Only tables of
that sort are looked at here; everything else a demuxer reads is bounded by the bytes that are really there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from faceVer.errors import SampleError

_MAX_SAMPLES = 2_000_000
_MAX_EDITED = 4_000_000
_MAX_CHUNKED = 1_000_000
_MAX_OVERHEAD = 1 << 20

_TABLES = re.compile(rb"stsz|stz2|trun|elst|keys|stsc|stco|co64|cmov")

_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
_BLOCKS = (b"\xa3", b"\xa0", b"\xec")  # SimpleBlock, BlockGroup, Void


def check(data: bytes, demuxer: str) -> None:
    """Raise SampleError where the tables of a video would cost far more memory than the file has bytes.

    demuxer: "mov", "matroska" or another, which needs no check.
    """
    if demuxer == "mov":
        _check_mov(data)
    elif demuxer == "matroska":
        _check_matroska(data)


def _check_mov(data: bytes) -> None:
    samples = edits = longest = chunks = 0
    for at in _tables(data):
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
            if count * width > len(data):
                raise SampleError(f"the video's {name.decode()} table is longer than the file")
            if name == b"elst":
                edits = max(edits, count)
            elif name == b"stsc":
                longest = max(longest, _most_per_chunk(data, at + 12, count))
            elif name != b"keys":
                chunks = max(chunks, count)
    if samples > _MAX_SAMPLES or samples * edits > _MAX_EDITED or longest * chunks // 1024 > _MAX_CHUNKED:
        raise SampleError(f"the video declares {samples} samples, {edits} edits, {chunks} chunks of {longest}")


def _tables(data: bytes) -> Iterator[int]:
    """Where a table's name stands, anywhere but inside the top level `mdat` boxes, which hold the coded frames."""
    at = 0
    while at < len(data):
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
        for match in _TABLES.finditer(data, at, end):
            yield match.start()
        at = end


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _most_per_chunk(data: bytes, at: int, count: int) -> int:
    count = min(count, (len(data) - at) // 12)
    return int(np.frombuffer(data, ">u4", count * 3, at)[1::3].max()) if count > 0 else 0


def _check_matroska(data: bytes) -> None:
    """Blocks are read one at a time; the other elements (tags, chapters, cues …) become lists of larger structures."""
    at = overhead = 0
    while at < len(data):
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
