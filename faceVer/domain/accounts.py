"""Accounts: companies, users, roles, sessions, and who makes a request. Wire names of other layers are not here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

SYSTEM_COMPANY = "system_company"
"""Name of the company that administrators and operators belong to; it cannot be deleted."""


LONGEST_DAYS = 36_500
"""Most days of a retention."""


class Role(StrEnum):
    """What a user may do, see `domain.permissions`. The values are the Oz API's `user_type`."""

    ADMIN = "ADMIN"
    OPERATOR = "OPERATOR"
    CLIENT = "CLIENT"
    CLIENT_SERVICE = "CLIENT_SERVICE"
    CLIENT_OPERATOR = "CLIENT_OPERATOR"
    CLIENT_ADMIN = "CLIENT_ADMIN"

    @property
    def is_system(self) -> bool:
        """Whether users of this role belong to the system company."""
        return self in (Role.ADMIN, Role.OPERATOR)


ANALYSIS_RIGHTS = ("biometry", "collection", "documents", "quality")
"""The types of analyses that a user may be allowed to start, in the order of the user object's flags."""


@dataclass(frozen=True, slots=True)
class Company:
    """A customer. in_deletion: its users, folders and files are being deleted; nothing new may be created in it.

    retention: days that media of a kind ("image", "video", "shots_set") are kept, 0 = without limit; a kind without an
    entry is kept as long as the server's setting says.
    """

    company_id: str
    name: str
    in_deletion: bool = False
    retention: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class User:
    """An account. email: as entered; two accounts never differ by letter case only. rights: of `ANALYSIS_RIGHTS`."""

    user_id: str
    company_id: str
    role: Role
    email: str
    first_name: str
    last_name: str
    middle_name: str = ""
    is_active: bool = True
    rights: frozenset[str] = frozenset(ANALYSIS_RIGHTS)
    meta_data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a user. Its tokens are known by their SHA-256 only.

    token_id: UUID of the session. created, expires, refresh_expires: Unix seconds; of the creation, of the end of the
    access token, of the end of the expire token. lifetime: seconds by which use extends it. is_service: made by
    `service_token`. replaces: the session whose refresh made this one, which ends when this one is first used.
    address: of the client that signed in, "" = unknown.
    """

    token_id: str
    user_id: str
    created: float
    expires: float
    refresh_expires: float
    lifetime: float
    is_service: bool = False
    replaces: str | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated sender of a request."""

    user: User
    token_id: str = ""
    address: str = ""

    @property
    def role(self) -> Role:
        return self.user.role
