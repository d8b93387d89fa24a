"""Media objects of the folder document, key for key as in the reference's response example."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from faceVer.domain.folders import BestShot, MediaFact, MediaKind

PORTRAIT, LANDSCAPE = "orientation_portrait", "orientation_landscape"

# media_type; the entry of `info`; the keys that close the object, the first of which repeats the id. The reference
# shows the video's; a picture's entry is called "original" as in its output images, a shots set's after its id, and
# a shots set's address is "video_url" (changelog 6.0.1).
_SHAPES: dict[MediaKind, tuple[str, str, tuple[str, str]]] = {
    "image": ("IMAGE_FOLDER", "original", ("image_id", "image_url")),
    "video": ("VIDEO_FOLDER", "video", ("video_id", "video_url")),
    "shots_set": ("SHOTS_SET_FOLDER", "shots_set", ("shots_set_id", "video_url")),
}


def orientation(width: int, height: int) -> str:
    """The orientation tag of a picture of that size; a square counts as portrait, as selfies are."""
    return LANDSCAPE if width > height else PORTRAIT


def tags_of(medium: MediaFact) -> list[str]:
    """The requested tags, and the orientation's if the request has neither."""
    if PORTRAIT in medium.tags or LANDSCAPE in medium.tags:
        return list(medium.tags)
    return [*medium.tags, orientation(medium.width, medium.height)]


def media_document(medium: MediaFact, folder_id: str) -> dict[str, Any]:
    """One entry of `media` and of `source_media`."""
    media_type, info, (id_key, url_key) = _SHAPES[medium.kind]
    return {
        "folder_id": folder_id,
        "media_id": medium.media_id,
        "media_type": media_type,
        "info": {"thumb": None, info: _info(medium)},
        "tags": tags_of(medium),
        "original_name": medium.filename or medium.key,
        "original_url": None,
        "company_id": None,
        "technical_meta_data": {},
        "time_created": medium.created,
        "time_updated": medium.updated,
        "meta_data": dict(medium.meta_data),
        "thumb_url": None,
        "folder_time_created": None,
        id_key: medium.media_id,
        url_key: None,
    }


def best_shot_document(
    shot: BestShot, medium: MediaFact, folder_id: str, media_id: str, created: float, updated: float
) -> dict[str, Any]:
    """One entry of `output_images`: the picture itself in base64, tied to its source by `media_association_id`."""
    return {
        "folder_id": folder_id,
        "media_id": media_id,
        "media_type": "IMAGE_RESULT_ANALYSIS_SINGLE",
        "info": {
            "thumb": None,
            "original": {
                "md5": hashlib.md5(shot.jpeg, usedforsecurity=False).hexdigest(),
                "width": shot.width,
                "height": shot.height,
                "size": len(shot.jpeg),
                "mime-type": "image/jpeg",
            },
        },
        "tags": [],
        "original_name": "best_shot.jpg",
        "original_url": None,
        "company_id": None,
        "technical_meta_data": {},
        "time_created": created,
        "time_updated": updated,
        "meta_data": None,
        "folder_time_created": None,
        "image_b64": base64.b64encode(shot.jpeg).decode("ascii"),
        "media_association_id": medium.media_id,
    }


def _info(medium: MediaFact) -> dict[str, Any]:
    if medium.kind == "image":
        return {
            "md5": medium.md5,
            "width": medium.width,
            "height": medium.height,
            "size": medium.size,
            "mime-type": medium.mime,
        }
    clock: dict[str, Any] = {"duration": medium.duration, "FPS": medium.fps} if medium.kind == "video" else {}
    return clock | {
        "width": medium.width,
        "height": medium.height,
        "md5": medium.md5,
        "size": medium.size,
        "mime-type": medium.mime,
    }
