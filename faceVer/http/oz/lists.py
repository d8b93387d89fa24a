"""Query strings of lists: paging, sorting, filters (docs/contract.md, Lists)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from enum import Enum
from math import isfinite
from typing import Any, NamedTuple
from uuid import UUID

from aiohttp import web

from faceVer.domain.errors import PagingError, PayloadError, PayloadTypeError, PayloadValueError
from faceVer.domain.listing import Comparison, Condition, ListQuery, Page, Sorting, Value
from faceVer.http.pipeline.endpoint import QueryParameter

MAX_LIMIT, MAX_VALUES, MAX_PATH, MAX_JSON = 5000, 200, 32, 10
"""Largest `limit`; most values of a filter; most steps of a path into metadata; most conditions on metadata, because
the database reads the metadata of each object again for each of them."""
_TRUE, _FALSE = frozenset({"1", "true", "yes", "y", "t", "on"}), frozenset({"0", "false", "no", "n", "f", "off"})
_BOUNDS = {"min": Comparison.AT_LEAST, "max": Comparison.AT_MOST}
_SORTING = re.compile(r"(\w+)(?:\{(asc|desc)\})?")
_JSON = re.compile(r"([^=!<>]+)(==|!=|<=|>=|<|>)(.*)", re.DOTALL)
_JSON_COMPARISONS = {
    "==": Comparison.IN,
    "!=": Comparison.NOT_IN,
    "<=": Comparison.AT_MOST,
    ">=": Comparison.AT_LEAST,
    "<": Comparison.BELOW,
    ">": Comparison.ABOVE,
}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_DIGITS = re.compile(r"[0-9]{1,20}(\.[0-9]{1,9})?")


class Kind(Enum):
    """What a filter compares. CODE: a text in upper case, as statuses are."""

    TEXT, CODE, UUID, TIME, BOOLEAN, JSON = range(6)


_SCHEMAS: Mapping[Kind, Mapping[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.CODE: {"type": "string"},
    Kind.UUID: {"type": "string", "format": "uuid"},
    # Also ISO 8601, `now` and `today`.
    Kind.TIME: {"type": "number", "minimum": 0},
    Kind.BOOLEAN: {"type": "boolean"},
}


class Filter(NamedTuple):
    """field: the domain's name, by default the parameter's. known: the values of a CODE, none = any."""

    kind: Kind
    field: str = ""
    known: Sequence[str] = ()


class ListSpec(NamedTuple):
    """What a list can be filtered and sorted by. filters: by the names of parameters."""

    filters: Mapping[str, Filter]
    sorting: Sequence[str] = ("time_created", "time_updated")


def parameters(spec: ListSpec, *, paged: bool = True, search: str = "") -> tuple[QueryParameter, ...]:
    """The query parameters of a list, for its description. search: what `search_text` looks in, "" = it has none."""
    found = [parameter for name, one in spec.filters.items() for parameter in _of_filter(name, one)]
    if search:
        found.append(QueryParameter("search_text", f"A part of {search}, in any letter case.", {"type": "string"}))
    return (*_paging(spec), *found) if paged else tuple(found)


def flags(**descriptions: str) -> tuple[QueryParameter, ...]:
    """Parameters that `flag` reads."""
    return tuple(QueryParameter(name, text, {"type": "boolean"}) for name, text in descriptions.items())


def _paging(spec: ListSpec) -> Iterator[QueryParameter]:
    yield QueryParameter("offset", "Items that are skipped.", {"type": "integer", "minimum": 0, "default": 0})
    limits = {"type": "integer", "minimum": -1, "maximum": MAX_LIMIT, "default": 100}
    yield QueryParameter("limit", "Most items of the page; -1 = as many as are allowed.", limits)
    yield QueryParameter("total_omit", "Whether not to count all matches.", {"type": "boolean", "default": False})
    orders = [f"{field}{end}" for field in spec.sorting for end in ("", "{asc}", "{desc}")]
    text = "Fields to sort by; descending unless the field says otherwise."
    yield QueryParameter("sorting", text, {"type": "array", "items": {"type": "string", "enum": orders}})


def _of_filter(name: str, one: Filter) -> Iterator[QueryParameter]:
    if one.kind is Kind.JSON:
        text = "Conditions that must all be met: `path==value`, with `==`, `!=`, `<`, `<=`, `>` or `>=`."
        yield QueryParameter(name, text, {"type": "array", "items": {"type": "string", "pattern": _JSON.pattern}})
        return
    items = {**_SCHEMAS[one.kind], **({"enum": list(one.known)} if one.known else {})}
    yield QueryParameter(name, "Accepted values; `null` is one, too.", {"type": "array", "items": items})
    yield QueryParameter(f"{name}.exclude", "Values that are not accepted.", {"type": "array", "items": items})
    if one.kind is Kind.TIME:
        yield QueryParameter(f"{name}.min", "The earliest time.", items)
        yield QueryParameter(f"{name}.max", "The latest time.", items)


def list_query(request: web.Request, spec: ListSpec, now: float) -> ListQuery:
    """The query of a request; parameters that the list does not know are ignored. now: Unix seconds.

    Raises PayloadError, PayloadValueError, PagingError, whose `exposed` is the parameter.
    """
    given: dict[str, list[str]] = {}
    for name, text in request.query.items():
        given.setdefault(name, []).append(text)
    conditions: list[Condition] = []
    for name, texts in given.items():
        base, _, suffix = name.rpartition(".")
        if (found := spec.filters.get(name)) is not None:
            conditions += _condition(name, found, texts, Comparison.IN, now)
        elif (found := spec.filters.get(base)) is not None and suffix == "exclude":
            conditions += _condition(base, found, texts, Comparison.NOT_IN, now, name)
        elif found is not None and suffix in _BOUNDS:
            conditions += _condition(base, found, texts, _BOUNDS[suffix], now, name)
    if sum(bool(one.path) for one in conditions) > MAX_JSON:
        raise PayloadError(f"more than {MAX_JSON} conditions on JSON", exposed="meta_data")
    limit = _number(request, "limit", 100, low=-1, high=MAX_LIMIT)
    return ListQuery(
        conditions=tuple(conditions),
        sorting=_sorting(given.get("sorting", ()), spec),
        offset=_number(request, "offset", 0, low=0),
        limit=limit if limit >= 0 else MAX_LIMIT,
        total=not flag(request, "total_omit"),
        search=given.get("search_text", [""])[-1],
    )


def flag(request: web.Request, name: str, default: bool = False) -> bool:
    """A boolean parameter. Raises PayloadValueError."""
    return default if name not in request.query else _boolean(request.query[name], name)


def page_document(page: Page[Any], items: Sequence[Any]) -> dict[str, Any]:
    """The JSON of a page. items: its items as JSON."""
    return {"offset": page.offset, "limit": page.limit, "total_count": page.total, "items": list(items)}


def _number(request: web.Request, name: str, default: int, *, low: int, high: int = 2**53) -> int:
    text = request.query.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"-?[0-9]{1,16}", text) or not low <= int(text) <= high:
        raise PagingError("out of range", exposed=name)
    return int(text)


def _sorting(texts: Sequence[str], spec: ListSpec) -> tuple[Sorting, ...]:
    found: list[Sorting] = []
    for text in filter(None, (part.strip() for part in ",".join(texts).split(","))):
        match = _SORTING.fullmatch(text)
        if match is None or match[1] not in spec.sorting:
            raise PayloadValueError("Invalid sorting field or direction", exposed="sorting")
        found.append(Sorting(match[1], match[2] != "asc"))
    return tuple(found)


def _condition(
    name: str, found: Filter, texts: Sequence[str], comparison: Comparison, now: float, shown: str = ""
) -> list[Condition]:
    field, shown = found.field or name, shown or name
    parts = [part.strip() for part in ",".join(texts).split(",")]
    if len(parts) > MAX_VALUES:
        raise PayloadValueError(f"more than {MAX_VALUES} values", exposed=shown)
    if found.kind is Kind.JSON:
        return [_in_json(field, part, shown) for part in parts if part]
    if comparison in _BOUNDS.values() and len(parts) > 1:
        raise PayloadValueError("one value is expected", exposed=shown)
    values = tuple(_value(part, found, now, shown) for part in parts)
    if comparison in _BOUNDS.values() and (found.kind is not Kind.TIME or values[0] is None):
        raise PayloadValueError("not a bound", exposed=shown)
    return [Condition(field, comparison, values)]


def _value(text: str, found: Filter, now: float, name: str) -> Value:
    if text == "null":
        return None
    if found.kind is Kind.TIME:
        return read_time(text, now, name)
    if found.kind is Kind.BOOLEAN:
        return _boolean(text, name)
    if found.kind is Kind.UUID:
        return uuid_text(text, name)
    if found.kind is Kind.CODE:
        code = text.upper()
        if found.known and code not in found.known:
            raise PayloadValueError("unknown value", exposed=name)
        return code
    return text


def uuid_text(text: str, name: str) -> str:
    """A UUID in lower case with hyphens. Raises PayloadValueError."""
    try:
        return str(UUID(text))
    except ValueError:
        raise PayloadValueError("not a UUID", exposed=name) from None


def read_time(text: str, now: float, name: str) -> float:
    """Unix seconds of a time in seconds, milliseconds (11 digits or more), microseconds (16 or more) or ISO 8601.

    Raises PayloadValueError.
    """
    if text == "now":
        return now
    if text == "today":
        return datetime.combine(datetime.fromtimestamp(now, UTC).date(), time(), UTC).timestamp()
    if _DIGITS.fullmatch(text):
        digits = len(text.partition(".")[0])
        return float(text) / (1e6 if digits >= 16 else 1e3 if digits >= 11 else 1)
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise PayloadValueError("not a time", exposed=name) from None


def _boolean(text: str, name: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise PayloadValueError("not a boolean", exposed=name)


def _in_json(field: str, text: str, name: str) -> Condition:
    """`path==value` and the like. Equality compares as text, order as numbers."""
    match = _JSON.fullmatch(text)
    if match is None:
        raise PayloadError("a condition without an operator", exposed=name)
    steps = match[1].strip().split(".")
    if len(steps) > MAX_PATH or not all(steps):
        raise PayloadError("not a path", exposed=name)
    path = tuple(int(step) if step.isascii() and step.isdigit() and len(step) < 6 else step for step in steps)
    comparison, value = _JSON_COMPARISONS[match[2]], match[3].strip()
    if comparison in (Comparison.IN, Comparison.NOT_IN):
        return Condition(field, comparison, (None if value == "null" else value,), path)
    if not _NUMBER.fullmatch(value) or not isfinite(float(value)):
        raise PayloadTypeError("a number is expected", exposed=name)
    return Condition(field, comparison, (float(value),), path)
