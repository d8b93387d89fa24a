"""What a video file declares of itself, read before FFmpeg opens it.

FFmpeg allocates by declared counts and sizes alone, so that a file of a few hundred bytes can cost gigabytes. Only the
tables with that effect are read here; the file's real bytes limit everything else.
"""

from __future__ import annotations

from faceVer.media.containers import avi, matroska, mov

Size = tuple[int, int]
"""(width, height) in pixels."""

_READERS = {"avi": avi.declared_sizes, "matroska": matroska.declared_sizes, "mov": mov.declared_sizes}


def declared_sizes(data: bytes, demuxer: str) -> list[Size]:
    """The frame sizes that a video's headers declare, 0 x 0 and the like included.

    FFmpeg forgets them once it has read coded frames of another size. demuxer: "avi", "matroska" or "mov".
    Raises SampleError if the file's tables would cost far more memory or time than the file has bytes.
    """
    return _READERS[demuxer](data)
