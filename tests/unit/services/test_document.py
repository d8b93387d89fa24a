"""The folder document against the reference's response example: keys, order, types and nulls."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from faceVer.domain.analyses import (
    BestShot,
    BiometryOutcome,
    BiometryThresholds,
    FaceMeasures,
    Failure,
    FailureKind,
    JpegImage,
    MediaScore,
    PairScore,
    QualityOutcome,
    QualityThresholds,
)
from faceVer.domain.folders import Analysis, Folder, MediaItem
from faceVer.services.folders.present import present
from faceVer.services.folders.present_media import orientation
from faceVer.services.folders.presentation import STATELESS_LITE, STATELESS_OZ, Presentation
from faceVer.services.folders.resolution import analysis_status, folder_status
from tests.unit.services.reference import EXAMPLE, MEDIA
from tests.unit.services.support import medium

SHOT = JpegImage(b"\xff\xd8 jpeg \xff\xd9", 720, 960)
MEASURES = FaceMeasures(0.87156, 312.44, -3.06, -9.61, 0.84, 0.98149, 0.28449, 131.18, 0.00449, 182.45, 1.0)
clip = medium("video1", "video", width=960, height=720, tags=("video_selfie",), meta_data={"foo4": "bar5"})
photo = medium("photo1", "image")
archive = medium("shots1", "shots_set", width=500, height=500)


def record(*scores: MediaScore, source: tuple[MediaItem, ...] = (clip,), **more: Any) -> Analysis:
    values: dict[str, Any] = {
        "analysis_id": "analysis",
        "group_id": "group",
        "thresholds": QualityThresholds(0.42, extract_best_shot=True),
        "source": source,
        "outcome": QualityOutcome(scores) if scores else None,
        "created": 101.0,
        "updated": 102.0,
        "meta_data": {"some_key": "some_value"},
    }
    values |= more
    return Analysis(status=analysis_status(values["outcome"], values["thresholds"]), **values)


def folder(*media: MediaItem, analyses: tuple[Analysis, ...] = (), **more: Any) -> Folder:
    status = folder_status(analyses)
    return Folder("folder", 99.0, 200.25, media, analyses, status, **more)


def document_of(*media: MediaItem, analyses: tuple[Analysis, ...] = ()) -> dict[str, Any]:
    return present(folder(*media, analyses=analyses), STATELESS_LITE)


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


def example(view: Presentation = STATELESS_LITE) -> dict[str, Any]:
    meta = {
        "partner_side_folder_id": "7",
        "person_info": {"first_name": "John", "middle_name": "Jameson", "last_name": "Doe"},
    }
    analysis = record(MediaScore("id-video1", 0.000541269779, BestShot("shot", SHOT), MEASURES))
    request = folder(clip, analyses=(analysis,), meta_data=meta, resolution_endpoint="https://hook.example/x")
    return present(request, view)


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
    assert list(image["technical_meta_data"]["measures"].values()) == [
        *(0.872, 312.4, -3.1, -9.6, 0.8, 0.981),
        *(0.284, 131.2, 0.004, 182.4, 1.0),
    ]
    assert base64.b64decode(image["image_b64"], validate=True) == SHOT.jpeg
    assert image["info"]["original"] == {
        "md5": hashlib.md5(SHOT.jpeg).hexdigest(),
        "width": 720,
        "height": 960,
        "size": len(SHOT.jpeg),
        "mime-type": "image/jpeg",
    }
    assert image["media_type"] == "IMAGE_RESULT_ANALYSIS_SINGLE"
    assert (image["media_id"], image["media_association_id"]) == ("shot", "id-video1")


def test_each_kind_of_medium() -> None:
    media = document_of(photo, clip, archive)["media"]
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
    media = document_of(clip, photo, kept)["media"]
    assert [m["tags"] for m in media] == [
        ["video_selfie", "orientation_landscape"],
        ["orientation_portrait"],
        ["orientation_portrait", "photo_selfie"],
    ]


def test_name_of_a_file_without_a_name() -> None:
    assert document_of(medium("key", filename=""))["media"][0]["original_name"] == "key"


def test_biometry() -> None:
    third = medium("photo2")
    pairs = (
        PairScore("id-video1", "id-photo1", 0.9),
        PairScore("id-video1", "id-photo2", 0.3),
        PairScore("id-photo1", "id-photo2", 0.5),
    )
    thresholds = BiometryThresholds(0.2, 0.85)
    analysis = record(source=(clip, photo, third), thresholds=thresholds, outcome=BiometryOutcome(pairs))
    document = document_of(clip, photo, third, analyses=(analysis,))
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
    ok = record(MediaScore("id-photo1", 0.9), source=(photo,))
    failed = record(outcome=Failure(FailureKind.NO_FACE, clip.media_id), analysis_id="f")
    document = document_of(clip, photo, analyses=(ok, failed))
    built = document["analyses"][1]
    assert (document["resolution_status"], document["system_resolution"]) == ("FAILED", "FAILED")
    assert (built["state"], built["resolution_status"], built["resolution"]) == ("FAILED", "FAILED", "FAILED")
    assert (built["error_code"], built["error_message"]) == (202, "Could not locate face on source media [id-video1]")
    assert (built["results_data"], built["results_media"]) == (None, [])
    assert built["source_media"][0]["media_id"] == "id-video1"
    assert [a["group_id"] for a in document["analyses"]] == ["group", "group"]
    assert document["analyses"][0]["resolution_status"] == "DECLINED"


@pytest.mark.parametrize(("analyses", "status"), [((), "INITIAL"), ((record(),), "PROCESSING")])
def test_unfinished_folders(analyses: tuple[Analysis, ...], status: str) -> None:
    document = document_of(clip, analyses=analyses)
    assert document["resolution_status"] == document["system_resolution"] == status
    assert (document["meta_data"], document["resolution_endpoint"]) == ({}, None)


@pytest.mark.parametrize(
    ("kind", "code", "message"),
    [
        (FailureKind.NO_FACE, 202, "Could not locate face on source media [id-video1]"),
        (FailureKind.SEVERAL_PERSONS, 202, "More than one person is present on source media [id-video1]"),
        (FailureKind.TOO_FEW_MEDIA, 202, "Biometry. Analysis requires at least 2 media objects to process"),
        (FailureKind.NO_QUALITY_MEDIA, 5, "Invalid/missed tag values to process quality check"),
    ],
)
def test_each_failure_has_a_code_and_a_message(kind: FailureKind, code: int, message: str) -> None:
    (built,) = document_of(clip, analyses=(record(outcome=Failure(kind, clip.media_id)),))["analyses"]
    assert (built["error_code"], built["error_message"]) == (code, message)


def test_source_ids_name_the_medium_by_its_type() -> None:
    plain = example()["analyses"][0]["results_media"][0]
    result = example(STATELESS_OZ)["analyses"][0]["results_media"][0]
    assert result == plain | {"source_video_id": "id-video1"}
    assert list(result)[-1] == "source_video_id"
    scores = tuple(MediaScore(item.media_id, 0.1) for item in (clip, photo, archive))
    analysis = record(*scores, source=(clip, photo, archive))
    document = present(folder(clip, photo, archive, analyses=(analysis,)), STATELESS_OZ)
    assert [list(one)[-1] for one in document["analyses"][0]["results_media"]] == [
        "source_video_id",
        "source_image_id",
        "source_shots_set_id",
    ]
