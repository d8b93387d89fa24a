"""Companies: names, deletion with everything in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from faceVer.domain.accounts import SYSTEM_COMPANY, Company, Role
from faceVer.domain.clock import random_id
from faceVer.domain.errors import (
    ConflictError,
    CredentialInvalidError,
    ForbiddenError,
    NotFoundError,
    PayloadValueError,
    RuleError,
)
from faceVer.domain.files import FileKind, FileRecord
from faceVer.domain.listing import Comparison, Condition, ListQuery
from faceVer.services.accounts import companies as service
from faceVer.services.accounts.audit_log import list_entries
from faceVer.services.jobs import DELETE_COMPANY
from faceVer.storage import companies, files, tables
from faceVer.storage.blobs.files import StoredFile
from faceVer.storage.blobs.names import new_key
from tests.accounts.support import World, sqlite_only


@pytest.mark.parametrize("name", ["", " ", "a" * 201, "two\nlines", "\0", "\ud800"])
def test_wrong_names(world: World, name: str) -> None:
    boss, company = world.principal(Role.ADMIN), world.company()
    for call in (
        lambda: world.companies.create(boss, name),
        lambda: world.companies.rename(boss, company.company_id, name),
    ):
        with pytest.raises(PayloadValueError) as error:
            call()
        assert error.value.exposed == "name"


def test_names_are_unique(world: World) -> None:
    boss, one, other = world.principal(Role.ADMIN), world.company(), world.company()
    with pytest.raises(ConflictError) as error:
        world.companies.create(boss, one.name)
    assert error.value.exposed == "name"
    with pytest.raises(ConflictError):
        world.companies.rename(boss, one.company_id, other.name)
    assert world.companies.rename(boss, one.company_id, "renamed").name == "renamed"
    assert world.companies.get(boss, one.company_id).name == "renamed"


def test_search(world: World) -> None:
    boss, found = world.principal(Role.ADMIN), world.company("Bank of Ångström")
    world.company("other")
    assert list(world.companies.list(boss, ListQuery(search="åNGS")).items) == [found]


def test_the_system_company_stays_as_it_is(world: World) -> None:
    boss, company = world.principal(Role.ADMIN), world.company()
    for call in (
        lambda: world.companies.rename(boss, boss.user.company_id, "renamed"),
        lambda: world.companies.rename(boss, company.company_id, SYSTEM_COMPANY),
        lambda: world.companies.delete(boss, boss.user.company_id, confirmed=True),
    ):
        with pytest.raises(RuleError):
            call()


def test_deleting_the_own_company_needs_a_confirmation(world: World) -> None:
    company = world.company()
    admin = world.principal(Role.CLIENT_ADMIN, company)
    with pytest.raises(RuleError):
        world.companies.delete(admin, company.company_id, confirmed=False)
    assert world.jobs == []
    world.companies.delete(admin, company.company_id, confirmed=True)
    assert world.jobs == [(DELETE_COMPANY, {"company_id": company.company_id})]
    assert world.companies.get(admin, company.company_id).in_deletion


def fill(world: World, company: Company, folders: int) -> list[str]:
    """A user, and folders of one file each. Returns the keys of the files."""
    user = world.user(Role.CLIENT, company)
    keys = []
    for number in range(folders):
        folder_id, stored = random_id(), world.files.put(new_key("bin"), [f"{number}".encode()])
        values = {"folder_id": folder_id, "company_id": company.company_id, "user_id": user.user_id}
        with world.database.write() as unit:
            unit.execute(
                sa.insert(tables.folders).values(
                    **values, created=0, updated=0, resolution_status="INITIAL", system_resolution="INITIAL"
                )
            )
            files.insert(unit, [_record(stored, company.company_id, folder_id)])
        keys.append(stored.key)
    return keys


def _record(stored: StoredFile, company_id: str, folder_id: str) -> FileRecord:
    return FileRecord(
        stored.key, company_id, folder_id, FileKind.ORIGINAL, "image/jpeg", stored.md5, stored.sha256, stored.size, 0.0
    )


def left(world: World, company: Company) -> dict[str, int]:
    """Rows of a company by table, and files on the disk."""
    with world.database.read() as connection:
        rows = {
            table.name: connection.scalar(
                sa.select(sa.func.count()).select_from(table).where(table.c.company_id == company.company_id)
            )
            for table in (tables.companies, tables.users, tables.folders, tables.files)
        }
    return {**rows, "on disk": sum(path.is_file() for path in Path(world.settings.store.storage_url).rglob("*"))}


def test_contents_are_deleted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "FOLDERS_AT_ONCE", 2)
    boss, company, other = world.principal(Role.ADMIN), world.company(), world.company()
    keys, kept = fill(world, company, 5), fill(world, other, 1)
    user = world.user(Role.CLIENT, company)
    signed = world.sign_in(user)
    world.companies.delete_contents(company.company_id)  # not in deletion: nothing happens
    assert left(world, company)["folders"] == 5
    world.companies.delete(boss, company.company_id, confirmed=False)
    world.companies.delete_contents(company.company_id)
    assert left(world, company) == {"companies": 0, "users": 0, "folders": 0, "files": 0, "on disk": 1}
    assert left(world, other) == {"companies": 1, "users": 1, "folders": 1, "files": 1, "on disk": 1}
    assert len(keys) == 5
    assert world.files.read(kept[0]) == b"0"
    with pytest.raises(CredentialInvalidError):
        world.authenticate(signed.access_token)
    with pytest.raises(NotFoundError):
        world.companies.get(boss, company.company_id)
    world.companies.delete_contents(company.company_id)  # the job may run twice
    actions = [entry.action for entry in world.audit()]
    assert actions[:2] == ["company.deleted", "company.delete"]


def test_a_deletion_that_was_cut_off_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "FOLDERS_AT_ONCE", 2)
    boss, company = world.principal(Role.ADMIN), world.company()
    fill(world, company, 5)
    world.companies.delete(boss, company.company_id, confirmed=False)
    delete, calls = companies.delete_folders, []

    def broken(*values: Any) -> Any:
        calls.append(values)
        if len(calls) == 2:
            raise MemoryError
        return delete(*values)

    monkeypatch.setattr(companies, "delete_folders", broken)
    with pytest.raises(MemoryError):
        world.companies.delete_contents(company.company_id)
    assert left(world, company)["folders"] == 3
    world.companies.delete_contents(company.company_id)
    assert left(world, company) == {"companies": 0, "users": 0, "folders": 0, "files": 0, "on disk": 0}


def test_retention(world: World) -> None:
    admin = world.principal(Role.CLIENT_ADMIN, world.company())
    world.companies.set_retention(admin, admin.user.company_id, {"video": 30})
    assert world.companies.get(admin, admin.user.company_id).retention == {"video": 30}
    assert world.audit()[0].details == {"retention": {"video": 30}}
    with pytest.raises(ForbiddenError):
        world.companies.set_retention(admin, world.company().company_id, {"video": 30})
    with pytest.raises(NotFoundError):
        world.companies.set_retention(None, random_id(), {})


@sqlite_only
@pytest.mark.parametrize("role", Role)
def test_who_reads_the_audit_log(world: World, role: Role) -> None:
    boss, own, other = world.principal(Role.ADMIN), world.company(), world.company()
    principal = world.principal(role, None if role.is_system else own)
    world.companies.rename(boss, own.company_id, "renamed")
    world.companies.rename(boss, other.company_id, "renamed, too")
    if role not in (Role.ADMIN, Role.CLIENT_ADMIN):
        with pytest.raises(ForbiddenError):
            list_entries(world.database, principal, ListQuery())
        return
    renamed = ListQuery((Condition("action", Comparison.IN, ("company.update",)),))
    found = [entry.object_id for entry in list_entries(world.database, principal, renamed).items]
    assert found == ([other.company_id, own.company_id] if role is Role.ADMIN else [own.company_id])
    companies_seen = {entry.company_id for entry in list_entries(world.database, principal, ListQuery(limit=-1)).items}
    assert companies_seen == {own.company_id} or role is Role.ADMIN
