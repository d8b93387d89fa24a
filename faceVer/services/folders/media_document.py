"""Wire models of media in the folder document, field by field as in the Oz API's response example."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from faceVer.services.folders.wire_types import (
    CompanyId,
    FileMd5,
    FileSize,
    FileUrl,
    FolderTime,
    Height,
    MetaData,
    NoMetaData,
    NotUsed,
    Seconds,
    Uuid,
    Width,
    doc,
)

PORTRAIT, LANDSCAPE = "orientation_portrait", "orientation_landscape"


class ImageFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file of an image."""

    md5: FileMd5
    width: Width
    height: Height
    size: FileSize
    mime_type: Annotated[str, Meta(pattern="^image/[a-z]+$", description="Type of the file, by its bytes.")] = (
        msgspec.field(name="mime-type")
    )


class VideoFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file of a video."""

    duration: Annotated[float, Meta(ge=0, description="Seconds from the first picture to the end of the last.")]
    fps: Annotated[float, Meta(ge=0, description="Frames per second, the mean; 0 where it is not known.")] = (
        msgspec.field(name="FPS")
    )
    width: Width
    height: Height
    md5: FileMd5
    size: FileSize
    mime_type: Annotated[str, Meta(pattern="^video/[a-z0-9-]+$", description="Type of the file, by its bytes.")] = (
        msgspec.field(name="mime-type")
    )


class ShotsSetFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file of an archive of pictures."""

    width: Width
    height: Height
    md5: FileMd5
    size: FileSize
    mime_type: Annotated[
        str, Meta(pattern="^application/(zip|gzip|x-tar)$", description="Type of the file, by its bytes.")
    ] = msgspec.field(name="mime-type")


class ThumbnailFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file of a thumbnail."""

    md5: FileMd5
    width: Width
    height: Height
    size: FileSize
    mime_type: Annotated[str, doc("Always `image/jpeg`.")] = msgspec.field(name="mime-type")


Thumbnail = Annotated[ThumbnailFile | None, doc("The thumbnail; null where none is stored.")]


class ImageInfo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of an image."""

    thumb: Thumbnail
    original: ImageFile


class VideoInfo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a video."""

    thumb: Thumbnail
    video: VideoFile


class ShotsSetInfo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of an archive of pictures."""

    thumb: Thumbnail
    shots_set: ShotsSetFile


class MediumBase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of every media item."""

    folder_id: Annotated[Uuid, doc("Id of the folder.")]
    media_id: Annotated[Uuid, doc("Id of the media item.")]
    info: Any
    tags: Annotated[
        list[Annotated[str, doc("A tag.")]],
        doc(f"The payload's `media:tags` of the media item; `{PORTRAIT}` or `{LANDSCAPE}` is added if it has neither."),
    ]
    original_name: Annotated[str, doc("The part's file name, or its name where it has none.")]
    original_url: FileUrl
    company_id: CompanyId
    technical_meta_data: NoMetaData
    time_created: Annotated[Seconds, doc("When the server had received the media item, in Unix seconds.")]
    time_updated: Annotated[Seconds, doc("When the media item was decoded, in Unix seconds.")]
    meta_data: Annotated[MetaData, doc("The payload's `media:meta_data` of the media item, echoed; {} = none.")]
    thumb_url: FileUrl
    folder_time_created: FolderTime


class ImageMedium(MediumBase, frozen=True, kw_only=True, tag_field="media_type", tag="IMAGE_FOLDER"):
    """An image."""

    info: ImageInfo
    image_id: Annotated[Uuid, doc("The same as `media_id`.")]
    image_url: FileUrl


class VideoMedium(MediumBase, frozen=True, kw_only=True, tag_field="media_type", tag="VIDEO_FOLDER"):
    """A video."""

    info: VideoInfo
    video_id: Annotated[Uuid, doc("The same as `media_id`.")]
    video_url: FileUrl


class ShotsSetMedium(MediumBase, frozen=True, kw_only=True, tag_field="media_type", tag="SHOTS_SET_FOLDER"):
    """An archive of pictures; its size is that of the first."""

    info: ShotsSetInfo
    shots_set_id: Annotated[Uuid, doc("The same as `media_id`.")]
    video_url: FileUrl


Medium = ImageMedium | VideoMedium | ShotsSetMedium


class ShotMeasures(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was measured of the face in the frame (docs/best-shot.md)."""

    quality: Annotated[float, doc("The frame's quality, 0 to 1: the mean of the others' terms.")]
    sharpness: Annotated[float, doc("Variance of the Laplacian of the aligned face: 10 is blurred, 600 crisp.")]
    yaw: Annotated[float, doc("Degrees by which the head is turned aside; 0 looks into the camera.")]
    pitch: Annotated[float, doc("Degrees by which it is turned up; faces that look straight ahead have about -8.")]
    roll: Annotated[float, doc("Degrees by which it is tilted.")]
    eyes_open: Annotated[float, doc("Probability that the eyes are open, mean of both, 0 to 1.")]
    eye_opening: Annotated[float, doc("Height by width of the eyes' outlines: 0.15 is shut, 0.25 open.")]
    brightness: Annotated[float, doc("Mean luma of the face, 0 to 255.")]
    clipped: Annotated[float, doc("Share of the face's pixels that are black or white.")]
    size: Annotated[float, doc("Side of the face's box in pixels of the frame, which may be larger than the picture.")]
    inside: Annotated[float, doc("Share of the box, enlarged 1.2 times, that lies in the frame.")]


class ShotMetaData(Struct, frozen=True, forbid_unknown_fields=True):
    """Of a best shot."""

    measures: ShotMeasures | UnsetType = UNSET


class OutputImage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A best shot: the frame of the highest quality; `technical_meta_data` says what was measured in it."""

    folder_id: Annotated[Uuid, doc("Id of the folder.")]
    media_id: Annotated[Uuid, doc("Id of the picture.")]
    media_type: Annotated[Literal["IMAGE_RESULT_ANALYSIS_SINGLE"], doc("What the picture is.")]
    info: ImageInfo
    tags: Annotated[list[str], Meta(max_length=0, description="Best shots have no tags; always empty.")]
    original_name: Annotated[Literal["best_shot.jpg"], doc("Always `best_shot.jpg`.")]
    original_url: FileUrl
    company_id: CompanyId
    technical_meta_data: ShotMetaData
    time_created: Annotated[Seconds, doc("When the analysis began, in Unix seconds.")]
    time_updated: Annotated[Seconds, doc("When the analysis ended, in Unix seconds.")]
    meta_data: NotUsed
    folder_time_created: FolderTime
    image_b64: Annotated[
        bytes | UnsetType,
        Meta(
            description="The picture itself, a JPEG as base64; absent where it is stored and has an address.",
            extra_json_schema={"pattern": "^[A-Za-z0-9+/]+={0,2}$", "contentMediaType": "image/jpeg"},
        ),
    ] = UNSET
    media_association_id: Annotated[Uuid, doc("Id of the media item the frame is from.")]
