"""The reference's response example of multipart detect with best shot, reduced to keys, types and nulls."""

from __future__ import annotations

from typing import Any

ID = str  # a new UUID (docs/contract.md, The folder document), where the example has a null
MEDIA: dict[str, Any] = {
    "folder_id": str,
    "media_id": str,
    "media_type": str,
    "info": {
        "thumb": None,
        "video": {
            "duration": float,
            "FPS": float,
            "width": int,
            "height": int,
            "md5": str,
            "size": int,
            "mime-type": str,
        },
    },
    "tags": [str],
    "original_name": str,
    "original_url": None,
    "company_id": None,
    "technical_meta_data": {},
    "time_created": float,
    "time_updated": float,
    "meta_data": {"foo4": str},
    "thumb_url": None,
    "folder_time_created": None,
    "video_id": str,
    "video_url": None,
}
OUTPUT_IMAGE: dict[str, Any] = {
    "folder_id": str,
    "media_id": str,
    "media_type": str,
    "info": {"thumb": None, "original": {"md5": str, "width": int, "height": int, "size": int, "mime-type": str}},
    "tags": [],
    "original_name": str,
    "original_url": None,
    "company_id": None,
    "technical_meta_data": {
        "measures": dict.fromkeys(
            (
                *("quality", "sharpness", "yaw", "pitch", "roll", "eyes_open"),
                *("eye_opening", "brightness", "clipped", "size", "inside"),
            ),
            float,
        )
    },  # the vendor's example has {}
    "time_created": float,
    "time_updated": float,
    "meta_data": None,
    "folder_time_created": None,
    "image_b64": str,
    "media_association_id": str,
}
EXAMPLE: dict[str, Any] = {
    "company_id": None,
    "time_created": float,
    "folder_id": str,
    "user_id": None,
    "resolution_endpoint": str,
    "resolution_status": str,
    "resolution_comment": str,
    "system_resolution": str,
    "resolution_time": None,
    "resolution_author_id": None,
    "resolution_state_hash": None,
    "operator_comment": None,
    "operator_status": None,
    "is_cleared": None,
    "meta_data": {
        "partner_side_folder_id": str,
        "person_info": {"first_name": str, "middle_name": str, "last_name": str},
    },
    "technical_meta_data": {},
    "time_updated": float,
    "media": [MEDIA],
    "analyses": [
        {
            "analyse_id": ID,
            "analysis_id": ID,
            "folder_id": str,
            "folder_time_created": None,
            "type": str,
            "state": str,
            "company_id": None,
            "group_id": ID,
            "results_data": None,
            "confs": {
                "threshold_replay": float,
                "extract_best_shot": bool,
                "threshold_liveness": float,
                "threshold_spoofing": float,
            },
            "error_message": None,
            "error_code": None,
            "resolution_operator": None,
            "technical_meta_data": {},
            "time_created": float,
            "time_updated": float,
            "meta_data": {"some_key": str},
            "source_media": [MEDIA],
            "results_media": [
                {
                    "company_id": None,
                    "media_association_id": str,
                    "analysis_id": ID,
                    "results_data": {"confidence_spoofing": float},
                    "source_media_id": str,
                    "output_images": [OUTPUT_IMAGE],
                    "collection_persons": [],
                    "folder_time_created": None,
                }
            ],
            "resolution_status": str,
            "resolution": str,
        }
    ],
}
