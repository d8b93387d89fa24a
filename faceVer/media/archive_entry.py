"""One entry of an archive, as the readers of zip and tar give it to `faceVer.media.archive`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from faceVer.media.limits import MediaLimits


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder. size: bytes expanded, as the archive claims.

    read: gives at most so many of its first bytes; in a tar only until the next entry is read.
    """

    name: str
    is_folder: bool
    size: int
    read: Callable[[int], bytes]


def max_entries(limits: MediaLimits) -> int:
    """The images, and the folders and files that macOS adds (a resource fork for each image)."""
    return 3 * limits.max_members + 16
