"""The services of accounts over one database, with a clock that a test sets and cheap password hashes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from faceVer.domain.accounts import Company, Principal, Role, Session, User
from faceVer.domain.clock import random_id
from faceVer.domain.listing import ListQuery
from faceVer.services.access import Access
from faceVer.services.accounts.companies import CompanyService
from faceVer.services.accounts.sessions import SessionService, SignedIn
from faceVer.services.accounts.setup import ensure_system_company
from faceVer.services.accounts.users import NewUser, UserService
from faceVer.settings.model import Settings
from faceVer.storage import audit
from faceVer.storage.audit import AuditEntry
from faceVer.storage.blobs.files import FileStorage
from faceVer.storage.database import Connection, Database

PASSWORD = "correct horse battery"
START = 1_800_000_000.0
sqlite_only = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
"""For tests of rules that do not depend on the database."""


def fields(**values: Any) -> Callable[[User], User]:
    """An edit that sets fields of a user."""
    return lambda user: replace(user, **values)


@dataclass
class World:
    """now: Unix seconds of its clock. jobs: (task, arguments) that were enqueued."""

    database: Database
    settings: Settings
    files: FileStorage
    now: float = START
    jobs: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        access = Access(self.settings.accounts.hide_foreign)
        self.users = UserService(self.database, self.settings, access, self.clock, random_id)
        self.companies = CompanyService(self.database, self.files, access, self.clock, random_id, self._enqueue)
        self.sessions = SessionService(self.database, self.settings, access, b"secret", self.clock, random_id)
        ensure_system_company(self.users)
        self._numbers = iter(range(1, 1_000_000))

    @classmethod
    def of(cls, database: Database, folder: Path, **settings: Any) -> World:
        configured = Settings.of(store=str(folder), storage_url=str(folder / "files"), **settings)
        return cls(database, configured, FileStorage.of(configured.store))

    def changed(self, **settings: Any) -> World:
        """The same database with other settings."""
        return World(self.database, self.settings.changed(**settings), self.files, self.now)

    def clock(self) -> float:
        return self.now

    def company(self, name: str = "") -> Company:
        return self.companies.create(None, name or f"company {next(self._numbers)}")

    def user(self, role: Role, company: Company | None = None, *, email: str = "", **values: Any) -> User:
        """A new user, whose password is PASSWORD."""
        email = email or f"user{next(self._numbers)}@example.org"
        return self.users.create(
            None, NewUser(email, PASSWORD, role, "Ann", "Lee", company_id=company and company.company_id, **values)
        )

    def principal(self, role: Role, company: Company | None = None) -> Principal:
        return Principal(self.user(role, company), random_id(), "192.0.2.1")

    def sign_in(self, user: User, password: str = PASSWORD, address: str = "192.0.2.1") -> SignedIn:
        return self.sessions.sign_in(user.email, password, address)

    def authenticate(self, token: str) -> Principal:
        return self.sessions.authenticate(token, "192.0.2.1")

    def of_user(self, principal: Principal, user_id: str) -> list[Session]:
        """The sessions of a user."""
        return list(self.sessions.list(principal, user_id, ListQuery()).items)

    def audit(self) -> list[AuditEntry]:
        """All entries, newest first."""
        with self.database.read() as connection:
            return list(audit.page(connection, ListQuery(limit=-1), None).items)

    def _enqueue(self, connection: Connection, task: str, arguments: Mapping[str, Any], due: float) -> None:
        self.jobs.append((task, arguments))
