"""Queries for lists: what to select, how to sort, which page. Fields are names of the domain, not of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")

Value = str | float | bool | None
"""A value to compare with; None is null."""


class Comparison(StrEnum):
    """How a condition compares. IN and NOT_IN take any number of values, the others one."""

    IN, NOT_IN, AT_LEAST, AT_MOST, BELOW, ABOVE = "in", "not in", ">=", "<=", "<", ">"


@dataclass(frozen=True, slots=True)
class Condition:
    """A field against values. path: within a JSON object that the field holds: keys, and positions as numbers.

    With a path, IN and NOT_IN compare as text and the others as numbers.
    """

    field: str
    comparison: Comparison
    values: tuple[Value, ...]
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sorting:
    """A field to sort by."""

    field: str
    descending: bool = True


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A page of a list. offset: items skipped. limit: most items, -1 = all. total: whether to count all matches.

    search: text that must occur, in any letter case, in the object's searchable fields; "" = no search.
    """

    conditions: tuple[Condition, ...] = ()
    sorting: tuple[Sorting, ...] = ()
    offset: int = 0
    limit: int = 100
    total: bool = True
    search: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page. total: of all matches, None = not counted."""

    items: Sequence[T]
    total: int | None
    offset: int
    limit: int
