"""Matroska and WebM: the frame sizes of its tracks, and how much it holds besides frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from faceVer.domain.errors import SampleError

_MAX_OVERHEAD = 1 << 20
"""Bytes besides the frames: FFmpeg turns tags, chapters, cues and the like into lists of larger structures."""
_MAX_ELEMENTS = 200_000
"""Far more than the frames and sounds of the longest video allowed."""

_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
_FRAMES = (_CLUSTER, b"\xa3", b"\xa0", b"\xec")  # Cluster, SimpleBlock, BlockGroup, Void
_VIDEO_PATH = (_SEGMENT, b"\x16\x54\xae\x6b", b"\xae", b"\xe0")  # Segment, Tracks, TrackEntry, Video
_WIDTH, _HEIGHT = b"\xb0", b"\xba"


def declared_sizes(data: bytes) -> list[tuple[int, int]]:
    """(width, height) of each video track. Raises SampleError if the file holds too much besides its frames."""
    _check_overhead(data)
    return list(_sizes(data, 0, len(data), _VIDEO_PATH))


def _check_overhead(data: bytes) -> None:
    at = overhead = elements = 0
    while at < len(data):
        elements += 1
        if elements > _MAX_ELEMENTS:
            raise SampleError("the video has too many elements")
        name, size, start = _element(data, at)
        if name == _SEGMENT or (name == _CLUSTER and size is None):
            at = start
            continue
        if not name or size is None:
            overhead += len(data) - at
            break
        if name not in _FRAMES:
            overhead += min(size, len(data) - start)
        at = start + size
    if overhead > _MAX_OVERHEAD:
        raise SampleError(f"the video has {overhead} bytes beside its frames")


def _sizes(data: bytes, at: int, end: int, path: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """The sizes below the elements between two positions that lie on the path. Empty path: those of one Video."""
    found = {_WIDTH: 0, _HEIGHT: 0}
    while at < end:
        name, size, start = _element(data, at)
        if not name:
            break
        at = end if size is None else start + size
        if path and name == path[0]:
            yield from _sizes(data, start, min(at, end), path[1:])
        elif not path and name in found:
            found[name] = int.from_bytes(data[start : min(at, start + 8)], "big")
    if not path:
        yield found[_WIDTH], found[_HEIGHT]


def _element(data: bytes, at: int) -> tuple[bytes, int | None, int]:
    """(id, b"" if there is none; size of the contents, None if unknown; where they begin)."""
    length = _length(data, at)
    if length > 4:
        return b"", None, at
    name, at = data[at : at + length], at + length
    length = _length(data, at)
    if length > 8:
        return name, None, at
    unknown = (1 << 7 * length) - 1
    size = int.from_bytes(data[at : at + length], "big") & unknown
    return name, None if size == unknown else size, at + length


def _length(data: bytes, at: int) -> int:
    """Bytes of a number, which the leading zero bits of its first byte tell; 9 if there is none."""
    return 9 - data[at].bit_length() if at < len(data) else 9
