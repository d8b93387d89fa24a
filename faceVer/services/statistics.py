"""Statistics of folders and analyses: counts by day and company, conversion, errors, time taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from faceVer.domain.accounts import Principal
from faceVer.domain.analyses import AnalysisType, Resolution
from faceVer.domain.errors import ForbiddenError, RuleError
from faceVer.domain.listing import Comparison, Condition
from faceVer.domain.permissions import Resource, Scope, Verb, scope_of
from faceVer.storage import statistics
from faceVer.storage.database import Database
from faceVer.storage.statistics import DAY, Count

DAYS = 31
"""Days before now that are counted where no beginning is given."""
MOST_ROWS = 50_000
TYPES = (statistics.FOLDER, *AnalysisType)
_RUNNING = (Resolution.INITIAL, Resolution.PROCESSING)


@dataclass(frozen=True, slots=True)
class Row:
    """Folders (by system_resolution) or analyses of a type (by resolution_status) of a day and a company.

    day: `YYYY-MM-DD` in UTC, company_id: both None in totals. results, errors: counts; errors are those of FAILED
    analyses by `FailureKind`. median, p95: seconds from the request to the end of FINISHED analyses, None without any.
    """

    day: str | None
    company_id: str | None
    type: str
    results: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    median: float | None = None
    p95: float | None = None

    @property
    def total(self) -> int:
        return self.results.total()

    @property
    def conversion(self) -> float | None:
        """The share of SUCCESS among what ended, None if nothing did."""
        return self._share(Resolution.SUCCESS)

    @property
    def error_rate(self) -> float | None:
        """The share of FAILED among what ended, None if nothing did."""
        return self._share(Resolution.FAILED)

    def _share(self, result: Resolution) -> float | None:
        ended = self.total - sum(self.results[running] for running in _RUNNING)
        return round(self.results[result] / ended, 6) if ended else None


@dataclass(frozen=True, slots=True)
class Statistics:
    """totals: one row for each of TYPES. rows: newest day first, then by company and type."""

    totals: Sequence[Row]
    rows: Sequence[Row]


def read_statistics(
    database: Database, principal: Principal, conditions: Sequence[Condition], now: float
) -> Statistics:
    """Statistics of what the principal may see and the database still has; deleted folders are not counted.

    conditions: on `company_id` and `time_created`. Raises ForbiddenError, RuleError (more than MOST_ROWS rows).
    """
    wanted = [*conditions, *_scope(principal)]
    begins = (Comparison.AT_LEAST, Comparison.ABOVE)
    if not any(one.field == "time_created" and one.comparison in begins for one in conditions):
        wanted.append(Condition("time_created", Comparison.AT_LEAST, (now // DAY * DAY - (DAYS - 1) * DAY,)))
    with database.read() as connection:
        counts = statistics.counts(connection, wanted, MOST_ROWS + 1)
        times = {found.key: found for found in statistics.durations(connection, wanted)}
        totals = {found.key[0]: found for found in statistics.durations(connection, wanted, ("type",))}
    if len(counts) > MOST_ROWS:
        raise RuleError("too many rows", exposed="The statistics are too long: choose fewer days or companies")
    rows = [
        replace(row, median=found.median, p95=found.p95) if (found := times.get(key)) else row
        for key, row in _rows(counts, lambda one: (one.day, one.company_id, one.type)).items()
    ]
    rows.sort(key=lambda row: (row.company_id or "", TYPES.index(row.type)))
    rows.sort(key=lambda row: row.day or "", reverse=True)
    summed = {key[0]: row for key, row in _rows(counts, lambda one: (one.type,)).items()}
    return Statistics(
        [
            replace(
                summed.get(kind, Row(None, None, kind)),
                day=None,
                company_id=None,
                median=totals[kind].median if kind in totals else None,
                p95=totals[kind].p95 if kind in totals else None,
            )
            for kind in TYPES
        ],
        rows,
    )


def _scope(principal: Principal) -> list[Condition]:
    scope = scope_of(principal.role, Resource.STATISTICS, Verb.READ)
    if scope is Scope.NONE:
        raise ForbiddenError(f"{principal.role} may not read statistics")
    return [] if scope is Scope.ALL else [Condition("company_id", Comparison.IN, (principal.user.company_id,))]


def _rows(counts: Iterable[Count], key_of: Callable[[Count], tuple[object, ...]]) -> dict[tuple[object, ...], Row]:
    rows: dict[tuple[object, ...], Row] = {}
    for one in counts:
        key = key_of(one)
        if key not in rows:
            day = datetime.fromtimestamp(one.day * DAY, UTC).date().isoformat()
            rows[key] = Row(day, one.company_id, one.type)
        rows[key].results[one.result] += one.number
        if one.error is not None:
            rows[key].errors[one.error] += one.number
    return rows
