"""Conditions on a value within a JSON column.

Equality compares as text: "5" equals the text "5" and the number 5, "true" the boolean. Order compares numbers, and
texts that are numbers. A path that leads nowhere is null, and so is JSON's null. Objects and lists equal no text.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    ColumnElement,
    Double,
    Numeric,
    Select,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from faceVer.domain.listing import Comparison, Condition, Value

DEEPEST = 32
"""Most elements of a path; a longer one leads nowhere."""
NUMBER = r"^-?(0|[1-9][0-9]{0,30})([.][0-9]{1,30})?([eE][+-]?[0-9]{1,2})?\Z"
"""Texts that are numbers; longer ones are beyond what is worth comparing, and what PostgreSQL takes."""
_PARSED = re.compile(NUMBER)
_MOST = 2**31


def json_matches(column: ColumnElement[Any], condition: Condition) -> ColumnElement[bool]:
    """The condition, whose path is not empty, as SQL of either database."""
    return _PerDatabase(_on_sqlite(column, condition), _on_postgresql(column, condition))


def is_storable(text: str) -> bool:
    """Whether both databases can hold a text: it has neither NUL nor unpaired surrogates."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


class _PerDatabase(ColumnElement[bool]):
    """SQL that differs between the two; which one is known when it is compiled."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, sqlite: ColumnElement[bool], postgresql: ColumnElement[bool]) -> None:
        self.variants = {"sqlite": sqlite, "postgresql": postgresql}


@compiles(_PerDatabase)
def _compile(element: _PerDatabase, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.variants[compiler.dialect.name], **options)})"


def _numbers(condition: Condition) -> list[float]:
    """The bounds of an order; empty, if one is not a number: nothing matches then."""
    bounds = [_number(value) for value in condition.values]
    return [] if None in bounds else [bound for bound in bounds if bound is not None]


def _number(value: Value) -> float | None:
    if isinstance(value, str):
        return float(value) if _PARSED.match(value) else None
    if value is None or isinstance(value, bool) or value != value:
        return None
    return float(max(min(value, sys.float_info.max), -sys.float_info.max))


def _texts(values: Sequence[Value]) -> list[str]:
    """Values as the texts that equality compares."""
    texts = [value if isinstance(value, str) else json.dumps(value) for value in values if value is not None]
    return [text for text in texts if is_storable(text)]


# SQLite: json_each walks one step of the path after the other. Its path language cannot express every key.


def _on_sqlite(column: ColumnElement[Any], condition: Condition) -> ColumnElement[bool]:
    if condition.comparison in (Comparison.IN, Comparison.NOT_IN):
        equal = _sqlite_equal(column, condition)
        return not_(equal) if condition.comparison is Comparison.NOT_IN else equal
    bounds = _numbers(condition)
    found, each = _walk(column, condition.path)
    if found is None or not bounds:
        return false()
    number = case(
        (each.c.type.in_(("integer", "real")), each.c.value),
        (and_(each.c.type == "text", each.c.value.regexp_match(NUMBER)), cast(each.c.value, Double)),
    )
    return found.where(*(number.op(condition.comparison.value)(literal(bound, Double)) for bound in bounds)).exists()


def _sqlite_equal(column: ColumnElement[Any], condition: Condition) -> ColumnElement[bool]:
    found, each = _walk(column, condition.path)
    texts = _texts(condition.values)
    alternatives: list[ColumnElement[bool]] = [false()]
    if found is not None and texts:
        numbers = [float(text) for text in texts if _PARSED.match(text)]
        kinds = [text for text in texts if text in ("true", "false")]
        alternatives.append(
            found.where(
                or_(
                    and_(each.c.type == "text", each.c.value.in_(texts)),
                    and_(each.c.type.in_(("integer", "real")), each.c.value.in_(numbers)),
                    each.c.type.in_(kinds),
                )
            ).exists()
        )
    if None in condition.values:
        alternatives.append(not_(found.where(each.c.type != "null").exists()) if found is not None else ~false())
    return or_(*alternatives)


def _walk(column: ColumnElement[Any], path: Sequence[str | int]) -> tuple[Select[Any] | None, Any]:
    """A query that has one row where the path leads to a value, and the alias of json_each with that value."""
    if len(path) > DEEPEST:
        return None, None
    source: ColumnElement[Any] = cast(column, Text) if isinstance(column.type, JSON) else column
    steps: list[Any] = []
    reached: list[ColumnElement[bool]] = []
    for part in path:
        each = func.json_each(source).table_valued("key", "value", "type", joins_implicitly=True)
        each = each.alias(f"step{len(steps)}")
        steps.append(each)
        keys: list[Any] = [literal(str(part), Text)] if is_storable(str(part)) else []
        if isinstance(part, int) and 0 <= part < _MOST:
            keys.append(literal(part))
        reached.append(each.c.key.in_(keys))
        source = case((each.c.type.in_(("object", "array")), each.c.value))
    return select(literal(1)).select_from(*steps).where(*reached), steps[-1]


# PostgreSQL: where the path has keys only, equality is containment, which the GIN index of the column serves.


def _on_postgresql(column: ColumnElement[Any], condition: Condition) -> ColumnElement[bool]:
    if condition.comparison in (Comparison.IN, Comparison.NOT_IN):
        equal = _postgresql_equal(column, condition)
        return not_(func.coalesce(equal, false())) if condition.comparison is Comparison.NOT_IN else equal
    bounds = _numbers(condition)
    found = _reach(column, condition.path)
    if found is None or not bounds:
        return false()
    text = found.op("#>>", return_type=Text())(literal([], ARRAY(Text)))
    kind = func.jsonb_typeof(found)
    number = case(
        (kind == "number", cast(found, Numeric)),
        (and_(kind == "string", text.regexp_match(NUMBER)), cast(text, Numeric)),
    )
    return and_(*(number.op(condition.comparison.value)(literal(Decimal(repr(bound)), Numeric())) for bound in bounds))


def _postgresql_equal(column: ColumnElement[Any], condition: Condition) -> ColumnElement[bool]:
    found = _reach(column, condition.path)
    alternatives: list[ColumnElement[bool]] = [false()]
    if found is not None:
        values: list[Any] = []
        for text in _texts(condition.values):
            values.append(json.dumps(text))
            if _PARSED.match(text) or text in ("true", "false"):
                values.append(text)
        if all(isinstance(part, str) for part in condition.path):
            for value in values:
                for part in reversed(condition.path):
                    value = f"{{{json.dumps(part)}: {value}}}"  # noqa: PLW2901 - wrapped from within
                alternatives.append(column.op("@>", is_comparison=True)(cast(literal(value, Text), JSONB)))
        elif values:
            alternatives.append(found.in_([cast(literal(value, Text), JSONB) for value in values]))
    if None in condition.values:
        nothing = cast(literal("null", Text), JSONB)
        missing = ~false() if found is None else func.coalesce(found, nothing) == nothing
        alternatives.append(missing)
    return or_(*alternatives)


def _reach(column: ColumnElement[Any], path: Sequence[str | int]) -> ColumnElement[Any] | None:
    """The JSON value at a path, null where there is none."""
    if len(path) > DEEPEST or not all(is_storable(str(part)) for part in path):
        return None
    value: ColumnElement[Any] = column
    for part in path:
        if isinstance(part, int) and 0 <= part < _MOST:
            value = value.op("#>", return_type=JSONB())(literal([str(part)], ARRAY(Text)))  # a position, or a key
        else:
            value = value.op("->", return_type=JSONB())(literal(str(part), Text))
    return value
