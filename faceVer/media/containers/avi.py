"""AVI: the frame sizes in the headers of its video streams."""

from __future__ import annotations

from faceVer.domain.errors import SampleError

_MAX_STREAMS = 200_000


def declared_sizes(data: bytes) -> list[tuple[int, int]]:
    """(width, height) of each format (`strf`) after a `vids` and before the frames (`movi`). Raises SampleError.

    A linear search, however often the file repeats the names.
    """
    end = data.find(b"movi")
    end = end if end >= 0 else len(data)
    found: list[tuple[int, int]] = []
    at = data.find(b"vids", 0, end)
    while at >= 0 and (at := data.find(b"strf", at, end)) >= 0:
        if len(found) >= _MAX_STREAMS:
            raise SampleError("the video has too many streams")
        width, height = (int.from_bytes(data[side : side + 4], "little", signed=True) for side in (at + 12, at + 16))
        found.append((abs(width), abs(height)))  # the height of an image stored bottom-up is negative
        at = data.find(b"vids", at, end)
    return found
