"""Analysis objects of the folder document, key for key as in the reference's response example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from faceVer.domain.folders import (
    AnalysisRecord,
    BestShot,
    BiometryOutcome,
    Confs,
    Failure,
    Folder,
    MediaFact,
    QualityConfs,
    QualityOutcome,
)
from faceVer.services.folders.media_document import best_shot_document
from faceVer.services.folders.resolution import AnalysisStatus

# The reference's `confs` still carry the thresholds of two older scores that no longer decide anything.
LEGACY_THRESHOLD = 0.5


def analysis_document(
    record: AnalysisRecord,
    status: AnalysisStatus,
    folder: Folder,
    media: Mapping[str, dict[str, Any]],
    new_id: Callable[[], str],
) -> dict[str, Any]:
    """One entry of `analyses`. media: the folder's media objects by key. new_id: makes the ids of output images."""
    failure = record.outcome if isinstance(record.outcome, Failure) else None
    return {
        "analyse_id": record.analysis_id,
        "analysis_id": record.analysis_id,
        "folder_id": folder.folder_id,
        "folder_time_created": None,
        "type": record.type.value,
        "state": status.state.value,
        "company_id": None,
        "group_id": folder.group_id,
        "results_data": _confidences(record.outcome) if isinstance(record.outcome, BiometryOutcome) else None,
        "confs": confs_document(record.confs),
        "error_message": failure.error_message if failure else None,
        "error_code": failure.error_code if failure else None,
        "resolution_operator": None,
        "technical_meta_data": {},
        "time_created": record.created,
        "time_updated": record.updated,
        "meta_data": dict(record.meta_data),
        "source_media": [media[medium.key] for medium in record.source],
        "results_media": _results(record, folder.folder_id, new_id),
        "resolution_status": status.resolution.value,
        "resolution": status.resolution.value,
    }


def confs_document(confs: Confs) -> dict[str, Any]:
    """What the analysis was decided by."""
    if isinstance(confs, QualityConfs):
        return {
            "threshold_replay": LEGACY_THRESHOLD,
            "extract_best_shot": confs.extract_best_shot,
            "threshold_liveness": LEGACY_THRESHOLD,
            "threshold_spoofing": confs.threshold_spoofing,
        }
    return {"threshold_min": confs.threshold_min, "threshold_max": confs.threshold_max}


def _results(record: AnalysisRecord, folder_id: str, new_id: Callable[[], str]) -> list[dict[str, Any]]:
    media = {medium.key: medium for medium in record.source}
    outcome = record.outcome

    def shots(shot: BestShot | None, medium: MediaFact) -> list[dict[str, Any]]:
        if shot is None:
            return []
        return [best_shot_document(shot, medium, folder_id, new_id(), record.created, record.updated)]

    if isinstance(outcome, QualityOutcome):
        return [
            _result(
                media[score.key],
                record,
                {"confidence_spoofing": score.confidence_spoofing},
                shots(score.best_shot, media[score.key]),
            )
            for score in outcome.scores
        ]
    if isinstance(outcome, BiometryOutcome):
        return [_result(media[key], record, _confidences(outcome.of(key)), []) for key in outcome.keys]
    return []


def _result(
    medium: MediaFact, record: AnalysisRecord, data: dict[str, float], images: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "company_id": None,
        "media_association_id": medium.media_id,
        "analysis_id": record.analysis_id,
        "results_data": data,
        "source_media_id": medium.media_id,
        "output_images": images,
        "collection_persons": [],
        "folder_time_created": None,
    }


def _confidences(outcome: BiometryOutcome) -> dict[str, float]:
    return {"max_confidence": outcome.max_confidence, "min_confidence": outcome.min_confidence}
