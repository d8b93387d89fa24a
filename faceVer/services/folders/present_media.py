"""From media items and best shots to their wire models."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from msgspec import UNSET

from faceVer.domain.analyses import BestShot, FaceMeasures, StoredImage
from faceVer.domain.folders import Analysis, Folder, MediaItem
from faceVer.services.folders import media_document as wire
from faceVer.services.folders.presentation import Presentation

_DECIMALS = {
    "quality": 3,
    "sharpness": 1,
    "yaw": 1,
    "pitch": 1,
    "roll": 1,
    "eyes_open": 3,
    "eye_opening": 3,
    "brightness": 1,
    "clipped": 3,
    "size": 1,
    "inside": 3,
}


def orientation(width: int, height: int) -> str:
    """The orientation tag of a picture of that size; a square counts as portrait, as selfies are."""
    return wire.LANDSCAPE if width > height else wire.PORTRAIT


def medium_model(item: MediaItem, folder: Folder, view: Presentation) -> wire.Medium:
    """One entry of `media` and of `source_media`."""
    file: dict[str, Any] = {
        "md5": item.md5,
        "width": item.width,
        "height": item.height,
        "size": item.size,
        "mime_type": item.mime,
    }
    thumbnail = item.thumbnail
    url = view.url(folder, item.key)
    common: dict[str, Any] = {
        "folder_id": folder.folder_id,
        "media_id": item.media_id,
        "tags": _tags(item),
        "original_name": item.filename or item.name,
        "original_url": url,
        "company_id": company_of(folder),
        "technical_meta_data": {},
        "time_created": item.created,
        "time_updated": item.updated,
        "meta_data": dict(item.meta_data),
        "thumb_url": view.url(folder, thumbnail.key if thumbnail else None),
        "folder_time_created": folder_time_of(folder),
    }
    thumb = wire.ThumbnailFile(**_file_of(thumbnail)) if thumbnail else None
    if item.kind == "image":
        image = wire.ImageInfo(thumb=thumb, original=wire.ImageFile(**file))
        return wire.ImageMedium(info=image, image_id=item.media_id, image_url=url, **common)
    if item.kind == "video":
        clip = wire.VideoFile(duration=item.duration or 0.0, fps=item.fps or 0.0, **file)
        video = wire.VideoInfo(thumb=thumb, video=clip)
        return wire.VideoMedium(info=video, video_id=item.media_id, video_url=url, **common)
    shots = wire.ShotsSetInfo(thumb=thumb, shots_set=wire.ShotsSetFile(**file))
    return wire.ShotsSetMedium(info=shots, shots_set_id=item.media_id, video_url=url, **common)


def best_shot_model(
    shot: BestShot,
    measures: FaceMeasures | None,
    item: MediaItem,
    analysis: Analysis,
    folder: Folder,
    view: Presentation,
) -> wire.OutputImage:
    """One entry of `output_images`: the picture itself or its address, and by `media_association_id` its source."""
    image = shot.image
    if isinstance(image, StoredImage):
        file, url, embedded = _file_of(image), view.url(folder, image.key), None
    else:
        digest = hashlib.md5(image.jpeg, usedforsecurity=False).hexdigest()
        stored = StoredImage("", digest, len(image.jpeg), image.width, image.height)
        file, url, embedded = _file_of(stored), None, image.jpeg
    return wire.OutputImage(
        folder_id=folder.folder_id,
        media_id=shot.media_id,
        media_type="IMAGE_RESULT_ANALYSIS_SINGLE",
        info=wire.ImageInfo(thumb=None, original=wire.ImageFile(**file)),
        tags=[],
        original_name="best_shot.jpg",
        original_url=url,
        company_id=company_of(folder),
        technical_meta_data=wire.ShotMetaData(UNSET if measures is None else measures_model(measures)),
        time_created=analysis.created,
        time_updated=analysis.updated,
        meta_data=None,
        folder_time_created=folder_time_of(folder),
        image_b64=UNSET if embedded is None else embedded,
        media_association_id=item.media_id,
    )


def measures_model(measures: FaceMeasures) -> wire.ShotMeasures:
    """With as many decimals as mean something."""
    values = msgspec.structs.asdict(measures)
    return wire.ShotMeasures(**{name: round(values[name], digits) for name, digits in _DECIMALS.items()})


def company_of(folder: Folder) -> str | None:
    """The id of a stored folder's company."""
    return folder.ownership.company_id if folder.ownership else None


def folder_time_of(folder: Folder) -> float | None:
    """When a stored folder was created, in Unix seconds."""
    return folder.created if folder.ownership else None


def _file_of(image: StoredImage) -> dict[str, Any]:
    return {
        "md5": image.md5,
        "width": image.width,
        "height": image.height,
        "size": image.size,
        "mime_type": image.mime,
    }


def _tags(item: MediaItem) -> list[str]:
    """The requested tags, and the orientation's if the request has neither."""
    if wire.PORTRAIT in item.tags or wire.LANDSCAPE in item.tags:
        return list(item.tags)
    return [*item.tags, orientation(item.width, item.height)]
