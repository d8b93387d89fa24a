"""Counts of folders and analyses, by UTC day, company and type, made by the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from faceVer.domain.analyses import AnalysisState
from faceVer.domain.listing import Condition
from faceVer.storage.conditions import matching
from faceVer.storage.tables import analyses, folders

DAY = 86_400
Key = Literal["day", "company_id", "type"]
KEYS: tuple[Key, ...] = ("day", "company_id", "type")
FOLDER = "FOLDER"
"""The type of rows that count folders."""


class Count(NamedTuple):
    """How many of a day, company and type ended so. day: since 1970. error: of a failed analysis, None otherwise."""

    day: int
    company_id: str
    type: str
    result: str
    error: str | None
    number: int


class Durations(NamedTuple):
    """Seconds from the request of an analysis to its end, of those FINISHED. key: values of the keys, in order."""

    key: tuple[Any, ...]
    median: float
    p95: float


def counts(connection: Connection, conditions: Sequence[Condition], most: int) -> list[Count]:
    """Counts by day, company, type and result; at most so many. conditions: on `company_id` and `time_created`."""
    return [Count(*row) for row in connection.execute(_folders(connection, conditions).limit(most))] + [
        Count(*row) for row in connection.execute(_analyses(connection, conditions).limit(most))
    ]


def durations(connection: Connection, conditions: Sequence[Condition], keys: Sequence[Key] = KEYS) -> list[Durations]:
    """The median and the 95th percentile of each combination of keys: the smallest value with that share below."""
    each = (
        sa.select(
            _day(connection, analyses.c.created).label("day"),
            folders.c.company_id,
            analyses.c.type,
            (analyses.c.ended - analyses.c.created).label("seconds"),
        )
        .join(folders, folders.c.folder_id == analyses.c.folder_id)
        .where(analyses.c.state == AnalysisState.FINISHED.value, *_of_analyses(conditions))
        .subquery()
    )
    by = [each.c[key] for key in keys]
    ranked = sa.select(
        *by,
        each.c.seconds,
        sa.func.row_number().over(partition_by=by, order_by=each.c.seconds).label("rank"),
        sa.func.count().over(partition_by=by).label("number"),
    ).subquery()

    def percentile(percent: int) -> sa.ColumnElement[float]:
        return sa.func.min(sa.case((ranked.c.rank * 100 >= ranked.c.number * percent, ranked.c.seconds)))

    columns = [ranked.c[key] for key in keys]
    rows = connection.execute(sa.select(*columns, percentile(50), percentile(95)).group_by(*columns))
    return [Durations(tuple(row[:-2]), row[-2], row[-1]) for row in rows]


def _folders(connection: Connection, conditions: Sequence[Condition]) -> sa.Select[Any]:
    fields = {"company_id": folders.c.company_id, "time_created": folders.c.created}
    return _grouped(
        sa.select(
            _day(connection, folders.c.created).label("day"),
            folders.c.company_id,
            sa.literal(FOLDER).label("type"),
            folders.c.system_resolution.label("result"),
            sa.null().label("error"),
        ).where(*matching(conditions, fields))
    )


def _analyses(connection: Connection, conditions: Sequence[Condition]) -> sa.Select[Any]:
    kind = analyses.c.outcome["kind"].as_string()
    return _grouped(
        sa.select(
            _day(connection, analyses.c.created).label("day"),
            folders.c.company_id,
            analyses.c.type,
            analyses.c.resolution.label("result"),
            sa.case((analyses.c.state == AnalysisState.FAILED.value, kind)).label("error"),
        )
        .join(folders, folders.c.folder_id == analyses.c.folder_id)
        .where(*_of_analyses(conditions))
    )


def _of_analyses(conditions: Sequence[Condition]) -> list[sa.ColumnElement[bool]]:
    return matching(conditions, {"company_id": folders.c.company_id, "time_created": analyses.c.created})


def _grouped(each: sa.Select[Any]) -> sa.Select[Any]:
    # Grouped from outside: PostgreSQL does not see that an expression with parameters is the one it groups by.
    rows = each.subquery()
    ordered = [rows.c[name] for name in ("day", "company_id", "type", "result", "error")]
    return sa.select(*ordered, sa.func.count()).group_by(*ordered).order_by(*ordered)


def _day(connection: Connection, time: sa.ColumnElement[float]) -> sa.ColumnElement[int]:
    """Days since 1970. SQLite may lack floor, and PostgreSQL rounds where it casts."""
    days = time / float(DAY)
    whole = sa.func.floor(days) if connection.dialect.name == "postgresql" else days
    return sa.cast(whole, sa.Integer)
