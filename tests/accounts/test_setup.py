"""The first start: the system company, an administrator, and the secret that signs tokens."""

from __future__ import annotations

import logging
import multiprocessing
from pathlib import Path

import pytest

from faceVer.domain.accounts import Role
from faceVer.domain.errors import SettingsError
from faceVer.domain.listing import ListQuery
from faceVer.services.accounts.setup import first_start
from faceVer.services.accounts.tokens import signing_secret
from faceVer.storage import companies, users
from faceVer.storage.database import Database
from tests.accounts.support import PASSWORD, World, fields

EMAIL = "Admin@example.org"
PROCESSES = 4


def emails(world: World) -> list[str]:
    with world.database.read() as connection:
        return [user.email for user in users.page(connection, ListQuery(), company_id=None, user_id=None).items]


def test_the_administrator_is_made_once(world: World) -> None:
    configured = world.changed(admin_email=EMAIL, admin_password=PASSWORD)
    for _ in range(3):
        first_start(configured.users, configured.settings)
    assert emails(world) == [EMAIL]
    signed = world.sessions.sign_in(EMAIL, PASSWORD, "")
    assert signed.user.role is Role.ADMIN
    assert [entry.action for entry in world.audit()] == ["user.create", "company.create"]


def test_another_administrator_is_enough(world: World) -> None:
    world.user(Role.ADMIN, email="first@example.org")
    configured = world.changed(admin_email=EMAIL, admin_password=PASSWORD)
    first_start(configured.users, configured.settings)
    assert emails(world) == ["first@example.org"]


def test_a_changed_password_stays(world: World) -> None:
    configured = world.changed(admin_email=EMAIL, admin_password=PASSWORD)
    first_start(configured.users, configured.settings)
    admin = world.sessions.sign_in(EMAIL, PASSWORD, "").user
    world.users.change_password(None, admin.user_id, None, "another password")
    spare = world.user(Role.ADMIN)
    world.users.change(None, spare.user_id, fields(is_active=False))
    first_start(configured.users, configured.settings)
    assert world.sessions.sign_in(EMAIL, "another password", "").user.user_id == admin.user_id


def test_without_an_administrator_the_log_says_how_to_make_one(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        first_start(world.users, world.settings)
    assert "facever users add-admin" in caplog.text
    assert emails(world) == []


@pytest.mark.parametrize(("email", "password"), [("no email", PASSWORD), (EMAIL, "short"), (EMAIL, "")])
def test_wrong_settings(world: World, email: str, password: str) -> None:
    configured = world.changed(admin_email=email, admin_password=password)
    with pytest.raises(SettingsError, match="FACEVER_ADMIN_EMAIL, FACEVER_ADMIN_PASSWORD"):
        first_start(configured.users, configured.settings)
    assert emails(world) == []


def _start(store: str, folder: str, barrier: multiprocessing.synchronize.Barrier, secrets: list[bytes]) -> None:
    database = Database.of(store)
    barrier.wait()
    world = World.of(database, Path(folder), admin_email=EMAIL, admin_password=PASSWORD)
    first_start(world.users, world.settings)
    secrets.append(signing_secret(database, ""))
    database.close()


def test_processes_that_start_at_once(store: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        secrets, barrier = manager.list(), manager.Barrier(PROCESSES)
        processes = [
            context.Process(target=_start, args=(store, str(tmp_path), barrier, secrets)) for _ in range(PROCESSES)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(60)
        assert [process.exitcode for process in processes] == [0] * PROCESSES
        assert len(secrets) == PROCESSES
        assert len(set(secrets)) == 1
    database = Database.of(store)
    world = World.of(database, tmp_path)
    assert emails(world) == [EMAIL]
    with database.read() as connection:
        assert companies.page(connection, ListQuery(), None).total == 1
    database.close()


def test_the_secret(world: World) -> None:
    made = signing_secret(world.database, "")
    assert len(made) == 32
    assert signing_secret(world.database, "") == made
    assert signing_secret(world.database, "configured") == b"configured"
