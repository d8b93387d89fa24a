"""From analyses to their wire models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from faceVer.domain.analyses import (
    BiometryOutcome,
    Failure,
    FailureKind,
    MediaScore,
    QualityOutcome,
    QualityThresholds,
)
from faceVer.domain.folders import Analysis, Folder, MediaItem, MediaKind
from faceVer.domain.gestures import GestureResult
from faceVer.services.folders import analysis_document as wire
from faceVer.services.folders.media_document import Medium
from faceVer.services.folders.present_media import best_shot_model, company_of, folder_time_of
from faceVer.services.folders.presentation import Presentation

# error_code and error_message of a failed analysis, by the Oz API's pages "Rules of Assigning Analyses" and
# "Tag-Related Errors"; the second person's is the server's own.
FAILURES: Mapping[FailureKind, tuple[int, str]] = {
    FailureKind.NO_FACE: (202, "Could not locate face on source media [{media_id}]"),
    FailureKind.SEVERAL_PERSONS: (202, "More than one person is present on source media [{media_id}]"),
    FailureKind.TOO_FEW_MEDIA: (202, "Biometry. Analysis requires at least 2 media objects to process"),
    FailureKind.NO_QUALITY_MEDIA: (5, "Invalid/missed tag values to process quality check"),
    FailureKind.PROCESSING: (202, "Processing error"),
}
# The Oz API's `confs` still carry the thresholds of two older scores that no longer decide anything.
LEGACY_THRESHOLD = 0.5
_SOURCE_ID: Mapping[MediaKind, str] = {
    "image": "source_image_id",
    "video": "source_video_id",
    "shots_set": "source_shots_set_id",
}


def analysis_model(
    analysis: Analysis, folder: Folder, source: list[Medium], view: Presentation
) -> wire.QualityAnalysis | wire.BiometryAnalysis:
    """One entry of `analyses`. source: the models of its media."""
    code, message = _failure(analysis.outcome) if isinstance(analysis.outcome, Failure) else (None, None)
    operator = analysis.resolution_operator
    common: dict[str, Any] = {
        "analyse_id": analysis.analysis_id,
        "analysis_id": analysis.analysis_id,
        "folder_id": folder.folder_id,
        "folder_time_created": folder_time_of(folder),
        "state": analysis.status.state,
        "company_id": company_of(folder),
        "group_id": analysis.group_id,
        "error_message": message,
        "error_code": code,
        "resolution_operator": operator.value if operator else None,
        "technical_meta_data": {},
        "time_created": analysis.created,
        "time_updated": analysis.updated,
        "meta_data": dict(analysis.meta_data),
        "source_media": source,
        "resolution_status": analysis.status.resolution,
        "resolution": operator or analysis.status.resolution,
    }
    thresholds, outcome = analysis.thresholds, analysis.outcome
    items = {item.media_id: item for item in analysis.source}
    if isinstance(thresholds, QualityThresholds):
        scores = outcome.scores if isinstance(outcome, QualityOutcome) else ()
        return wire.QualityAnalysis(
            results_data=None,
            confs=wire.QualityConfs(
                threshold_replay=LEGACY_THRESHOLD,
                extract_best_shot=thresholds.extract_best_shot,
                threshold_liveness=LEGACY_THRESHOLD,
                threshold_spoofing=thresholds.threshold_spoofing,
                check_gesture=True if thresholds.check_gesture else UNSET,
            ),
            results_media=[_quality_result(analysis, score, items[score.media_id], folder, view) for score in scores],
            **common,
        )
    compared = outcome if isinstance(outcome, BiometryOutcome) else None
    return wire.BiometryAnalysis(
        results_data=_scores(compared) if compared else None,
        confs=wire.BiometryConfs(threshold_min=thresholds.threshold_min, threshold_max=thresholds.threshold_max),
        results_media=[
            wire.BiometryResult(
                results_data=_scores(own), output_images=[], **_result(analysis, items[media_id], folder, view)
            )
            for media_id, own in (compared.by_media() if compared else {}).items()
        ],
        **common,
    )


def _quality_result(
    analysis: Analysis, score: MediaScore, item: MediaItem, folder: Folder, view: Presentation
) -> wire.QualityResult:
    return wire.QualityResult(
        results_data=wire.QualityScore(
            confidence_spoofing=score.pad_score, gestures=[_gesture(one) for one in score.gestures] or UNSET
        ),
        output_images=[best_shot_model(score.best_shot, score.measures, item, analysis, folder, view)]
        if score.best_shot
        else [],
        **_result(analysis, item, folder, view),
    )


def _gesture(result: GestureResult) -> wire.GestureCheck:
    return wire.GestureCheck(tag=result.name, passed=result.passed, reason=result.fault, time=result.time)


def _result(analysis: Analysis, item: MediaItem, folder: Folder, view: Presentation) -> dict[str, Any]:
    """The fields of every entry of `results_media`."""
    fields: dict[str, Any] = {
        "company_id": company_of(folder),
        "media_association_id": item.media_id,
        "analysis_id": analysis.analysis_id,
        "source_media_id": item.media_id,
        "collection_persons": [],
        "folder_time_created": folder_time_of(folder),
    }
    return fields | {_SOURCE_ID[item.kind]: item.media_id} if view.source_ids else fields


def _scores(outcome: BiometryOutcome) -> wire.BiometryScores:
    return wire.BiometryScores(max_confidence=outcome.max_confidence, min_confidence=outcome.min_confidence)


def _failure(failure: Failure) -> tuple[int, str]:
    code, message = FAILURES[failure.kind]
    return code, message.format(media_id=failure.media_id)
