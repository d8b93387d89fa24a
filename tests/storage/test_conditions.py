"""List queries: SQL on both databases against a model in plain Python."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import JSON, Boolean, Column, Double, Integer, MetaData, Table, Text, Uuid, select
from sqlalchemy.dialects.postgresql import JSONB

from faceVer.domain.listing import Comparison, Condition, ListQuery, Sorting, Value
from faceVer.storage.conditions import begins_with, select_page
from faceVer.storage.database import Database

ROWS = 120
table = Table(
    "test_rows",
    MetaData(),
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("name", Text, nullable=True),
    Column("score", Double, nullable=True),
    Column("number", Integer, nullable=False),
    Column("flag", Boolean, nullable=True),
    Column("meta_data", JSON().with_variant(JSONB(), "postgresql"), nullable=False),
)
FIELDS = {column.name: column for column in table.c}
KEYS = ["a", "b", "0", "1", "x.y", 'quo"te', "back\\slash", "ключ", "", "$", "[0]", "😀"]
TEXTS = ["", "5", "5.0", "-1", "1e2", "true", "null", "Ann", "ann", "50%", "a_b", "\\", "'", "Ж", "05", "NaN"]
ODD = ["\0", "\ud800", "9" * 400, "1e999", "-0", "{}", "[]", "%s", "--", '{"a": 1}']
LEAVES: list[Any] = [*TEXTS, 5, 5.5, -1, 0, 100, 2**40, 0.1, True, False, None]


def _tree(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.random()
    if (depth and kind < 0.5) or depth > 2:
        return chance.choice(LEAVES)
    if depth and kind < 0.65:
        return [_tree(chance, depth + 1) for _ in range(chance.randrange(3))]
    return {key: _tree(chance, depth + 1) for key in chance.sample(KEYS, chance.randrange(5))}


def _rows() -> list[dict[str, Any]]:
    chance = random.Random(4)
    return [
        {
            "id": str(uuid.UUID(int=chance.getrandbits(128))),
            "name": chance.choice([*TEXTS, None]),
            "score": chance.choice([None, 0.0, 1.5, -2.0, 1e9]),
            "number": chance.randrange(-3, 4),
            "flag": chance.choice([None, True, False]),
            "meta_data": _tree(chance),
        }
        for _ in range(ROWS)
    ]


ROW = _rows()
values = st.one_of(
    st.sampled_from([*TEXTS, *ODD]),
    st.none(),
    st.booleans(),
    st.integers(-3, 6),
    st.floats(),
    st.sampled_from([10**400, -(10**400), 2**63]),
    st.sampled_from([row["id"] for row in ROW]),
)
columns = st.sampled_from([name for name in FIELDS if name != "meta_data"])
paths = st.lists(
    st.one_of(st.sampled_from(KEYS), st.sampled_from(ODD), st.integers(-1, 2), st.just(2**40)), min_size=1, max_size=3
)
compared = st.sampled_from([*Comparison, Comparison.IN, Comparison.IN])


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    comparison = draw(compared)
    several = comparison in (Comparison.IN, Comparison.NOT_IN)
    drawn = draw(st.lists(values, min_size=0 if several else 1, max_size=3 if several else 1))
    path = draw(st.one_of(st.just([]), paths, st.just(["a"]), st.just(["a", 0]), st.just(["b", "a"])))
    return Condition("meta_data" if path else draw(columns), comparison, tuple(drawn), tuple(path))


queries = st.builds(
    ListQuery,
    st.lists(conditions(), max_size=2).map(tuple),
    st.lists(st.builds(Sorting, columns, st.booleans()), max_size=2).map(tuple),
    st.one_of(st.integers(0, 10), st.just(10**30)),
    st.one_of(st.integers(0, 10), st.just(-1)),
    st.booleans(),
    st.sampled_from(["", "", "", "A", "%", "_", "\\", "'", "Ж", "ж", "\0", "\ud800", ROW[0]["id"][:6]]),
)
NUMBER = re.compile(r"-?(0|[1-9]\d{0,30})(\.\d{1,30})?([eE][+-]?\d{1,2})?", re.ASCII)


def _at(document: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        if isinstance(document, list) and isinstance(part, int) and 0 <= part < len(document):
            document = document[part]
        elif isinstance(document, dict) and str(part) in document:
            document = document[str(part)]
        else:
            return None
    return document


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        return float(value) if NUMBER.fullmatch(value) else None
    return None if value is None or isinstance(value, bool | list | dict) else value


def _equal_in_json(found: Any, value: Value) -> bool:
    if found is None or value is None or isinstance(found, list | dict):
        return found is value
    text = value if isinstance(value, str) else json.dumps(value)
    if isinstance(found, str):
        return found == text
    if isinstance(found, bool):
        return json.dumps(found) == text
    return _number(text) == found


def _equal(held: Any, value: Value, column: str) -> bool:
    if column == "id":
        return isinstance(value, str) and value.lower() == held
    if held is None or isinstance(held, bool) or isinstance(value, bool):
        return held is value
    return isinstance(held, str) is isinstance(value, str) and held == value


def _compare(left: float | None, comparison: Comparison, right: float | None) -> bool:
    if left is None or right is None or right != right:
        return False
    return {
        Comparison.AT_LEAST: left >= right,
        Comparison.AT_MOST: left <= right,
        Comparison.BELOW: left < right,
        Comparison.ABOVE: left > right,
    }[comparison]


def _matches(row: dict[str, Any], condition: Condition) -> bool:
    held = row[condition.field]
    if condition.comparison in (Comparison.IN, Comparison.NOT_IN):
        if condition.path:
            found = any(_equal_in_json(_at(held, condition.path), value) for value in condition.values)
        else:
            found = any(_equal(held, value, condition.field) for value in condition.values)
        return found is (condition.comparison is Comparison.IN)
    (value,) = condition.values
    if condition.path:
        return _compare(_number(_at(held, condition.path)), condition.comparison, _number(value))
    if isinstance(held, str | bool) or isinstance(value, str | bool):
        return False
    return _compare(held, condition.comparison, value)


def _expected(query: ListQuery) -> list[dict[str, Any]]:
    rows = [row for row in ROW if all(_matches(row, condition) for condition in query.conditions)]
    if query.search:
        text = query.search.lower()
        rows = [row for row in rows if text in (row["name"] or "").lower() or row["id"].startswith(text)]
    sorting = query.sorting or (Sorting("score"),)
    rows.sort(key=lambda row: row["id"], reverse=sorting[-1].descending)
    for item in reversed(sorting):
        known = [row for row in rows if row[item.field] is not None]
        known.sort(key=lambda row: row[item.field], reverse=item.descending)
        rows = known + [row for row in rows if row[item.field] is None]
    return rows


@pytest.fixture
def filled(database: Database) -> Iterator[Database]:
    with database.write() as connection:
        table.create(connection)
        connection.execute(table.insert(), ROW)
    return database


@settings(max_examples=600)
@given(query=queries)
def _agrees(database: Database, query: ListQuery) -> None:
    with database.read() as connection:
        page = select_page(
            connection,
            select(table),
            query,
            FIELDS,
            lambda row: str(row.id),
            key=table.c.id,
            default=(Sorting("score"),),
            searched=(table.c.name, begins_with(table.c.id)),
        )
    rows = _expected(query)
    stop = None if query.limit < 0 else query.offset + query.limit
    assert page.items == [row["id"] for row in rows[query.offset : stop]]
    assert page.total == (len(rows) if query.total else None)
    assert (page.offset, page.limit) == (query.offset, query.limit)


def test_queries_agree_with_a_model(filled: Database) -> None:
    _agrees(filled)
