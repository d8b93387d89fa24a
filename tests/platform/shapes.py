"""The objects of the Oz API: every field, in order, with the type of its value.

A shape is a function that says whether a value is right, a dict of an object's fields, or a list of one shape. It is
written from the documents, not from the server's code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from faceVer.domain.analyses import FaceMeasures

Shape = Callable[[Any], bool] | Mapping[str, Any] | list[Any]

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_URL = re.compile(r"http://127\.0\.0\.1:\d+/static/[0-9a-f-]{36}/[0-9a-f]{32}\.\w+\?token=\S+")
_DIGEST = re.compile(r"[0-9a-f]{32}")


def check(value: Any, shape: Shape, where: str = "answer") -> None:
    """Fails where a value has not that shape. where: its path, for the message."""
    if isinstance(shape, Mapping):
        assert isinstance(value, dict), f"{where} is no object: {value!r}"
        assert list(value) == list(shape), f"{where} has other fields or another order: {list(value)}"
        for name, part in shape.items():
            check(value[name], part, f"{where}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), f"{where} is no array: {value!r}"
        for number, entry in enumerate(value):
            check(entry, shape[0], f"{where}[{number}]")
    else:
        assert shape(value), f"{where} is {value!r}"


def text(value: Any) -> bool:
    return isinstance(value, str)


def uuid(value: Any) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def url(value: Any) -> bool:
    return isinstance(value, str) and _URL.fullmatch(value) is not None


def digest(value: Any) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def time(value: Any) -> bool:
    return isinstance(value, float) and 1.7e9 < value < 4e9


def number(value: Any) -> bool:
    return isinstance(value, float)


def score(value: Any) -> bool:
    return isinstance(value, (float, int)) and not isinstance(value, bool) and 0 <= value <= 1


def count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def anything(value: Any) -> bool:
    return isinstance(value, dict)


def is_(*values: Any) -> Callable[[Any], bool]:
    return lambda value: any(value == one and type(value) is type(one) for one in values)


def optional(shape: Shape) -> Callable[[Any], bool]:
    """null, or that shape."""

    def right(value: Any) -> bool:
        if value is not None:
            check(value, shape)
        return True

    return right


empty_object, empty_list, null = is_({}), is_([]), is_(None)

COMPANY: Mapping[str, Any] = {
    "company_id": uuid,
    "name": text,
    "in_deletion": flag,
    "technical_meta_data": empty_object,
}
ROLES = ("ADMIN", "OPERATOR", "CLIENT", "CLIENT_SERVICE", "CLIENT_OPERATOR", "CLIENT_ADMIN")
USER: Mapping[str, Any] = {
    "user_id": uuid,
    "user_type": is_(*ROLES),
    "company_id": uuid,
    "email": text,
    "first_name": text,
    "last_name": text,
    "middle_name": text,
    "is_active": flag,
    "is_admin": flag,
    "is_service": flag,
    "can_start_analysis_biometry": flag,
    "can_start_analysis_collection": flag,
    "can_start_analysis_documents": flag,
    "can_start_analysis_quality": flag,
    "meta_data": anything,
    "technical_meta_data": empty_object,
}
SIGNED_IN: Mapping[str, Any] = {
    "user": USER,
    "token_id": uuid,
    "access_token": text,
    "expire_token": text,
    "expire_date": time,
    "session_id": is_(0),
}
SERVICE_TOKEN: Mapping[str, Any] = {
    "token_id": uuid,
    "user_id": uuid,
    "access_token": text,
    "expire_date": time,
    "session_id": is_(0),
}

_FILE: Mapping[str, Any] = {"md5": digest, "width": count, "height": count, "size": count, "mime-type": text}
_THUMB = optional(_FILE)
_MEDIA: Mapping[str, Any] = {
    "folder_id": uuid,
    "media_id": uuid,
    "media_type": text,
    "info": anything,
    "tags": [text],
    "original_name": text,
    "original_url": url,
    "company_id": uuid,
    "technical_meta_data": empty_object,
    "time_created": time,
    "time_updated": time,
    "meta_data": anything,
    "thumb_url": url,
    "folder_time_created": time,
}
_SHOTS = {"width": count, "height": count, "md5": digest, "size": count, "mime-type": text}
_VIDEO = {"duration": number, "FPS": number, **_SHOTS}
_KINDS: Mapping[str, Mapping[str, Any]] = {
    "IMAGE_FOLDER": {"info": {"thumb": _THUMB, "original": _FILE}, "image_id": uuid, "image_url": url},
    "VIDEO_FOLDER": {"info": {"thumb": _THUMB, "video": _VIDEO}, "video_id": uuid, "video_url": url},
    "SHOTS_SET_FOLDER": {"info": {"thumb": _THUMB, "shots_set": _SHOTS}, "shots_set_id": uuid, "video_url": url},
}


def media(value: Any) -> bool:
    """A media item of a folder, of any kind."""
    kind = _KINDS[value["media_type"]]
    check(value, {**_MEDIA, **kind}, value["media_type"])
    closing = next(name for name in kind if name.endswith("_id"))
    assert value[closing] == value["media_id"]
    assert "video_url" not in kind or value["video_url"] == value["original_url"]
    return True


BEST_SHOT: Mapping[str, Any] = {
    **{name: shape for name, shape in _MEDIA.items() if name != "thumb_url"},
    "media_type": is_("IMAGE_RESULT_ANALYSIS_SINGLE"),
    "info": {"thumb": null, "original": _FILE},
    "tags": empty_list,
    "meta_data": null,
    "technical_meta_data": {"measures": dict.fromkeys(FaceMeasures.__struct_fields__, number)},
    "media_association_id": uuid,
}
RESOLUTIONS = ("INITIAL", "PROCESSING", "FAILED", "DECLINED", "OPERATOR_REQUIRED", "SUCCESS")
_RESULTS: Mapping[str, Mapping[str, Any]] = {
    "QUALITY": {"confidence_spoofing": score},
    "BIOMETRY": {"max_confidence": score, "min_confidence": score},
}
_CONFS: Mapping[str, Mapping[str, Any]] = {
    "QUALITY": {
        "threshold_replay": is_(0.5),
        "extract_best_shot": flag,
        "threshold_liveness": is_(0.5),
        "threshold_spoofing": score,
    },
    "BIOMETRY": {"threshold_min": score, "threshold_max": score},
}
_SOURCE_IDS = {"source_video_id", "source_shots_set_id", "source_image_id"}


def analysis(value: Any) -> bool:
    """An analysis, in any state."""
    kind, failed = value["type"], value["state"] == "FAILED"
    done = value["state"] == "FINISHED"
    shape = {
        "analyse_id": uuid,
        "analysis_id": is_(value["analyse_id"]),
        "folder_id": uuid,
        "folder_time_created": time,
        "type": is_("QUALITY", "BIOMETRY"),
        "state": is_("PROCESSING", "FINISHED", "FAILED"),
        "company_id": uuid,
        "group_id": uuid,
        "results_data": _RESULTS[kind] if kind == "BIOMETRY" and done else null,
        "confs": _CONFS[kind],
        "error_message": text if failed else null,
        "error_code": is_(202, 5) if failed else null,
        "resolution_operator": is_(None, "SUCCESS", "DECLINED"),
        "technical_meta_data": empty_object,
        "time_created": time,
        "time_updated": time,
        "meta_data": anything,
        "source_media": [media],
        "results_media": [_result_of(kind)] if done else empty_list,
        "resolution_status": is_(*RESOLUTIONS) if done else is_(value["state"]),
        "resolution": is_(value["resolution_operator"] or value["resolution_status"]),
    }
    check(value, shape, kind)
    return True


def _result_of(kind: str) -> Callable[[Any], bool]:
    def result(value: Any) -> bool:
        last = list(value)[-1]
        assert last in _SOURCE_IDS
        shape = {
            "company_id": uuid,
            "media_association_id": uuid,
            "analysis_id": uuid,
            "results_data": _RESULTS[kind],
            "source_media_id": uuid,
            "output_images": [BEST_SHOT] if kind == "QUALITY" else empty_list,
            "collection_persons": empty_list,
            "folder_time_created": time,
            last: is_(value["source_media_id"]),
        }
        check(value, shape, "results_media")
        return True

    return result


FOLDER: Mapping[str, Any] = {
    "company_id": uuid,
    "time_created": time,
    "folder_id": uuid,
    "user_id": uuid,
    "resolution_endpoint": optional(text),
    "resolution_status": is_("INITIAL", "PROCESSING", "FAILED", "FINISHED"),
    "resolution_comment": is_("[]"),
    "system_resolution": is_(*RESOLUTIONS),
    "resolution_time": optional(time),
    "resolution_author_id": optional(uuid),
    "resolution_state_hash": null,
    "operator_comment": optional(text),
    "operator_status": is_(None, "SUCCESS", "DECLINED"),
    "is_cleared": flag,
    "meta_data": anything,
    "technical_meta_data": empty_object,
    "time_updated": time,
    "media": [media],
}
FULL_FOLDER: Mapping[str, Any] = {**FOLDER, "analyses": [analysis]}


def page(shape: Shape) -> Mapping[str, Any]:
    """A page of a list."""
    return {"offset": count, "limit": count, "total_count": optional(count), "items": [shape]}
