"""The caps of the media part, apart from the settings, so that callers and tests can pass their own."""

from __future__ import annotations

from dataclasses import dataclass

from faceVer.domain.errors import SampleError
from faceVer.settings.model import Settings


class PixelBudget:
    """Pixels that the pictures of one request may have together; for one thread."""

    def __init__(self, limit: int) -> None:
        self._limit, self._left = limit, limit

    def spend(self, pixels: int) -> None:
        """Raises SampleError where the request has no pixels left for a picture."""
        self._left -= pixels
        if self._left < 0:
            raise SampleError(f"the request's pictures have more than {self._limit} pixels together")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """Each field is the setting of (nearly) the same name; its doc is in `faceVer.settings.model.Settings`."""

    frames: int = 16
    side: int = 1280
    max_pixels: int = 50_000_000
    max_video_pixels: int = 9_437_184
    max_video_seconds: float = 180.0
    max_video_frames: int = 20_000
    max_video_work: int = 4_000_000_000
    max_members: int = 300
    max_member_bytes: int = 15 * 1024 * 1024
    max_expanded_bytes: int = 150 * 1024 * 1024
    budget: PixelBudget | None = None

    @classmethod
    def from_settings(cls, settings: Settings, media: int = 1) -> MediaLimits:
        """The limits of one request. media: how many there are to share what a request may cost."""
        return cls(
            budget=PixelBudget(settings.media.max_folder_pixels),
            frames=settings.media.media_frames,
            side=settings.media.media_side,
            max_pixels=settings.media.max_pixels,
            max_video_pixels=min(settings.media.max_video_pixels, settings.media.max_pixels),
            max_video_seconds=settings.media.max_video_seconds,
            max_video_frames=settings.media.max_video_frames,
            max_video_work=settings.media.max_video_work // max(1, media),
            max_members=settings.media.max_members,
            max_member_bytes=settings.limits.max_file_bytes,
            max_expanded_bytes=settings.media.max_expanded_bytes,
        )
