"""The statuses of analyses and folders, by the Oz API's page "Statuses in API"; pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from faceVer.domain.analyses import (
    AnalysisState,
    AnalysisStatus,
    BiometryOutcome,
    BiometryThresholds,
    Failure,
    Outcome,
    QualityOutcome,
    QualityThresholds,
    Resolution,
    Thresholds,
)
from faceVer.domain.folders import FolderState, FolderStatus

_WORST_FIRST = tuple(Resolution)


class Progress(Protocol):
    """What a folder's statuses are derived from, of each of its analyses: see `domain.folders.Analysis`."""

    @property
    def group_id(self) -> str: ...

    @property
    def status(self) -> AnalysisStatus: ...

    @property
    def created(self) -> float: ...

    @property
    def ended(self) -> float | None: ...


def quality_resolution(outcome: QualityOutcome, thresholds: QualityThresholds) -> Resolution:
    """DECLINED if the PAD score of any media item is above the threshold, or a demanded gesture was not accepted; never
    OPERATOR_REQUIRED.
    """
    passed = all(
        score.pad_score <= thresholds.threshold_spoofing and all(gesture.passed for gesture in score.gestures)
        for score in outcome.scores
    )
    return Resolution.SUCCESS if passed else Resolution.DECLINED


def biometry_resolution(outcome: BiometryOutcome, thresholds: BiometryThresholds) -> Resolution:
    """The least similar pair decides: SUCCESS from threshold_max, DECLINED below threshold_min, a human in between."""
    score = outcome.min_confidence
    if score >= thresholds.threshold_max:
        return Resolution.SUCCESS
    return Resolution.OPERATOR_REQUIRED if score >= thresholds.threshold_min else Resolution.DECLINED


def analysis_status(outcome: Outcome | None, thresholds: Thresholds) -> AnalysisStatus:
    """State and resolution of one analysis; an outcome of None is one still running.

    Unfinished analyses inherit the resolution from the state. Raises TypeError if outcome and thresholds do not match.
    """
    if outcome is None:
        return AnalysisStatus(AnalysisState.PROCESSING, Resolution.PROCESSING)
    if isinstance(outcome, Failure):
        return AnalysisStatus(AnalysisState.FAILED, Resolution.FAILED)
    if isinstance(outcome, QualityOutcome) and isinstance(thresholds, QualityThresholds):
        return AnalysisStatus(AnalysisState.FINISHED, quality_resolution(outcome, thresholds))
    if isinstance(outcome, BiometryOutcome) and isinstance(thresholds, BiometryThresholds):
        return AnalysisStatus(AnalysisState.FINISHED, biometry_resolution(outcome, thresholds))
    raise TypeError("the outcome is of another type than the analysis")


def worst(resolutions: Iterable[Resolution]) -> Resolution:
    """The result of a group: its worst; of an empty one INITIAL."""
    return min(resolutions, key=_WORST_FIRST.index, default=Resolution.INITIAL)


def folder_status(analyses: Iterable[Progress]) -> FolderStatus:
    """Both statuses of a folder.

    `resolution_status` is over all analyses; `system_resolution` is the result of the group that finished last: by the
    end of its last analysis, then by its beginning.
    """
    groups: dict[str, list[Progress]] = {}
    for analysis in analyses:
        groups.setdefault(analysis.group_id, []).append(analysis)
    if not groups:
        return FolderStatus(FolderState.INITIAL, Resolution.INITIAL)
    states = {analysis.status.state for group in groups.values() for analysis in group}
    if AnalysisState.PROCESSING in states:
        return FolderStatus(FolderState.PROCESSING, Resolution.PROCESSING)
    last = max(groups.values(), key=_finished)
    state = FolderState.FAILED if AnalysisState.FAILED in states else FolderState.FINISHED
    return FolderStatus(state, worst(analysis.status.resolution for analysis in last))


def _finished(group: Sequence[Progress]) -> tuple[float, float]:
    """By which groups are ordered: the end of the last analysis, then its beginning."""
    return max(one.ended or 0.0 for one in group), max(one.created for one in group)
