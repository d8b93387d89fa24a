"""Statistics, on both databases."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from faceVer.domain.accounts import Company, Principal, Role, User
from faceVer.domain.analyses import (
    AnalysisState,
    AnalysisStatus,
    BiometryThresholds,
    Failure,
    FailureKind,
    MediaScore,
    Outcome,
    QualityOutcome,
    QualityThresholds,
    Resolution,
)
from faceVer.domain.clock import random_id
from faceVer.domain.errors import ForbiddenError, RuleError
from faceVer.domain.folders import Folder, FolderState, FolderStatus, Ownership, PlannedAnalysis
from faceVer.domain.listing import Comparison, Condition
from faceVer.services import statistics
from faceVer.services.statistics import Row, read_statistics
from faceVer.storage import analyses, companies, folders
from faceVer.storage.database import Database

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
NOW = MIDNIGHT + 3600
HOUR, DAY = 3600.0, 86_400.0
SUCCESS = QualityOutcome((MediaScore("m", 0.1),))
RESULTS = {
    "success": (SUCCESS, AnalysisState.FINISHED, Resolution.SUCCESS),
    "declined": (SUCCESS, AnalysisState.FINISHED, Resolution.DECLINED),
    "no face": (Failure(FailureKind.NO_FACE), AnalysisState.FAILED, Resolution.FAILED),
    "server": (Failure(FailureKind.PROCESSING), AnalysisState.FAILED, Resolution.FAILED),
}


@dataclass
class Filled:
    """A database with folders of two companies."""

    database: Database
    a: str
    b: str

    def read(self, role: Role = Role.ADMIN, *conditions: Condition) -> statistics.Statistics:
        principal = Principal(User(random_id(), self.a, role, "u@example.org", "A", "B"))
        return read_statistics(self.database, principal, conditions, NOW)

    def add(self, company_id: str, created: float, *ended: tuple[str, float], thresholds: object = None) -> None:
        """A folder and its quality analyses. ended: (name in RESULTS or "runs", seconds it took)."""
        folder_id, group_id = random_id(), random_id()
        outcomes = [RESULTS[name][2] for name, _ in ended if name in RESULTS]
        status = FolderStatus(FolderState.FINISHED, outcomes[0]) if outcomes else None
        with self.database.write() as unit:
            folders.insert(
                unit,
                Folder(
                    folder_id,
                    created,
                    created,
                    (),
                    (),
                    status or FolderStatus(FolderState.INITIAL, Resolution.INITIAL),
                    ownership=Ownership(company_id, random_id()),
                ),
            )
            if not ended:
                return
            rules = BiometryThresholds(0.5, 0.5) if thresholds == "biometry" else QualityThresholds(0.5)
            planned = [PlannedAnalysis(random_id(), rules, ()) for _ in ended]
            analyses.insert_group(unit, analyses.Group(group_id, folder_id, created, None, None), planned)
            for one, (name, seconds) in zip(planned, ended, strict=True):
                if name in RESULTS:
                    outcome: Outcome
                    outcome, state, resolution = RESULTS[name]
                    done = AnalysisStatus(state, resolution)
                    analyses.finish(unit, one.analysis_id, outcome, done, created + seconds)


@pytest.fixture
def filled(database: Database) -> Filled:
    made = Filled(database, random_id(), random_id())
    with database.write() as unit:
        companies.insert(unit, Company(made.a, "A"), NOW)
        companies.insert(unit, Company(made.b, "B"), NOW)
    return made


def find(rows: object, day: str | None, company_id: str | None, kind: str) -> Row:
    assert isinstance(rows, list)
    (found,) = [row for row in rows if (row.day, row.company_id, row.type) == (day, company_id, kind)]
    assert isinstance(found, Row)
    return found


def test_counts_by_utc_day_company_and_type(filled: Filled) -> None:
    filled.add(filled.a, MIDNIGHT - 0.25, ("success", 1.0))
    filled.add(filled.a, MIDNIGHT, ("success", 2.0), ("no face", 9.0), ("server", 9.0), ("runs", 0.0))
    filled.add(filled.a, MIDNIGHT + 0.75 * DAY, ("declined", 4.0))  # beyond noon: a day is not rounded up
    filled.add(filled.b, MIDNIGHT + HOUR, ("success", 3.0), thresholds="biometry")
    filled.add(filled.b, MIDNIGHT + HOUR)
    found = filled.read()
    assert [(row.day, row.company_id == filled.a, row.type, row.total) for row in found.rows if row.company_id] == [
        *sorted(
            [
                ("2026-03-02", True, "FOLDER", 2),
                ("2026-03-02", True, "QUALITY", 5),
                ("2026-03-02", False, "FOLDER", 2),
                ("2026-03-02", False, "BIOMETRY", 1),
            ],
            key=lambda row: (filled.a if row[1] else filled.b, ["FOLDER", "QUALITY", "BIOMETRY"].index(row[2])),
        ),
        ("2026-03-01", True, "FOLDER", 1),
        ("2026-03-01", True, "QUALITY", 1),
    ]
    quality = find(found.rows, "2026-03-02", filled.a, "QUALITY")
    assert quality.results == Counter(SUCCESS=1, DECLINED=1, FAILED=2, PROCESSING=1)
    assert quality.errors == Counter(no_face=1, processing=1)
    assert (quality.conversion, quality.error_rate) == (0.25, 0.5)
    assert (quality.median, quality.p95) == (2.0, 4.0)
    empty = find(found.rows, "2026-03-02", filled.b, "FOLDER")
    assert (empty.results, empty.conversion) == (Counter(SUCCESS=1, INITIAL=1), 1.0)
    assert [row.type for row in found.totals] == ["FOLDER", "QUALITY", "BIOMETRY"]
    total = find(found.totals, None, None, "QUALITY")
    assert (total.total, total.median, total.p95) == (6, 2.0, 4.0)


def test_percentiles_are_values_that_occur(filled: Filled) -> None:
    for seconds in range(1, 101):
        filled.add(filled.a, MIDNIGHT, ("success", float(seconds)))
    total = find(filled.read().totals, None, None, "QUALITY")
    assert (total.median, total.p95) == (50.0, 95.0)


def test_filters(filled: Filled) -> None:
    filled.add(filled.a, MIDNIGHT - 40 * DAY, ("success", 1.0))
    filled.add(filled.a, MIDNIGHT, ("success", 1.0))
    filled.add(filled.b, MIDNIGHT, ("success", 1.0))
    since = Condition("time_created", Comparison.AT_LEAST, (MIDNIGHT - 41 * DAY,))
    until = Condition("time_created", Comparison.AT_MOST, (MIDNIGHT - 1,))
    of_b = Condition("company_id", Comparison.IN, (filled.b,))
    totals = [filled.read(Role.ADMIN, *conditions).totals[1].total for conditions in ((), (since,), (since, until))]
    assert totals == [2, 3, 1]  # without a beginning, the last 31 days
    assert filled.read(Role.ADMIN, of_b).totals[1].total == 1


def test_rights(filled: Filled) -> None:
    filled.add(filled.a, MIDNIGHT, ("success", 1.0))
    filled.add(filled.b, MIDNIGHT, ("success", 1.0))
    for role in Role:
        if role in (Role.CLIENT, Role.CLIENT_SERVICE):
            with pytest.raises(ForbiddenError):
                filled.read(role)
            continue
        seen = {row.company_id for row in filled.read(role).rows}
        assert seen == ({filled.a, filled.b} if role.is_system else {filled.a})
    of_b = Condition("company_id", Comparison.IN, (filled.b,))
    assert filled.read(Role.CLIENT_ADMIN, of_b).rows == []


def test_too_many_rows_are_refused(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MOST_ROWS", 3)
    for day in range(4):
        filled.add(filled.a, MIDNIGHT - day * DAY)
    with pytest.raises(RuleError, match="too many"):
        filled.read()
