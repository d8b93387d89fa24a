"""The folder document against the reference's response example: keys, order, types and nulls."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from itertools import count
from typing import Any

import pytest

from faceVer.domain.folders import (
    AnalysisRecord,
    BestShot,
    BiometryConfs,
    BiometryOutcome,
    Folder,
    MediaFact,
    MediaScore,
    PairScore,
    QualityConfs,
    QualityOutcome,
    no_face,
)
from faceVer.services.folders.document import Stamps, folder_document
from faceVer.services.folders.media_document import orientation
from tests.unit.services.reference import EXAMPLE, MEDIA
from tests.unit.services.support import medium

SHOT = BestShot(b"\xff\xd8 jpeg \xff\xd9", 720, 960)
clip = medium("video1", "video", width=960, height=720, tags=("video_selfie",), meta_data={"foo4": "bar5"})
photo = medium("photo1", "image")
archive = medium("shots1", "shots_set", width=500, height=500)


def stamps(now: float = 200.25) -> Stamps:
    numbers = count()
    return Stamps(new_id=lambda: f"new-{next(numbers)}", now=lambda: now)


def record(
    *scores: MediaScore, source: tuple[MediaFact, ...] = (clip,), threshold: float = 0.42, **facts: Any
) -> AnalysisRecord:
    values: dict[str, Any] = {
        "analysis_id": "analysis",
        "confs": QualityConfs(threshold, extract_best_shot=True),
        "source": source,
        "outcome": QualityOutcome(scores) if scores else None,
        "created": 101.0,
        "updated": 102.0,
        "meta_data": {"some_key": "some_value"},
    }
    return AnalysisRecord(**(values | facts))


def folder(*media: MediaFact, **facts: Any) -> Folder:
    values: dict[str, Any] = {"folder_id": "folder", "group_id": "group", "created": 99.0, "media": media}
    return Folder(**(values | facts))


def walk(expected: Any, value: Any, where: str = "document") -> None:
    """`value` has the keys of `expected`, in its order, and its types and nulls."""
    if isinstance(expected, dict):
        assert list(value) == list(expected), where
        for key in expected:
            walk(expected[key], value[key], f"{where}.{key}")
    elif isinstance(expected, list):
        assert isinstance(value, list), where
        assert len(value) >= len(expected), where
        for i, item in enumerate(value):
            walk(expected[0], item, f"{where}[{i}]")
    else:
        assert value is None if expected is None else type(value) is expected, where


def example() -> dict[str, Any]:
    meta = {
        "partner_side_folder_id": "7",
        "person_info": {"first_name": "John", "middle_name": "Jameson", "last_name": "Doe"},
    }
    request = folder(clip, meta_data=meta, resolution_endpoint="https://hook.example/x")
    return folder_document(request, [record(MediaScore("video1", 0.000541269779, SHOT))], stamps())


def test_every_key_type_and_null_of_the_reference() -> None:
    walk(EXAMPLE, example())


def test_it_is_json() -> None:
    document = example()
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_values() -> None:
    document = example()
    (analysis,) = document["analyses"]
    (result,) = analysis["results_media"]
    assert (document["time_created"], document["time_updated"]) == (99.0, 200.25)
    assert (document["resolution_status"], document["system_resolution"]) == ("FINISHED", "SUCCESS")
    assert document["resolution_comment"] == "[]"
    assert document["media"] == analysis["source_media"]
    assert (analysis["type"], analysis["state"], analysis["resolution"]) == ("QUALITY", "FINISHED", "SUCCESS")
    assert (analysis["analyse_id"], analysis["analysis_id"], analysis["group_id"]) == ("analysis", "analysis", "group")
    assert analysis["confs"] == {
        "threshold_replay": 0.5,
        "extract_best_shot": True,
        "threshold_liveness": 0.5,
        "threshold_spoofing": 0.42,
    }
    assert result["source_media_id"] == result["media_association_id"] == "id-video1"
    assert result["results_data"] == {"confidence_spoofing": 0.000541269779}


def test_best_shot() -> None:
    (image,) = example()["analyses"][0]["results_media"][0]["output_images"]
    assert base64.b64decode(image["image_b64"], validate=True) == SHOT.jpeg
    assert image["info"]["original"] == {
        "md5": hashlib.md5(SHOT.jpeg).hexdigest(),
        "width": 720,
        "height": 960,
        "size": len(SHOT.jpeg),
        "mime-type": "image/jpeg",
    }
    assert image["media_type"] == "IMAGE_RESULT_ANALYSIS_SINGLE"
    assert (image["media_id"], image["media_association_id"]) == ("new-0", "id-video1")


def test_each_kind_of_medium() -> None:
    media = folder_document(folder(photo, clip, archive), [], stamps())["media"]
    assert [m["media_type"] for m in media] == ["IMAGE_FOLDER", "VIDEO_FOLDER", "SHOTS_SET_FOLDER"]
    assert [list(m)[-2:] for m in media] == [
        ["image_id", "image_url"],
        ["video_id", "video_url"],
        ["shots_set_id", "video_url"],
    ]
    assert [m["image_id" if i == 0 else "video_id" if i == 1 else "shots_set_id"] for i, m in enumerate(media)] == [
        m["media_id"] for m in media
    ]
    facts = {"md5", "size", "mime-type", "width", "height"}
    assert set(media[0]["info"]["original"]) == facts
    assert set(media[1]["info"]["video"]) == facts | {"duration", "FPS"}
    assert set(media[2]["info"]["shots_set"]) == facts
    assert all(list(m)[:13] == list(MEDIA)[:13] for m in media)


def test_orientation_tag() -> None:
    assert orientation(640, 480) == "orientation_landscape"
    assert orientation(480, 640) == orientation(500, 500) == "orientation_portrait"
    kept = medium("k", width=640, height=480, tags=("orientation_portrait", "photo_selfie"))
    media = folder_document(folder(clip, photo, kept), [], stamps())["media"]
    assert [m["tags"] for m in media] == [
        ["video_selfie", "orientation_landscape"],
        ["orientation_portrait"],
        ["orientation_portrait", "photo_selfie"],
    ]


def test_name_of_a_file_without_a_name() -> None:
    assert folder_document(folder(medium("key", filename="")), [], stamps())["media"][0]["original_name"] == "key"


def test_biometry() -> None:
    third = medium("photo2")
    pairs = (
        PairScore("video1", "photo1", 0.9),
        PairScore("video1", "photo2", 0.3),
        PairScore("photo1", "photo2", 0.5),
    )
    analysis = AnalysisRecord("b", BiometryConfs(0.2, 0.85), (clip, photo, third), BiometryOutcome(pairs), 1.0, 2.0)
    document = folder_document(folder(clip, photo, third), [analysis], stamps())
    (built,) = document["analyses"]
    assert built["type"] == "BIOMETRY"
    assert built["confs"] == {"threshold_min": 0.2, "threshold_max": 0.85}
    assert built["results_data"] == {"max_confidence": 0.9, "min_confidence": 0.3}
    assert [(r["source_media_id"], r["results_data"]) for r in built["results_media"]] == [
        ("id-video1", {"max_confidence": 0.9, "min_confidence": 0.3}),
        ("id-photo1", {"max_confidence": 0.9, "min_confidence": 0.5}),
        ("id-photo2", {"max_confidence": 0.5, "min_confidence": 0.3}),
    ]
    assert built["resolution_status"] == document["system_resolution"] == "OPERATOR_REQUIRED"
    assert list(built) == list(EXAMPLE["analyses"][0])


def test_a_failed_analysis_fails_the_folder_and_names_the_medium() -> None:
    ok = record(MediaScore("photo1", 0.9), source=(photo,))
    failed = record(outcome=no_face(clip.media_id), analysis_id="f")
    document = folder_document(folder(clip, photo), [ok, failed], stamps())
    built = document["analyses"][1]
    assert (document["resolution_status"], document["system_resolution"]) == ("FAILED", "FAILED")
    assert (built["state"], built["resolution_status"], built["resolution"]) == ("FAILED", "FAILED", "FAILED")
    assert (built["error_code"], built["error_message"]) == (202, "Could not locate face on source media [id-video1]")
    assert (built["results_data"], built["results_media"]) == (None, [])
    assert built["source_media"][0]["media_id"] == "id-video1"
    assert [a["group_id"] for a in document["analyses"]] == ["group", "group"]
    assert document["analyses"][0]["resolution_status"] == "DECLINED"


@pytest.mark.parametrize(("analyses", "status"), [([], "INITIAL"), ([record()], "PROCESSING")])
def test_unfinished_folders(analyses: list[AnalysisRecord], status: str) -> None:
    document = folder_document(folder(clip), analyses, stamps())
    assert document["resolution_status"] == document["system_resolution"] == status
    assert (document["meta_data"], document["resolution_endpoint"]) == ({}, None)


def test_a_clock_set_back_does_not_end_before_the_start() -> None:
    document = folder_document(folder(clip), [], stamps(now=5.0))
    assert document["time_updated"] == document["time_created"] == 99.0


def test_default_stamps_are_uuid4_and_unix_time() -> None:
    made = Stamps()
    assert uuid.UUID(made.new_id()).version == 4
    assert made.new_id() != made.new_id()
    assert folder_document(folder(clip), [])["time_updated"] > 1.6e9
