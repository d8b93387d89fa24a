"""Media items for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from faceVer.domain.folders import MediaItem, MediaKind
from faceVer.domain.values import Frame, Image

CLIP: dict[str, Any] = {"mime": "video/mp4", "duration": 3.76, "fps": 22.83}
PHOTO: dict[str, Any] = {"mime": "image/jpeg"}
ARCHIVE: dict[str, Any] = {"mime": "application/zip"}
_VALUES: dict[MediaKind, dict[str, Any]] = {"video": CLIP, "image": PHOTO, "shots_set": ARCHIVE}


def medium(key: str, kind: MediaKind = "image", **more: Any) -> MediaItem:
    """A media item whose id is `id-<key>`."""
    values: dict[str, Any] = {
        "media_id": f"id-{key}",
        "kind": kind,
        "name": key,
        "filename": f"{key}.bin",
        "md5": "0" * 32,
        "size": 1000,
        "width": 480,
        "height": 640,
        "created": 100.5,
        "updated": 100.75,
    }
    return MediaItem(**(values | _VALUES[kind] | more))


def frames(images: Sequence[Image]) -> list[Frame]:
    """A video of ten frames per second."""
    return [Frame(image, number, number / 10) for number, image in enumerate(images)]
