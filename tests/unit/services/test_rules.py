from __future__ import annotations

from dataclasses import replace

from faceVer.media.limits import MediaLimits
from faceVer.services.rules import media_limits
from faceVer.settings.model import Settings


def test_the_defaults_are_those_of_the_settings() -> None:
    assert replace(media_limits(Settings()), budget=None) == MediaLimits()


def test_settings_are_carried_over() -> None:
    settings = Settings.of(media_frames=3, max_pixels=5000, max_file_bytes=2000, max_members=4, max_video_seconds=9.0)
    limits = media_limits(settings)
    assert (limits.frames, limits.max_pixels, limits.max_video_pixels) == (3, 5000, 5000)
    assert (limits.max_member_bytes, limits.max_members, limits.max_video_seconds) == (2000, 4, 9.0)
