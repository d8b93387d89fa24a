"""The four steps of a folder run apart: what each hands to the next can be stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from faceVer.domain.analyses import BestShot, Failure, FailureKind, QualityOutcome
from faceVer.domain.folders import Folder
from faceVer.domain.values import Upload
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.decide import decide
from faceVer.services.folders.document import FolderDocument
from faceVer.services.folders.examine import Examiner
from faceVer.services.folders.findings import Findings
from faceVer.services.folders.plan import plan_folder
from faceVer.services.folders.planned import Extraction, Plan
from faceVer.services.folders.present import present
from faceVer.services.folders.presentation import STATELESS_LITE, STATELESS_OZ
from faceVer.services.rules import media_limits
from faceVer.settings.loader import load_settings
from faceVer.settings.model import Settings
from tests import support_liveness as support
from tests.support_media import encode_video, jpeg, make_zip

SETTINGS = load_settings({})
PAYLOAD = {
    "folder:meta_data": {"n": [1, 2.5, None, True], "имя": "“I”"},
    "media:tags": {"photo": ["photo_selfie"], "back": ["photo_id_back"]},
    "media:meta_data": {"clip": {"a": {"b": 10**20}}},
    "analyses": [
        {"type": "quality", "params": {"extract_best_shot": True}, "meta_data": {"k": 1}},
        {"type": "biometry", "params": {"threshold_min": 0.25, "threshold_max": 0.75}},
        {"type": "quality", "source_media": ["back"]},
        {"type": "quality", "source_media": ["empty"]},
        {"type": "quality", "source_media": ["clip"]},
    ],
}


def media() -> dict[str, bytes]:
    frames = [support.selfie(2, shift=4 * number) for number in range(4)]
    return {
        "clip": encode_video(frames, fps=4),
        "photo": jpeg(support.selfie(2)),
        "shots": make_zip([(f"{number}.jpg", jpeg(frame)) for number, frame in enumerate(frames)]),
        "back": jpeg(support.blank()),
        "empty": jpeg(support.blank()),
    }


def ids() -> Iterator[str]:
    number = 0
    while True:
        yield f"00000000-0000-4000-8000-{number:012d}"
        number += 1


def plan_of(
    payload: dict[str, Any], files: dict[str, bytes], settings: Settings = SETTINGS, *, previews: bool = False
) -> Plan:
    uploads = [Upload(name, data) for name, data in files.items()]
    numbers = ids()
    return plan_folder(
        uploads, json.dumps(payload).encode(), settings, lambda: 100.5, lambda: next(numbers), previews=previews
    )


def stored(value: Any) -> Any:
    """The value as another process reads it."""
    return msgspec.json.decode(msgspec.json.encode(value), type=type(value))


def examined(engine: FaceEngine, plan: Plan, files: dict[str, bytes]) -> list[Findings]:
    examiner = Examiner(engine, support.liveness(), SETTINGS)
    return [examiner.examine(files[medium.item.name], medium, media_limits(SETTINGS), 101.0) for medium in plan.media]


@pytest.fixture(scope="module")
def steps(engine: FaceEngine) -> tuple[Plan, list[Findings], Folder]:
    files = media()
    plan = plan_of(PAYLOAD, files, previews=True)
    findings = examined(engine, plan, files)
    return plan, findings, decide(plan, findings, engine.match, 102.0)


def test_each_value_survives_storage(steps: tuple[Plan, list[Findings], Folder]) -> None:
    plan, findings, folder = steps
    assert stored(plan) == plan
    assert [stored(one) for one in findings] == findings
    assert stored(folder) == folder


def test_steps_run_apart_make_the_same_document(steps: tuple[Plan, list[Findings], Folder], engine: FaceEngine) -> None:
    plan, findings, folder = steps
    again = decide(stored(plan), [stored(one) for one in findings], engine.match, 102.0)
    assert present(stored(again), STATELESS_OZ) == present(folder, STATELESS_OZ)


def test_the_document_is_what_its_model_says(steps: tuple[Plan, list[Findings], Folder]) -> None:
    for view in (STATELESS_OZ, STATELESS_LITE):
        document = present(steps[2], view)
        model = msgspec.convert(document, FolderDocument)
        assert msgspec.to_builtins(model) == document


def test_the_plan_says_what_to_extract_from_each_medium(steps: tuple[Plan, list[Findings], Folder]) -> None:
    plan = steps[0]
    assert {medium.item.name: medium.extraction for medium in plan.media} == {
        "clip": Extraction(pad_score=True, best_shot=True, vector=True, previews=True),
        "photo": Extraction(pad_score=True, vector=True, previews=True),
        "shots": Extraction(pad_score=True, best_shot=True, vector=True, previews=True),
        "back": Extraction(previews=True),
        "empty": Extraction(pad_score=True, vector=True, previews=True),
    }


def test_nothing_is_extracted_for_an_analysis_that_cannot_be_made() -> None:
    files = {"back": jpeg(support.blank())}
    plan = plan_of({"media:tags": {"back": ["photo_id_back"]}}, files)
    assert [medium.extraction for medium in plan.media] == [Extraction()]
    assert [analysis.failure for analysis in plan.analyses] == [FailureKind.NO_QUALITY_MEDIA]


def test_the_first_medium_that_failed_fails_the_analysis(steps: tuple[Plan, list[Findings], Folder]) -> None:
    plan, _, folder = steps
    empty = plan.media[4].item.media_id
    outcomes = [analysis.outcome for analysis in folder.analyses]
    assert outcomes[:4] == [
        Failure(FailureKind.NO_FACE, empty),
        Failure(FailureKind.NO_FACE, empty),
        Failure(FailureKind.NO_QUALITY_MEDIA),
        Failure(FailureKind.NO_FACE, empty),
    ]
    assert isinstance(outcomes[4], QualityOutcome)


def test_each_analysis_has_best_shots_with_ids_of_their_own(engine: FaceEngine) -> None:
    files = {"clip": media()["clip"]}
    asks = {"type": "quality", "params": {"extract_best_shot": True}}
    plan = plan_of({"analyses": [asks, asks, {"type": "quality"}]}, files)
    folder = decide(plan, examined(engine, plan, files), engine.match, 102.0)
    shots: list[BestShot | None] = []
    for analysis in folder.analyses:
        assert isinstance(analysis.outcome, QualityOutcome)
        shots += [score.best_shot for score in analysis.outcome.scores]
    first, second, none = shots
    assert none is None
    assert first is not None
    assert second is not None
    assert first.image == second.image
    assert first.media_id != second.media_id


def test_a_clock_set_back_does_not_end_before_the_start(engine: FaceEngine) -> None:
    files = {"photo": jpeg(support.selfie(2))}
    plan = plan_of({}, files)
    examiner = Examiner(engine, support.liveness(), SETTINGS)
    findings = [examiner.examine(files["photo"], plan.media[0], media_limits(SETTINGS), 5.0)]
    document = present(decide(plan, findings, engine.match, 6.0), STATELESS_LITE)
    for item in (document, document["media"][0], document["analyses"][0]):
        assert item["time_updated"] == item["time_created"] == 100.5
