"""List queries as SQL: conditions, search, sorting and pages, the same on SQLite and PostgreSQL.

Every value comes from a client. One that a column cannot hold (a text against a number, a UUID that is not one, a NUL
character) equals nothing; it is not an error.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Double,
    Row,
    Select,
    Uuid,
    and_,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    types,
)

from faceVer.domain.listing import Comparison, Condition, ListQuery, Page, Sorting, Value
from faceVer.storage.json_conditions import is_storable, json_matches
from faceVer.storage.lower import lower

T = TypeVar("T")

Field: TypeAlias = ColumnElement[Any] | Callable[[Condition], ColumnElement[bool]]
"""What a field of the domain is: an expression, usually a column, or a function that makes SQL of a condition."""
Searched: TypeAlias = ColumnElement[Any] | Callable[[str], ColumnElement[bool]]
"""What a search looks in: a text expression, or a function that makes SQL of the text."""
MOST_SKIPPED = 2**62
"""The greatest OFFSET; both databases take 64-bit numbers only."""


def select_page(
    connection: Connection,
    statement: Select[Any],
    query: ListQuery,
    fields: Mapping[str, Field],
    make: Callable[[Row[Any]], T],
    *,
    key: ColumnElement[Any],
    default: Sequence[Sorting],
    searched: Sequence[Searched] = (),
) -> Page[T]:
    """The page of a statement's rows that a query asks for, each made into a domain value.

    key: unique, decides between rows that are otherwise equal. default: the sorting of a query without one.
    Raises KeyError for a field that is not in fields.
    """
    statement = statement.where(*matching(query.conditions, fields))
    if query.search:
        statement = statement.where(contains(query.search, searched))
    total = None
    if query.total:
        total = connection.scalar(select(func.count()).select_from(statement.order_by(None).subquery()))
    statement = statement.order_by(None).order_by(*_order(query.sorting or default, fields, key))
    if query.limit >= 0:
        statement = statement.limit(query.limit)
    if query.offset:
        statement = statement.offset(min(query.offset, MOST_SKIPPED))
    return Page([make(row) for row in connection.execute(statement)], total, query.offset, query.limit)


def matching(conditions: Iterable[Condition], fields: Mapping[str, Field]) -> list[ColumnElement[bool]]:
    """Each condition as SQL. Raises KeyError for a field that is not in fields."""
    return [_matches(condition, fields[condition.field]) for condition in conditions]


def contains(text: str, searched: Iterable[Searched]) -> ColumnElement[bool]:
    """Whether one of the expressions contains a text, in any letter case."""
    if not is_storable(text):
        return false()
    return or_(
        false(),
        *(
            lower(item).contains(text.lower(), autoescape=True) if isinstance(item, ColumnElement) else item(text)
            for item in searched
        ),
    )


def begins_with(column: ColumnElement[Any]) -> Callable[[str], ColumnElement[bool]]:
    """For a search: whether a UUID column begins with the text, by a range that its index serves."""

    def make(text: str) -> ColumnElement[bool]:
        digits = text.replace("-", "").lower()
        if not 0 < len(digits) <= 32 or not set(digits) <= set("0123456789abcdef"):
            return false()
        return column.between(str(uuid.UUID(digits.ljust(32, "0"))), str(uuid.UUID(digits.ljust(32, "f"))))

    return make


def _order(sorting: Sequence[Sorting], fields: Mapping[str, Field], key: ColumnElement[Any]) -> list[Any]:
    order: list[Any] = []
    for item in sorting:
        column = fields[item.field]
        if not isinstance(column, ColumnElement):
            raise KeyError(item.field)
        ordered = column.desc() if item.descending else column.asc()
        # Said only where needed: PostgreSQL's indexes have nulls first in descending order.
        order.append(ordered.nulls_last() if getattr(column, "nullable", True) else ordered)
    # In the direction of the last field, so that one index serves both.
    return [*order, key.desc() if not sorting or sorting[-1].descending else key.asc()]


def _matches(condition: Condition, field: Field) -> ColumnElement[bool]:
    if not isinstance(field, ColumnElement):
        return field(condition)
    if condition.path:
        return json_matches(field, condition)
    if condition.comparison is Comparison.NOT_IN:
        return not_(func.coalesce(_is_one_of(field, condition.values), false()))
    if condition.comparison is Comparison.IN:
        return _is_one_of(field, condition.values)
    return _compares(field, condition)


def _is_one_of(column: ColumnElement[Any], values: Sequence[Value]) -> ColumnElement[bool]:
    usable = [literal(held, _type(column)) for value in values if (held := _held(column, value)) is not None]
    alternatives = [column.in_(usable)] if usable else []
    return or_(false(), *alternatives, *([column.is_(None)] if None in values else []))


def _compares(column: ColumnElement[Any], condition: Condition) -> ColumnElement[bool]:
    if not _is_number(column.type):
        return false()  # texts sort differently in each database
    held = [_held(column, value) for value in condition.values]
    bounds: list[ColumnElement[float]] = [literal(bound, Double()) for bound in held if bound is not None]
    if not bounds or len(bounds) < len(condition.values):
        return false()
    return and_(*(column.op(condition.comparison.value, is_comparison=True)(bound) for bound in bounds))


def _held(column: ColumnElement[Any], value: Value) -> str | float | bool | None:
    """A value as one that the column's type can hold, None if it cannot."""
    kind = column.type
    if isinstance(kind, Boolean) or isinstance(value, bool):
        return value if isinstance(kind, Boolean) and isinstance(value, bool) else None
    if _is_number(kind):
        return _number(value) if isinstance(value, int | float) else None
    if not isinstance(value, str) or not is_storable(value):
        return None
    if isinstance(kind, Uuid):
        return _uuid(value)
    return value if isinstance(kind, types.String) else None


def _type(column: ColumnElement[Any]) -> types.TypeEngine[Any]:
    # An integer column is compared with doubles: a number of a client may be beyond its range.
    return Double() if _is_number(column.type) else column.type


def _is_number(kind: types.TypeEngine[Any]) -> bool:
    return isinstance(kind, types.Integer | types.Numeric | types.Float)


def _number(value: float) -> float | None:
    # What is beyond a double's range is at its end.
    return None if value != value else float(max(min(value, sys.float_info.max), -sys.float_info.max))


def _uuid(text: str) -> str | None:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None
