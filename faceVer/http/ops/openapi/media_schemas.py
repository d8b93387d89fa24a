"""Schemas of media in the folder document: pictures, videos, archives of pictures, and best shots."""

from __future__ import annotations

from faceVer.http.ops.openapi.schema import (
    BASE64,
    MD5,
    Schema,
    anything,
    array,
    choice,
    closed,
    count,
    nothing,
    null,
    seconds,
    text,
    uuid,
    variants,
)
from faceVer.services.folders.media_document import LANDSCAPE, PORTRAIT


def media_schemas() -> dict[str, Schema]:
    """By name."""
    picture = _file("^image/[a-z]+$", "image/jpeg")
    clip = {
        "duration": {
            "type": "number",
            "minimum": 0,
            "description": "Seconds from the first picture to the end of the last.",
        },
        "FPS": {"type": "number", "minimum": 0, "description": "Frames per second, the mean; 0 where it is not known."},
        **_file("^video/[a-z0-9-]+$", "video/mp4"),
    }
    shots = _file("^application/(zip|gzip|x-tar)$", "application/zip")
    return {
        "Medium": variants(
            "A medium of the request; what it is is told from its bytes.",
            "media_type",
            {"IMAGE_FOLDER": "ImageMedium", "VIDEO_FOLDER": "VideoMedium", "SHOTS_SET_FOLDER": "ShotsSetMedium"},
        ),
        "ImageMedium": _medium("A picture.", "IMAGE_FOLDER", "original", picture, "image_id", "image_url"),
        "VideoMedium": _medium("A video.", "VIDEO_FOLDER", "video", clip, "video_id", "video_url"),
        "ShotsSetMedium": _medium(
            "An archive of pictures; its size is that of the first.",
            "SHOTS_SET_FOLDER",
            "shots_set",
            shots,
            "shots_set_id",
            "video_url",
        ),
        "OutputImage": _best_shot(_file("^image/jpeg$", "image/jpeg")),
    }


def _file(pattern: str, example: str) -> dict[str, Schema]:
    return {
        "md5": text("MD5 of the file, in hex.", pattern=MD5),
        "width": count("Width of the upright picture, in pixels."),
        "height": count("Height of the upright picture, in pixels."),
        "size": count("Size of the file, in bytes."),
        "mime-type": text("Type of the file, told from its bytes.", pattern=pattern, examples=[example]),
    }


def _medium(description: str, kind: str, info: str, file: dict[str, Schema], id_key: str, url_key: str) -> Schema:
    return closed(
        description,
        {
            "folder_id": uuid("Id of the folder."),
            "media_id": uuid("Id of the medium, fresh for every request."),
            "media_type": choice("What the medium is.", [kind]),
            "info": closed(
                "Facts about the file.", {"thumb": null("No thumbnails are made"), info: closed("The file.", file)}
            ),
            "tags": array(
                text("A tag."),
                f"The payload's `media:tags` of the medium; `{PORTRAIT}` or `{LANDSCAPE}` is added where neither is.",
            ),
            "original_name": text("The part's file name, or its name where it has none."),
            "original_url": null("Nothing is stored"),
            "company_id": null("Of the full product"),
            "technical_meta_data": nothing("Of the full product"),
            "time_created": seconds("When the medium had arrived"),
            "time_updated": seconds("When the medium was decoded"),
            "meta_data": anything("The payload's `media:meta_data` of the medium, echoed; {} where it has none."),
            "thumb_url": null("No thumbnails are made"),
            "folder_time_created": null("Of the full product"),
            id_key: uuid("The same as `media_id`."),
            url_key: null("Nothing is stored"),
        },
    )


def _best_shot(file: dict[str, Schema]) -> Schema:
    return closed(
        "A best shot: the frame whose face is sharpest, most frontal, best lit and whole.",
        {
            "folder_id": uuid("Id of the folder."),
            "media_id": uuid("Id of the picture, fresh for every request."),
            "media_type": choice("What the picture is.", ["IMAGE_RESULT_ANALYSIS_SINGLE"]),
            "info": closed(
                "Facts about the picture.",
                {"thumb": null("No thumbnails are made"), "original": closed("The picture.", file)},
            ),
            "tags": array({}, "Best shots have no tags; always empty.", maxItems=0),
            "original_name": text("Always `best_shot.jpg`.", const="best_shot.jpg"),
            "original_url": null("Nothing is stored"),
            "company_id": null("Of the full product"),
            "technical_meta_data": nothing("Of the full product"),
            "time_created": seconds("When the analysis began"),
            "time_updated": seconds("When the analysis ended"),
            "meta_data": null("Of the full product"),
            "folder_time_created": null("Of the full product"),
            "image_b64": text(
                "The picture itself, a JPEG as base64.",
                pattern=BASE64,
                contentEncoding="base64",
                contentMediaType="image/jpeg",
            ),
            "media_association_id": uuid("Id of the medium the frame is from."),
        },
    )
