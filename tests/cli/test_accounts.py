"""`facever users` and `facever companies`, on the database of FACEVER_STORE."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from faceVer.domain.accounts import Role
from faceVer.domain.errors import CredentialInvalidError, UserBlockedError
from faceVer.services.accounts import passwords
from faceVer.storage.database import Database
from tests.accounts.support import World
from tests.cli.conftest import Run

PASSWORD = "correct horse battery"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """It is set, and has no database yet."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._dummy.cache_clear()
    monkeypatch.setenv("FACEVER_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input holds the password; each command reads it from the beginning."""

    class Input(io.StringIO):
        def readline(self, size: int | None = -1) -> str:
            self.seek(0)
            return super().readline(-1)

    monkeypatch.setattr("sys.stdin", Input(f"{PASSWORD}\nsecond line\n"))


def world(store: Path) -> World:
    return World.of(Database.of(str(store)), store)


@pytest.mark.usefixtures("typed")
def test_users_and_companies(facever: Run, store: Path) -> None:
    admin = facever("users", "add-admin", "--email", "Admin@example.org")
    company = facever("companies", "create", "Acme")
    service = facever(
        *("users", "create", "--email", "svc@example.org", "--role", "client_service", "--company", "Acme"),
        *("--first-name", "Ann", "--last-name", "Lee"),
    )
    assert (admin.status, company.status, service.status) == (0, 0, 0)
    listed = facever("users", "list", "--json").rows
    assert [(row["email"], row["role"], row["company"], row["state"]) for row in listed] == [
        ("Admin@example.org", "ADMIN", "system_company", "active"),
        ("svc@example.org", "CLIENT_SERVICE", "Acme", "active"),
    ]
    assert [row["user_id"] for row in listed] == [admin.out.strip(), service.out.strip()]
    assert [row["email"] for row in facever("users", "list", "--json", "--company", "Acme").rows] == ["svc@example.org"]
    assert facever("users", "list").out.splitlines()[0].split("\t") == list(listed[0].values())
    signed = world(store).sessions.sign_in("SVC@example.org", PASSWORD, "")
    assert (signed.user.first_name, signed.user.last_name) == ("Ann", "Lee")
    assert facever("companies", "list", "--json").rows[0] == {
        "company_id": company.out.strip(),
        "name": "Acme",
        "state": "active",
        "retention": {},
    }


@pytest.mark.usefixtures("typed")
def test_block_and_password(facever: Run, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "other"):
        assert facever("users", "add-admin", "--email", f"{name}@example.org").status == 0
    accounts = world(store)
    assert facever("users", "block", "ONE@example.org").status == 0
    assert facever("users", "list", "--json").rows[0]["state"] == "blocked"
    with pytest.raises(UserBlockedError):
        accounts.sessions.sign_in("one@example.org", PASSWORD, "")
    last = facever("users", "block", "other@example.org")
    assert (last.status, last.err) == (1, "facever: The last administrator cannot be removed\n")
    assert facever("users", "block", "--undo", "one@example.org").status == 0
    signed = accounts.sessions.sign_in("one@example.org", PASSWORD, "")
    monkeypatch.setattr("sys.stdin", io.StringIO("another password\n"))
    assert facever("users", "password", "one@example.org").status == 0
    with pytest.raises(CredentialInvalidError):
        accounts.authenticate(signed.access_token)
    assert accounts.sessions.sign_in("one@example.org", "another password", "").user == signed.user
    assert [entry.action for entry in accounts.audit()][:3] == ["user.password", "user.update", "user.update"]


def test_retention(facever: Run, store: Path) -> None:
    facever("companies", "create", "Acme")
    assert facever("companies", "retention", "Acme", "video=30", "image=365").status == 0
    assert facever("companies", "list", "--json").rows[0]["retention"] == {"video": 30, "image": 365}
    assert facever("companies", "list").out.splitlines()[0].endswith("\tvideo=30 image=365")
    assert facever("companies", "retention", "Acme").status == 0
    assert facever("companies", "list", "--json").rows[0]["retention"] == {}
    for wrong in (["text=3"], ["video=36501"], ["video"], ["video=x"], ["video=36501"], ["video=1", "video=2"]):
        assert facever("companies", "retention", "Acme", *wrong).status == 2
    assert facever("companies", "retention", "Nobody").err == "facever: there is no company 'Nobody'\n"


@pytest.mark.usefixtures("typed", "store")
@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["users", "create", "--email", "a@b", "--role", "CLIENT"], 2, "--company is needed for the role CLIENT"),
        (["users", "create", "--email", "a@b", "--role", "CLIENT", "--company", "x"], 1, "there is no company 'x'"),
        (["users", "add-admin", "--email", "no email"], 1, "email: not an email address"),
        (["users", "block", "a@b"], 1, "there is no user 'a@b'"),
        (["users", "password", "a@b"], 1, "there is no user 'a@b'"),
        (["companies", "create", "system_company"], 1, "name: a company has this name already"),
        (["companies", "create", ""], 1, "name: not a name of one line"),
    ],
)
def test_errors(facever: Run, arguments: list[str], status: int, message: str) -> None:
    ran = facever(*arguments)
    assert (ran.status, ran.out, ran.err) == (status, "", f"facever: {message}\n")


def test_without_a_store(facever: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FACEVER_STORE", raising=False)
    for arguments in (["users", "list"], ["companies", "list"]):
        ran = facever(*arguments)
        assert ran.status == 1
        assert "FACEVER_STORE is not set" in ran.err


def test_the_first_administrator_is_made_once(facever: Run, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEVER_ADMIN_EMAIL", "root@example.org")
    assert facever("users", "first-admin").out == ""
    monkeypatch.delenv("FACEVER_ADMIN_EMAIL")
    shown = facever("users", "first-admin").out.split()
    assert (facever("users", "first-admin").status, facever("users", "first-admin").out) == (0, "")
    assert [row["email"] for row in facever("users", "list", "--json").rows] == ["admin@localhost"]
    password = shown[shown.index("password", shown.index("email")) + 1]
    assert world(store).sessions.sign_in("admin@localhost", password, "").user.role is Role.ADMIN
    kept = b"".join(path.read_bytes() for path in store.rglob("*") if path.is_file())
    assert password.encode() not in kept


@pytest.mark.usefixtures("typed")
def test_retention_run(facever: Run, store: Path) -> None:
    facever("companies", "create", "Acme")
    facever("companies", "retention", "Acme", "video=30", "image=0")
    for option in ("--dry-run", "--json"):
        ran = facever("retention", "run", option)
        assert (ran.status, ran.err) == (0, "")
    line = ran.row
    assert (line["company"], line["kind"], line["days"], line["deleted"]) == ("Acme", "video", 30, 0)
