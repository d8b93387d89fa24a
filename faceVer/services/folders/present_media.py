"""From media items and best shots to their wire models."""

from __future__ import annotations

import hashlib
from typing import Any

from faceVer.domain.analyses import BestShot
from faceVer.domain.folders import Analysis, MediaItem
from faceVer.services.folders import media_document as wire


def orientation(width: int, height: int) -> str:
    """The orientation tag of a picture of that size; a square counts as portrait, as selfies are."""
    return wire.LANDSCAPE if width > height else wire.PORTRAIT


def medium_model(item: MediaItem, folder_id: str) -> wire.Medium:
    """One entry of `media` and of `source_media`."""
    file: dict[str, Any] = {
        "md5": item.md5,
        "width": item.width,
        "height": item.height,
        "size": item.size,
        "mime_type": item.mime,
    }
    common: dict[str, Any] = {
        "folder_id": folder_id,
        "media_id": item.media_id,
        "tags": _tags(item),
        "original_name": item.filename or item.name,
        "original_url": None,
        "company_id": None,
        "technical_meta_data": {},
        "time_created": item.created,
        "time_updated": item.updated,
        "meta_data": dict(item.meta_data),
        "thumb_url": None,
        "folder_time_created": None,
    }
    if item.kind == "image":
        image = wire.ImageInfo(thumb=None, original=wire.ImageFile(**file))
        return wire.ImageMedium(info=image, image_id=item.media_id, image_url=None, **common)
    if item.kind == "video":
        clip = wire.VideoFile(duration=item.duration or 0.0, fps=item.fps or 0.0, **file)
        video = wire.VideoInfo(thumb=None, video=clip)
        return wire.VideoMedium(info=video, video_id=item.media_id, video_url=None, **common)
    shots = wire.ShotsSetInfo(thumb=None, shots_set=wire.ShotsSetFile(**file))
    return wire.ShotsSetMedium(info=shots, shots_set_id=item.media_id, video_url=None, **common)


def best_shot_model(shot: BestShot, item: MediaItem, analysis: Analysis, folder_id: str) -> wire.OutputImage:
    """One entry of `output_images`: the picture itself, tied to its source by `media_association_id`."""
    image = shot.image
    return wire.OutputImage(
        folder_id=folder_id,
        media_id=shot.media_id,
        media_type="IMAGE_RESULT_ANALYSIS_SINGLE",
        info=wire.ImageInfo(
            thumb=None,
            original=wire.ImageFile(
                md5=hashlib.md5(image.jpeg, usedforsecurity=False).hexdigest(),
                width=image.width,
                height=image.height,
                size=len(image.jpeg),
                mime_type="image/jpeg",
            ),
        ),
        tags=[],
        original_name="best_shot.jpg",
        original_url=None,
        company_id=None,
        technical_meta_data={},
        time_created=analysis.created,
        time_updated=analysis.updated,
        meta_data=None,
        folder_time_created=None,
        image_b64=image.jpeg,
        media_association_id=item.media_id,
    )


def _tags(item: MediaItem) -> list[str]:
    """The requested tags, and the orientation's if the request has neither."""
    if wire.PORTRAIT in item.tags or wire.LANDSCAPE in item.tags:
        return list(item.tags)
    return [*item.tags, orientation(item.width, item.height)]
