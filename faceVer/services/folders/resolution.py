"""The statuses of analyses and folders, as the reference's page "Statuses in API" defines them; pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from faceVer.domain.folders import BiometryConfs, BiometryOutcome, Confs, Failure, Outcome, QualityConfs, QualityOutcome


class AnalysisState(StrEnum):
    """`state` of an analysis."""

    PROCESSING = "PROCESSING"
    FAILED = "FAILED"
    FINISHED = "FINISHED"


class Resolution(StrEnum):
    """`resolution_status` of an analysis and `system_resolution` of a folder, worst first.

    INITIAL is a folder's only: no analysis has it.
    """

    INITIAL = "INITIAL"
    PROCESSING = "PROCESSING"
    FAILED = "FAILED"
    DECLINED = "DECLINED"
    OPERATOR_REQUIRED = "OPERATOR_REQUIRED"
    SUCCESS = "SUCCESS"


class FolderState(StrEnum):
    """`resolution_status` of a folder, worst first."""

    INITIAL = "INITIAL"
    PROCESSING = "PROCESSING"
    FAILED = "FAILED"
    FINISHED = "FINISHED"


class AnalysisStatus(NamedTuple):
    """What one analysis reports."""

    state: AnalysisState
    resolution: Resolution


class FolderStatus(NamedTuple):
    """What a folder reports: `resolution_status` and `system_resolution`."""

    state: FolderState
    resolution: Resolution


_WORST_FIRST = tuple(Resolution)


def quality_resolution(outcome: QualityOutcome, confs: QualityConfs) -> Resolution:
    """DECLINED if any medium's chance of an attack is above the threshold; never OPERATOR_REQUIRED."""
    passed = all(score.confidence_spoofing <= confs.threshold_spoofing for score in outcome.scores)
    return Resolution.SUCCESS if passed else Resolution.DECLINED


def biometry_resolution(outcome: BiometryOutcome, confs: BiometryConfs) -> Resolution:
    """The least similar pair decides: SUCCESS from threshold_max, DECLINED below threshold_min, a human in between."""
    score = outcome.min_confidence
    if score >= confs.threshold_max:
        return Resolution.SUCCESS
    return Resolution.OPERATOR_REQUIRED if score >= confs.threshold_min else Resolution.DECLINED


def analysis_status(outcome: Outcome | None, confs: Confs) -> AnalysisStatus:
    """State and resolution of one analysis; an outcome of None is one still running.

    Unfinished analyses inherit the resolution from the state. Raises TypeError if outcome and confs do not match.
    """
    if outcome is None:
        return AnalysisStatus(AnalysisState.PROCESSING, Resolution.PROCESSING)
    if isinstance(outcome, Failure):
        return AnalysisStatus(AnalysisState.FAILED, Resolution.FAILED)
    if isinstance(outcome, QualityOutcome) and isinstance(confs, QualityConfs):
        return AnalysisStatus(AnalysisState.FINISHED, quality_resolution(outcome, confs))
    if isinstance(outcome, BiometryOutcome) and isinstance(confs, BiometryConfs):
        return AnalysisStatus(AnalysisState.FINISHED, biometry_resolution(outcome, confs))
    raise TypeError("the outcome is of another type than the analysis")


def worst(resolutions: Iterable[Resolution]) -> Resolution:
    """The result of a group: its worst; of an empty one INITIAL."""
    return min(resolutions, key=_WORST_FIRST.index, default=Resolution.INITIAL)


def folder_status(analyses: Iterable[AnalysisStatus]) -> FolderStatus:
    """Both statuses of a folder from those of its analyses (one group: every analysis of one request)."""
    resolution = worst(status.resolution for status in analyses)
    if resolution in (Resolution.INITIAL, Resolution.PROCESSING, Resolution.FAILED):
        return FolderStatus(FolderState(resolution.value), resolution)
    return FolderStatus(FolderState.FINISHED, resolution)
