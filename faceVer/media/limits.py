"""What reading one request's media may cost. faceVer.services.rules makes these from the settings."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from faceVer.domain.errors import TooLargeError


class PixelBudget:
    """Pixels that the images of one request may have together, on however many threads they are decoded."""

    def __init__(self, limit: int) -> None:
        self._limit, self._left = limit, limit
        self._lock = threading.Lock()

    @property
    def left(self) -> int:
        return max(0, self._left)

    def spend(self, pixels: int) -> None:
        """Raises TooLargeError if the request has no pixels left for an image: it may be fine, the request is not."""
        with self._lock:
            self._left -= pixels
            is_spent = self._left < 0
        if is_spent:
            detail = f"the request's pictures have more than {self._limit} pixels together"
            raise TooLargeError(detail, exposed="pixels of all pictures")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """The limits of one media item; the defaults are those of the settings, which docs/settings.md describes."""

    frames: int = 16
    """Frames taken from a video or an archive."""
    side: int = 1280
    """Pixels of a frame's longer side; larger frames are scaled down."""
    max_pixels: int = 51_200_000
    """Pixels of an image."""
    max_video_pixels: int = 9_437_184
    """Pixels of a video's frame."""
    max_video_seconds: float = 180.0
    max_video_frames: int = 20_000
    max_video_work: int = 4_000_000_000
    """Pixels that may be decoded for a video's frames; beyond them only key frames are taken."""
    max_members: int = 300
    """Images in an archive."""
    max_member_bytes: int = 15 * 1024 * 1024
    """Bytes of an image in an archive, expanded."""
    max_expanded_bytes: int = 150 * 1024 * 1024
    """Bytes of all members of an archive together, expanded."""
    budget: PixelBudget | None = None
    """Shared by the images of a request. None: no limit."""
    memory: int | None = None
    """Bytes that decoding may take, pixels included. None: no limit."""


def require_memory(needed: int, memory: int | None) -> None:
    """Before a decoder allocates them. Raises MemoryError if more bytes are needed than decoding may take."""
    if memory is not None and needed > memory:
        raise MemoryError(f"{needed} bytes are needed, {memory} may be taken")
