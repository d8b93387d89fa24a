"""`facever db` on both databases."""

from __future__ import annotations

import contextlib
import re
import shlex
import sqlite3
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import text

from faceVer.storage.database import SQLITE_FILE, Database
from tests.cli.conftest import Run
from tests.support_postgres import PostgresServer, postgres_programs


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The FACEVER_STORE of a database without tables; it is set."""
    store = str(tmp_path / "store")
    if getattr(request, "param", "sqlite") == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        store = server.create_empty_database()
    monkeypatch.setenv("FACEVER_STORE", store)
    monkeypatch.setenv("FACEVER_STORAGE_URL", str(tmp_path / "files"))
    return store


both = pytest.mark.parametrize("empty", ["sqlite", "postgresql"], indirect=True)


@both
def test_check_and_upgrade(facever: Run, empty: str) -> None:
    before = facever("db", "check")
    assert before.status == 1
    assert "no tables, needed: 0001; run `facever db upgrade`" in before.out
    first, second, after = facever("db", "upgrade"), facever("db", "upgrade"), facever("db", "check")
    assert (first.status, second.status, after.status) == (0, 0, 0)
    assert "revision 0001 now, before: no tables" in first.out
    assert "nothing to do" in second.out
    assert "0001, as needed" in after.out
    assert re.search("^files     .", after.out, re.MULTILINE)
    assert "cannot" not in after.out


@both
def test_check_names_a_later_version(facever: Run, empty: str) -> None:
    assert facever("db", "upgrade").status == 0
    database = Database.of(empty)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    check, upgrade = facever("db", "check"), facever("db", "upgrade")
    assert (check.status, upgrade.status) == (1, 1)
    assert "9999, of a later version" in check.out
    assert "a later version made it" in upgrade.err


def test_check_of_what_cannot_be_reached(facever: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FACEVER_STORE", "postgresql://user:geheim@localhost:1/name")
    monkeypatch.setenv("FACEVER_STORAGE_URL", "s3://bucket/prefix")
    monkeypatch.setenv("FACEVER_S3_ENDPOINT", "http://localhost:1")
    check = facever("db", "check")
    assert check.status == 1
    assert "user:***@localhost" in check.out
    assert "the database cannot be reached" in check.out
    assert "files     cannot be reached" in check.out
    assert "geheim" not in check.out + check.err


def test_no_store(facever: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FACEVER_STORE", raising=False)
    for action in (["upgrade"], ["check"], ["backup", "file"]):
        ran = facever("db", *action)
        assert ran.status == 1
        assert "FACEVER_STORE is not set" in ran.err


def test_backup_of_sqlite_in_use(facever: Run, empty: str, tmp_path: Path) -> None:
    assert "there is no database yet" in facever("db", "backup", tmp_path / "copy").err
    facever("db", "upgrade")
    database = Database.of(empty)
    with database.write() as connection:
        connection.execute(text("INSERT INTO secrets VALUES ('kept', x'00')"))
    with database.write() as connection:
        connection.execute(text("INSERT INTO secrets VALUES ('not committed', x'00')"))
        assert facever("db", "backup", tmp_path / "copy").status == 0
    database.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "copy")) as copy:
        assert copy.execute("SELECT name FROM secrets").fetchall() == [("kept",)]
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    again = facever("db", "backup", tmp_path / "copy")
    assert (again.status, "the file exists" in again.err) == (1, True)
    assert facever("db", "backup", tmp_path / "no" / "copy").status == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "store"]
    (tmp_path / "copy").rename(tmp_path / "store" / SQLITE_FILE)
    assert facever("db", "check").status == 0


@pytest.mark.parametrize("empty", ["postgresql"], indirect=True)
def test_backup_of_postgresql_is_pg_dumps(facever: Run, empty: str, tmp_path: Path) -> None:
    facever("db", "upgrade")
    ran = facever("db", "backup", tmp_path / "a copy")
    assert ran.status == 1
    assert "nothing was written" in ran.err
    program, *arguments = shlex.split(ran.out)
    assert program == "pg_dump"
    folder = next((folder for folder in postgres_programs() if (folder / program).exists()), None)
    if folder is None:
        pytest.skip("pg_dump is not installed")
    subprocess.run([folder / program, *arguments], check=True)
    assert (tmp_path / "a copy").read_bytes()[:5] == b"PGDMP"
