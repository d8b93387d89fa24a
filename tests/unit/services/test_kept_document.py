"""The document of a stored folder: what it has beyond that of a stateless request, field by field."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceVer.domain.analyses import (
    BestShot,
    BiometryOutcome,
    BiometryThresholds,
    FaceMeasures,
    Failure,
    FailureKind,
    MediaScore,
    Outcome,
    PairScore,
    QualityOutcome,
    QualityThresholds,
    Resolution,
    StoredImage,
    Thresholds,
)
from faceVer.domain.folders import Analysis, Folder, MediaItem, MediaKind, Ownership
from faceVer.services.folders.document import FolderDocument
from faceVer.services.folders.present import present, present_analyses, present_media
from faceVer.services.folders.presentation import Presentation
from faceVer.services.folders.resolution import analysis_status, folder_status
from tests.unit.services.reference import EXAMPLE
from tests.unit.services.support import medium

FOLDER, COMPANY, USER, OPERATOR, GROUP = (f"00000000-0000-4000-8000-00000000000{number}" for number in range(5))
VIEW = Presentation(
    source_ids=True, address=lambda folder_id, key: f"https://x.example/static/{folder_id}/{key}?token=t"
)
THUMB = StoredImage("thumb.jpg", "1" * 32, 900, 30, 40)
SHOT = StoredImage("shot.jpg", "2" * 32, 5000, 720, 960)
QUALITY = QualityThresholds(0.5, True)
OWNED = Ownership(COMPANY, USER)
_NUMBERS: dict[MediaKind, int] = {"video": 10, "image": 11, "shots_set": 12}


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def url(key: str) -> str:
    return f"https://x.example/static/{FOLDER}/{key}?token=t"


def kept(kind: MediaKind, **more: Any) -> MediaItem:
    """A stored media item with a thumbnail."""
    values: dict[str, Any] = {"media_id": uuid(_NUMBERS[kind]), "key": f"{kind}.bin", "thumbnail": THUMB}
    return replace(medium(kind, kind), **(values | more))


CLIP, PHOTO, ARCHIVE = kept("video", meta_data={"foo4": "bar5"}), kept("image"), kept("shots_set")
MEASURES = FaceMeasures(0.9, 300.0, 1.0, -8.0, 0.0, 0.99, 0.3, 130.0, 0.0, 180.0, 1.0)
SCORED = QualityOutcome((MediaScore(CLIP.media_id, 0.25, BestShot(uuid(20), SHOT), MEASURES),))


def analysis(outcome: Outcome | None, thresholds: Thresholds = QUALITY, **more: Any) -> Analysis:
    values: dict[str, Any] = {"analysis_id": uuid(30), "source": (CLIP,), "created": 101.0, "updated": 102.5}
    values |= {"group_id": GROUP, "meta_data": {"some_key": "x"}, "ended": None if outcome is None else 102.5} | more
    return Analysis(thresholds=thresholds, outcome=outcome, status=analysis_status(outcome, thresholds), **values)


def folder(*media: MediaItem, analyses: tuple[Analysis, ...] = (), **more: Any) -> Folder:
    values: dict[str, Any] = {"ownership": OWNED} | more
    return Folder(FOLDER, 99.5, 200.25, media, analyses, folder_status(analyses), **values)


def shown(one: Folder, **more: Any) -> dict[str, Any]:
    """The document, which must be one that the wire models allow."""
    document = present(one, VIEW, **more)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    msgspec.convert(document, FolderDocument)
    return document


def order_of(value: Any) -> Any:
    """Nested keys in their order, lists by their first entry, without what only one of the two documents has."""
    if isinstance(value, dict):
        return {key: order_of(inner) for key, inner in value.items() if key not in ("image_b64", "meta_data", "thumb")}
    return [order_of(inner) for inner in value[:1]] if isinstance(value, list) else None


def test_fields_are_those_of_the_stateless_document_in_its_order() -> None:
    document = shown(folder(CLIP, analyses=(analysis(SCORED),)))
    result = document["analyses"][0]["results_media"][0]
    assert list(result)[-1] == "source_video_id"
    del result["source_video_id"]
    assert json.dumps(order_of(document)) == json.dumps(order_of(EXAMPLE))


def test_owner_operator_and_times() -> None:
    judged = replace(
        OWNED,
        operator_status=Resolution.DECLINED,
        operator_comment="no",
        resolution_author_id=OPERATOR,
        resolution_time=150.5,
    )
    plain = shown(folder(CLIP))
    document = shown(folder(CLIP, ownership=judged))
    expected = {
        "company_id": COMPANY,
        "user_id": USER,
        "time_created": 99.5,
        "time_updated": 200.25,
        "resolution_time": 150.5,
        "resolution_author_id": OPERATOR,
        "resolution_comment": "[]",
        "resolution_state_hash": None,
        "operator_comment": "no",
        "operator_status": "DECLINED",
        "is_cleared": False,
    }
    assert {key: document[key] for key in expected} == expected
    nulls = dict.fromkeys(("resolution_time", "resolution_author_id", "operator_comment", "operator_status"))
    assert plain == document | nulls


def test_a_folder_without_media() -> None:
    document = shown(folder(meta_data={"a": 1}))
    assert (document["media"], document["analyses"], document["meta_data"]) == ([], [], {"a": 1})
    assert document["resolution_status"] == document["system_resolution"] == "INITIAL"


def test_analyses_user_and_company_are_there_if_wanted() -> None:
    one = folder(CLIP, analyses=(analysis(SCORED),))
    without = shown(one, with_analyses=False)
    assert list(without)[-1] == "media"
    assert list(shown(one, user={"user_id": USER}, company=None))[-3:] == ["analyses", "user", "company"]
    assert without == {key: value for key, value in shown(one).items() if key != "analyses"}


@pytest.mark.parametrize(("kind", "own"), [("image", "image_url"), ("video", "video_url"), ("shots_set", "video_url")])
def test_addresses_of_media(kind: MediaKind, own: str) -> None:
    (item,) = shown(folder(kept(kind)))["media"]
    assert item["original_url"] == item[own] == url(f"{kind}.bin")
    assert item["thumb_url"] == url("thumb.jpg")
    assert item["info"]["thumb"] == {
        "md5": "1" * 32,
        "width": 30,
        "height": 40,
        "size": 900,
        "mime-type": "image/jpeg",
    }
    assert (item["company_id"], item["folder_time_created"]) == (COMPANY, 99.5)


@pytest.mark.parametrize("kind", ["image", "video", "shots_set"])
def test_a_media_item_whose_files_are_gone(kind: MediaKind) -> None:
    item = kept(kind, key=None, thumbnail=None, name="", filename="")
    (shown_item,) = shown(folder(item, ownership=replace(OWNED, is_cleared=True)))["media"]
    assert [shown_item[key] for key in ("original_url", "thumb_url", "original_name")] == [None, None, ""]
    assert shown_item["info"]["thumb"] is None
    assert {value for key, value in shown_item.items() if key in ("image_url", "video_url")} == {None}


def test_a_best_shot_is_an_address() -> None:
    (one,) = shown(folder(CLIP, analyses=(analysis(SCORED),)))["analyses"]
    (image,) = one["results_media"][0]["output_images"]
    assert "image_b64" not in image
    assert image["original_url"] == url("shot.jpg")
    assert image["info"]["original"] == {
        "md5": "2" * 32,
        "width": 720,
        "height": 960,
        "size": 5000,
        "mime-type": "image/jpeg",
    }
    assert (image["media_id"], image["media_association_id"]) == (uuid(20), CLIP.media_id)
    assert (image["company_id"], image["folder_time_created"]) == (COMPANY, 99.5)
    assert list(image)[-1] == "media_association_id"


def test_a_photo_is_its_own_best_shot() -> None:
    outcome = QualityOutcome((MediaScore(PHOTO.media_id, 0.25, BestShot(uuid(20), SHOT)),))
    (one,) = shown(folder(PHOTO, analyses=(analysis(outcome, source=(PHOTO,)),)))["analyses"]
    (result,) = one["results_media"]
    assert (result["source_image_id"], len(result["output_images"])) == (PHOTO.media_id, 1)


@pytest.mark.parametrize("thresholds", [QUALITY, BiometryThresholds(0.75, 0.85)])
def test_an_analysis_that_runs(thresholds: Thresholds) -> None:
    document = shown(folder(CLIP, PHOTO, analyses=(analysis(None, thresholds, updated=101.0),)))
    (one,) = document["analyses"]
    assert {one[key] for key in ("state", "resolution_status", "resolution")} == {"PROCESSING"}
    assert {document[key] for key in ("resolution_status", "system_resolution")} == {"PROCESSING"}
    assert (one["results_data"], one["results_media"], one["error_code"], one["error_message"]) == (
        None,
        [],
        None,
        None,
    )
    assert one["time_created"] == one["time_updated"] == 101.0
    assert (one["company_id"], one["folder_time_created"], one["group_id"]) == (COMPANY, 99.5, GROUP)


@pytest.mark.parametrize("operator", [None, Resolution.SUCCESS, Resolution.DECLINED])
def test_resolution_is_the_operators_and_resolution_status_stays_the_servers(operator: Resolution | None) -> None:
    decided = analysis(SCORED, resolution_operator=operator, operator_comment="never shown")
    document = shown(folder(CLIP, analyses=(decided,)))
    (one,) = document["analyses"]
    assert one["resolution_operator"] == operator
    assert one["resolution"] == (operator or "SUCCESS")
    assert one["resolution_status"] == document["system_resolution"] == "SUCCESS"
    assert "never shown" not in json.dumps(document)


def test_biometry_results_name_their_media_in_both_ways() -> None:
    outcome = BiometryOutcome((PairScore(CLIP.media_id, PHOTO.media_id, 0.8),))
    one = analysis(outcome, BiometryThresholds(0.75, 0.85), source=(CLIP, PHOTO))
    (built,) = shown(folder(CLIP, PHOTO, analyses=(one,)))["analyses"]
    assert (built["resolution"], built["results_data"]) == (
        "OPERATOR_REQUIRED",
        {"max_confidence": 0.8, "min_confidence": 0.8},
    )
    assert [(result["source_media_id"], list(result)[-1]) for result in built["results_media"]] == [
        (CLIP.media_id, "source_video_id"),
        (PHOTO.media_id, "source_image_id"),
    ]
    assert {(result["company_id"], result["folder_time_created"]) for result in built["results_media"]} == {
        (COMPANY, 99.5)
    }


def test_an_error_of_the_server_has_a_code_and_a_message() -> None:
    (one,) = shown(folder(CLIP, analyses=(analysis(Failure(FailureKind.PROCESSING)),)))["analyses"]
    assert (one["state"], one["error_code"], one["error_message"]) == ("FAILED", 202, "Processing error")


def test_a_deleted_media_item_stays_in_the_analyses_that_used_it() -> None:
    gone = kept("video", key=None, thumbnail=None)
    document = shown(folder(PHOTO, analyses=(analysis(SCORED, source=(gone,)),)))
    (source,) = document["analyses"][0]["source_media"]
    assert [item["media_id"] for item in document["media"]] == [PHOTO.media_id]
    assert (source["media_id"], source["original_url"], source["video_url"]) == (CLIP.media_id, None, None)


def test_single_objects_are_those_of_the_document() -> None:
    one = folder(CLIP, PHOTO, ARCHIVE, analyses=(analysis(SCORED), analysis(None, analysis_id=uuid(31))))
    document = shown(one)
    assert json.dumps(present_media(one.media, one, VIEW)) == json.dumps(document["media"])
    assert json.dumps(present_analyses(one.analyses, one, VIEW)) == json.dumps(document["analyses"])


def test_the_same_folder_is_the_same_document() -> None:
    one = folder(CLIP, analyses=(analysis(SCORED),))
    assert shown(one) == shown(one)


@given(
    st.lists(st.sampled_from([CLIP, PHOTO, ARCHIVE]), max_size=3, unique_by=lambda item: item.media_id),
    st.lists(st.sampled_from([None, SCORED, *map(Failure, FailureKind)]), max_size=4),
    st.builds(
        Ownership,
        st.just(COMPANY),
        st.just(USER),
        st.sampled_from([None, Resolution.SUCCESS, Resolution.DECLINED]),
        st.none() | st.text(),
        st.sampled_from([None, OPERATOR]),
        st.none() | st.floats(0, 4e9),
        st.booleans(),
    ),
)
def test_every_stored_folder_has_a_document_that_the_models_allow(
    media: list[MediaItem], outcomes: list[Outcome | None], owner: Ownership
) -> None:
    analyses = tuple(analysis(outcome, analysis_id=uuid(40 + number)) for number, outcome in enumerate(outcomes))
    document = shown(folder(*media, analyses=analyses, ownership=owner))
    assert document["is_cleared"] is owner.is_cleared
    assert len(document["analyses"]) == len(outcomes)
