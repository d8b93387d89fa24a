"""Media facts for the tests of this folder."""

from __future__ import annotations

from typing import Any

from faceVer.domain.folders import MediaFact, MediaKind

CLIP: dict[str, Any] = {"mime": "video/mp4", "duration": 3.76, "fps": 22.83}
PHOTO: dict[str, Any] = {"mime": "image/jpeg"}
ARCHIVE: dict[str, Any] = {"mime": "application/zip"}
_FACTS: dict[MediaKind, dict[str, Any]] = {"video": CLIP, "image": PHOTO, "shots_set": ARCHIVE}


def medium(key: str, kind: MediaKind = "image", **facts: Any) -> MediaFact:
    """A medium whose id is `id-<key>`."""
    values: dict[str, Any] = {
        "media_id": f"id-{key}",
        "kind": kind,
        "key": key,
        "filename": f"{key}.bin",
        "md5": "0" * 32,
        "size": 1000,
        "width": 480,
        "height": 640,
        "created": 100.5,
        "updated": 100.75,
    }
    return MediaFact(**(values | _FACTS[kind] | facts))
