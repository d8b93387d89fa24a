"""Results of the stored Oz API besides folders, whose types are those of `faceVer.client.results`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class User:
    """An account. user_type: ADMIN, OPERATOR, CLIENT, CLIENT_SERVICE, CLIENT_OPERATOR, CLIENT_ADMIN."""

    user_id: str
    user_type: str
    company_id: str
    email: str
    first_name: str = ""
    last_name: str = ""
    is_active: bool = True
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Company:
    """A company. in_deletion: what it has is being deleted."""

    company_id: str
    name: str
    in_deletion: bool = False


@dataclass(frozen=True, slots=True)
class Tokens:
    """A session. expire_token: makes a new pair; "" of a service token. expire_date: Unix seconds."""

    access_token: str = field(repr=False)
    expire_token: str = field(default="", repr=False)
    expire_date: float = 0.0
    user: User | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list. total: of all matches, None where it was not counted."""

    items: Sequence[T]
    total: int | None
    offset: int
