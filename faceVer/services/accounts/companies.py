"""Companies: creating, reading, renaming, deleting."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from faceVer.domain.accounts import LONGEST_DAYS, SYSTEM_COMPANY, Company, Principal
from faceVer.domain.clock import Clock, IdFactory
from faceVer.domain.errors import FilesUnavailableError, NotFoundError, PayloadValueError, RuleError
from faceVer.domain.folders import MediaKind
from faceVer.domain.listing import ListQuery, Page
from faceVer.domain.permissions import Resource, Scope, Verb, scope_of
from faceVer.services.access import Access
from faceVer.services.jobs import DELETE_COMPANY, Enqueue
from faceVer.storage import audit, companies, files
from faceVer.storage.blobs.files import FileStorage
from faceVer.storage.database import Connection, Database

LONGEST_NAME = 200
FOLDERS_AT_ONCE = 100
"""Folders that one transaction deletes; others write between them."""


@dataclass(frozen=True, slots=True)
class CompanyService:
    """For any number of threads. Each change is an entry of the audit log."""

    database: Database
    files: FileStorage
    access: Access
    clock: Clock
    new_id: IdFactory
    enqueue: Enqueue

    def create(self, principal: Principal | None, name: str) -> Company:
        """principal: None = the server itself, or the command line.

        Raises ForbiddenError, PayloadValueError, ConflictError (the name).
        """
        _check_name(name)
        company = Company(self.new_id(), name)
        if principal is not None:
            self._check(principal, Verb.CREATE, company.company_id)
        with self.database.write() as unit:
            companies.insert(unit, company, self.clock())
            self._record(unit, principal, "company.create", company.company_id)
        return company

    def get(self, principal: Principal, company_id: str) -> Company:
        """Raises NotFoundError, ForbiddenError."""
        with self.database.read() as connection:
            return self._find(connection, principal, company_id, Verb.READ)

    def list(self, principal: Principal, query: ListQuery) -> Page[Company]:
        """A page of the companies that the principal may see."""
        everything = scope_of(principal.role, Resource.COMPANY, Verb.READ) is Scope.ALL
        with self.database.read() as connection:
            return companies.page(connection, query, None if everything else principal.user.company_id)

    def rename(self, principal: Principal, company_id: str, name: str) -> Company:
        """Raises NotFoundError, ForbiddenError, PayloadValueError, ConflictError, RuleError (the system company)."""
        _check_name(name)
        with self.database.write() as unit:
            company = self._find(unit, principal, company_id, Verb.UPDATE)
            if SYSTEM_COMPANY in (company.name, name) and company.name != name:
                raise RuleError("the system company keeps its name", exposed="The system company cannot be renamed")
            companies.update(unit, company_id, name=name)
            self._record(unit, principal, "company.update", company_id, fields=["name"])
            return replace(company, name=name)

    def set_retention(self, principal: Principal | None, company_id: str, retention: Mapping[str, int]) -> None:
        """retention: days by kind of media, in place of all that were set.

        Raises NotFoundError, ForbiddenError, PayloadValueError.
        """
        for kind, days in retention.items():
            if kind not in get_args(MediaKind) or not 0 <= days <= LONGEST_DAYS:
                raise PayloadValueError(f"not 0 to {LONGEST_DAYS} days of a kind of media", exposed=kind)
        with self.database.write() as unit:
            if principal is not None:
                self._find(unit, principal, company_id, Verb.UPDATE)
            elif companies.get(unit, company_id) is None:
                raise NotFoundError("no such company")
            companies.set_retention(unit, company_id, retention)
            self._record(unit, principal, "company.retention", company_id, retention=dict(retention))

    def delete(self, principal: Principal, company_id: str, *, confirmed: bool) -> None:
        """Begin to delete a company: nothing new is made in it, and a job deletes what it has.

        confirmed: needed for the own company. Raises NotFoundError, ForbiddenError, RuleError.
        """
        with self.database.write() as unit:
            company = self._find(unit, principal, company_id, Verb.DELETE)
            if company.name == SYSTEM_COMPANY:
                raise RuleError("the system company", exposed="The system company cannot be deleted")
            if company_id == principal.user.company_id and not confirmed:
                raise RuleError("not confirmed", exposed="Deleting one's own company needs ?confirm=true")
            companies.update(unit, company_id, in_deletion=True)
            self.enqueue(unit, DELETE_COMPANY, {"company_id": company_id}, self.clock())
            self._record(unit, principal, "company.delete", company_id)

    def delete_contents(self, company_id: str) -> None:
        """The job: delete a company with its users, folders and files. May run again after a crash."""
        with self.database.write() as unit:
            company = companies.get(unit, company_id)
            if company is None or not company.in_deletion:
                return
            companies.delete_users(unit, company_id)
        more = True
        while more:
            with self.database.write() as unit:
                keys = companies.delete_folders(unit, company_id, FOLDERS_AT_ONCE)
                if keys is None:
                    more, keys = False, files.keys_of(unit, company_id=company_id)
                    companies.delete(unit, company_id)
                    self._record(unit, None, "company.deleted", company_id)
            with contextlib.suppress(FilesUnavailableError):  # the collector of orphans deletes what stays
                self.files.delete(keys)
        self.database.forget_deleted()

    def _record(
        self, unit: Connection, principal: Principal | None, action: str, company_id: str, **details: Any
    ) -> None:
        audit.record(unit, self.clock(), principal, action, "company", company_id, details, company_id=company_id)

    def _find(self, connection: Connection, principal: Principal, company_id: str, verb: Verb) -> Company:
        company = companies.get(connection, company_id)
        if company is None:
            raise NotFoundError("no such company")
        self._check(principal, verb, company_id)
        return company

    def _check(self, principal: Principal, verb: Verb, company_id: str) -> None:
        self.access.check(principal, Resource.COMPANY, verb, company_id=company_id)


def _check_name(name: str) -> None:
    if not len(name.strip()) >= 1 or len(name) > LONGEST_NAME or not name.isprintable():
        raise PayloadValueError("not a name of one line", exposed="name")
