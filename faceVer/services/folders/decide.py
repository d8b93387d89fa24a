"""The third step of a folder: from its plan and the findings in its media to outcomes and statuses. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from faceVer.domain.analyses import (
    BestShot,
    BiometryOutcome,
    Failure,
    MediaScore,
    Outcome,
    PairScore,
    QualityOutcome,
    QualityThresholds,
)
from faceVer.domain.folders import Analysis, Folder, MediaItem, PlannedAnalysis
from faceVer.domain.gestures import GestureResult
from faceVer.domain.values import Comparison
from faceVer.services.folders.findings import Findings, Vector, to_vector
from faceVer.services.folders.planned import Plan
from faceVer.services.folders.resolution import analysis_status, folder_status

Match = Callable[[Vector, Sequence[Vector]], Sequence[Comparison]]
"""One vector against N, in their order: `FaceEngine.match` of the model that made them."""


def decide(plan: Plan, findings: Sequence[Findings], match: Match, ended: float) -> Folder:
    """The finished folder. findings: of all media of the plan. ended: Unix seconds, when the last was examined."""
    found = {one.media_id: one for one in findings}
    media = {planned.item.media_id: _decoded(planned.item, found[planned.item.media_id]) for planned in plan.media}
    analyses = tuple(_analysis(planned, plan, media, found, match, ended) for planned in plan.analyses)
    return Folder(
        folder_id=plan.folder_id,
        created=plan.created,
        updated=max(ended, plan.created),  # a clock set back must not put the end before the start
        media=tuple(media.values()),
        analyses=analyses,
        status=folder_status(analyses),
        meta_data=plan.meta_data,
        resolution_endpoint=plan.resolution_endpoint,
    )


def _decoded(item: MediaItem, found: Findings) -> MediaItem:
    return replace(
        item,
        updated=max(found.decoded, item.created),
        width=found.width,
        height=found.height,
        duration=found.duration,
        fps=found.fps,
    )


def _analysis(
    planned: PlannedAnalysis,
    plan: Plan,
    media: Mapping[str, MediaItem],
    found: Mapping[str, Findings],
    match: Match,
    ended: float,
) -> Analysis:
    outcome = decide_outcome(planned, [found[media_id] for media_id in planned.media], match)
    return Analysis(
        analysis_id=planned.analysis_id,
        group_id=plan.group_id,
        thresholds=planned.thresholds,
        source=tuple(media[media_id] for media_id in planned.media),
        outcome=outcome,
        status=analysis_status(outcome, planned.thresholds),
        created=plan.begun,
        updated=max(ended, plan.begun),
        ended=max(ended, plan.begun),
        meta_data=planned.meta_data,
    )


def decide_outcome(planned: PlannedAnalysis, findings: Sequence[Findings], match: Match) -> Outcome:
    """The outcome of one analysis. findings: of its media, in order; the first that failed fails it."""
    if planned.failure:
        return Failure(planned.failure)
    is_quality = isinstance(planned.thresholds, QualityThresholds)
    for one in findings:
        kind = one.failure or (None if is_quality else one.vector_failure)
        if kind:
            return Failure(kind, one.media_id)
    if is_quality:
        return QualityOutcome(
            tuple(
                MediaScore(one.media_id, one.pad.score, _best_shot(planned, one), one.measures, _gestures(planned, one))
                for one in findings
                if one.pad is not None
            )
        )
    return compare_pairs({one.media_id: to_vector(one.vector) for one in findings if one.vector is not None}, match)


def compare_pairs(vectors: Mapping[str, Vector], match: Match) -> BiometryOutcome:
    """Every pair of media, by id, in order; at least two."""
    return BiometryOutcome(
        tuple(
            PairScore(left, right, match(vectors[left], [vectors[right]])[0].score)
            for left, right in combinations(vectors, 2)
        )
    )


def _gestures(planned: PlannedAnalysis, one: Findings) -> tuple[GestureResult, ...]:
    thresholds = planned.thresholds
    return one.gestures if isinstance(thresholds, QualityThresholds) and thresholds.check_gesture else ()


def _best_shot(planned: PlannedAnalysis, one: Findings) -> BestShot | None:
    shot_id = planned.best_shots.get(one.media_id)
    return BestShot(shot_id, one.best_shot) if shot_id and one.best_shot else None
