"""Statuses: every combination of outcomes against the reference's wording."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations_with_replacement, permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceVer.domain.analyses import (
    AnalysisState,
    AnalysisStatus,
    BiometryOutcome,
    BiometryThresholds,
    Failure,
    FailureKind,
    MediaScore,
    PairScore,
    QualityOutcome,
    QualityThresholds,
    Resolution,
)
from faceVer.domain.folders import Analysis, FolderState, FolderStatus
from faceVer.services.folders.resolution import analysis_status, folder_status, worst

scores = st.floats(0, 1)
# Every status an analysis can have: the reference's table, column by column.
RUNNING = AnalysisStatus(AnalysisState.PROCESSING, Resolution.PROCESSING)
FAILED = AnalysisStatus(AnalysisState.FAILED, Resolution.FAILED)
FINISHED = [
    AnalysisStatus(AnalysisState.FINISHED, r)
    for r in (Resolution.DECLINED, Resolution.OPERATOR_REQUIRED, Resolution.SUCCESS)
]
EVERY = [RUNNING, FAILED, *FINISHED]


def quality(*values: float) -> QualityOutcome:
    return QualityOutcome(tuple(MediaScore(f"m{i}", value) for i, value in enumerate(values)))


def biometry(*values: float) -> BiometryOutcome:
    return BiometryOutcome(tuple(PairScore("a", f"b{i}", value) for i, value in enumerate(values)))


@given(st.lists(scores, min_size=1, max_size=5), scores)
def test_quality_is_success_or_declined_and_never_for_an_operator(values: list[float], threshold: float) -> None:
    state, resolution = analysis_status(quality(*values), QualityThresholds(threshold))
    assert state is AnalysisState.FINISHED
    assert resolution is (Resolution.DECLINED if max(values) > threshold else Resolution.SUCCESS)


@given(st.lists(scores, min_size=1, max_size=5), scores, scores)
def test_biometry_is_decided_by_the_least_similar_pair(values: list[float], one: float, other: float) -> None:
    low, high = sorted((one, other))
    state, resolution = analysis_status(biometry(*values), BiometryThresholds(low, high))
    least = min(values)
    assert state is AnalysisState.FINISHED
    assert (resolution is Resolution.SUCCESS) == (least >= high)
    assert (resolution is Resolution.DECLINED) == (least < low)
    assert (resolution is Resolution.OPERATOR_REQUIRED) == (low <= least < high)


def test_edges() -> None:
    assert analysis_status(quality(0.5), QualityThresholds(0.5)).resolution is Resolution.SUCCESS
    assert analysis_status(quality(0.500001), QualityThresholds(0.5)).resolution is Resolution.DECLINED
    assert analysis_status(biometry(0.85), BiometryThresholds(0.85, 0.85)).resolution is Resolution.SUCCESS
    assert analysis_status(biometry(0.84), BiometryThresholds(0.85, 0.85)).resolution is Resolution.DECLINED


@pytest.mark.parametrize("thresholds", [QualityThresholds(0.5), BiometryThresholds(0.5, 0.6)])
def test_unfinished_analyses_inherit_the_state(thresholds: QualityThresholds | BiometryThresholds) -> None:
    assert analysis_status(None, thresholds) == RUNNING
    assert analysis_status(Failure(FailureKind.NO_FACE, "x"), thresholds) == FAILED
    assert analysis_status(Failure(FailureKind.TOO_FEW_MEDIA), thresholds) == FAILED


def analysis(group_id: str, status: AnalysisStatus, ended: float = 5.0, created: float = 1.0) -> Analysis:
    end = None if status == RUNNING else ended
    return Analysis("a", group_id, QualityThresholds(0.5), (), None, status, created, ended, ended=end)


def one_group(statuses: Iterable[AnalysisStatus]) -> list[Analysis]:
    return [analysis("g", status) for status in statuses]


def test_the_group_that_finished_last_is_the_folders_result() -> None:
    declined, _, success = FINISHED
    early, late = analysis("1", declined, ended=3.0), analysis("2", success, ended=4.0)
    assert folder_status([late, early]) == (FolderState.FINISHED, Resolution.SUCCESS)
    # A group finishes with its last analysis: the earlier one of the second group does not count.
    assert folder_status([late, early, analysis("1", success, ended=6.0)]).resolution is Resolution.DECLINED
    # At the same time: the one that began later.
    assert (
        folder_status([analysis("1", success, created=2.0), analysis("2", declined)]).resolution is Resolution.SUCCESS
    )


def test_a_failed_analysis_of_an_earlier_group_fails_the_folder_but_not_its_result() -> None:
    failed, success = analysis("1", FAILED, ended=3.0), analysis("2", FINISHED[2], ended=4.0)
    assert folder_status([failed, success]) == (FolderState.FAILED, Resolution.SUCCESS)
    assert folder_status([failed, success, analysis("3", RUNNING)]).state is FolderState.PROCESSING


def test_folder_statuses_over_every_group_of_up_to_four_analyses() -> None:
    for size in range(5):
        for group in combinations_with_replacement(EVERY, size):
            state, resolution = folder_status(one_group(group))
            states = {status.state for status in group}
            results = {status.resolution for status in group}
            if not group:
                assert (state, resolution) == (FolderState.INITIAL, Resolution.INITIAL)
            elif AnalysisState.PROCESSING in states:
                assert (state, resolution) == (FolderState.PROCESSING, Resolution.PROCESSING)
            elif AnalysisState.FAILED in states:
                assert (state, resolution) == (FolderState.FAILED, Resolution.FAILED)
            else:
                assert state is FolderState.FINISHED
                if Resolution.DECLINED in results:
                    assert resolution is Resolution.DECLINED
                elif Resolution.OPERATOR_REQUIRED in results:
                    assert resolution is Resolution.OPERATOR_REQUIRED
                else:
                    assert resolution is Resolution.SUCCESS


def test_order_of_analyses_does_not_matter() -> None:
    for group in permutations(EVERY, 3):
        assert folder_status(one_group(group)) == folder_status(one_group(reversed(group)))


def test_a_generator_is_read_once() -> None:
    assert folder_status(analysis for analysis in one_group(FINISHED)) == FolderStatus(
        FolderState.FINISHED, Resolution.DECLINED
    )


@given(st.lists(st.sampled_from(Resolution), max_size=8), st.sampled_from(Resolution))
def test_worst_is_a_member_and_only_gets_worse(group: list[Resolution], more: Resolution) -> None:
    order = ["INITIAL", "PROCESSING", "FAILED", "DECLINED", "OPERATOR_REQUIRED", "SUCCESS"]
    result = worst([*group, more])
    assert result in [*group, more]
    assert all(order.index(result) <= order.index(one) for one in [*group, more])


@pytest.mark.parametrize("score", [float("nan"), -0.001, 1.001, float("inf")])
def test_a_score_outside_0_to_1_cannot_be_made(score: float) -> None:
    with pytest.raises(ValueError, match=r"0\.\.1"):
        MediaScore("a", score)
    with pytest.raises(ValueError, match=r"0\.\.1"):
        PairScore("a", "b", score)


def test_an_outcome_without_scores_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at least one"):
        QualityOutcome(())
    with pytest.raises(ValueError, match="at least one"):
        BiometryOutcome(())
    with pytest.raises(ValueError, match="threshold_min"):
        BiometryThresholds(0.9, 0.8)


def test_outcome_and_analysis_must_match() -> None:
    with pytest.raises(TypeError):
        analysis_status(quality(0.1), BiometryThresholds(0.1, 0.2))
    with pytest.raises(TypeError):
        analysis_status(biometry(0.1), QualityThresholds(0.5))


groups_of_statuses = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(EVERY), st.integers(0, 4), st.integers(5, 9)), max_size=8
)


@given(groups_of_statuses, st.randoms(use_true_random=False))
def test_statuses_of_several_groups(drawn: list[tuple[int, AnalysisStatus, int, int]], random: Random) -> None:
    """The contract's words, by sorting: all analyses for one status, the last of all endings for the other."""
    began = {group: created for group, _, created, _ in drawn}  # the analyses of a group begin together
    analyses = [analysis(str(group), status, ended, began[group]) for group, status, _, ended in drawn]
    random.shuffle(analyses)
    found = folder_status(analyses)
    states = [one.status.state.value for one in analyses]
    if not analyses:
        expected = {("INITIAL", "INITIAL")}
    elif "PROCESSING" in states:
        expected = {("PROCESSING", "PROCESSING")}
    else:
        endings = sorted((one.ended or 0.0, one.created, one.group_id) for one in analyses)
        # Groups that began and ended at the same time are equally the last.
        last = {group for ended, created, group in endings if (ended, created) == endings[-1][:2]}
        expected = {
            (
                "FAILED" if "FAILED" in states else "FINISHED",
                next(
                    word
                    for word in ("FAILED", "DECLINED", "OPERATOR_REQUIRED", "SUCCESS")
                    if word in [one.status.resolution for one in analyses if one.group_id == group]
                ),
            )
            for group in last
        }
    assert (found.state.value, found.resolution.value) in expected
