"""The rule objects that media gets, made from the settings."""

from __future__ import annotations

from faceVer.media.limits import MediaLimits, PixelBudget
from faceVer.settings.model import Settings


def media_limits(settings: Settings, media_count: int = 1) -> MediaLimits:
    """The limits of one request, whose `media_count` media items share the decoding work it may cost."""
    media = settings.media
    return MediaLimits(
        budget=PixelBudget(media.max_folder_pixels),
        frames=media.media_frames,
        side=media.media_side,
        max_pixels=media.max_pixels,
        max_video_pixels=min(media.max_video_pixels, media.max_pixels),
        max_video_seconds=media.max_video_seconds,
        max_video_frames=media.max_video_frames,
        max_video_work=media.max_video_work // max(1, media_count),
        max_members=media.max_members,
        max_member_bytes=settings.limits.max_file_bytes,
        max_expanded_bytes=media.max_expanded_bytes,
    )
