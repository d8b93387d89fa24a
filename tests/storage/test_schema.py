"""Migrations: they make the tables of the code, once, and a server uses no other schema than its own."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from procrastinate.schema import SchemaManager
from sqlalchemy import inspect, text

from faceVer.domain.errors import SetupError
from faceVer.storage import schema
from faceVer.storage.database import Database
from faceVer.storage.tables import metadata
from tests.support_postgres import PostgresServer

PROCESSES = 4


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The FACEVER_STORE of a database without tables."""
    if request.param == "sqlite":
        return str(tmp_path / "a folder?#%")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create_empty_database()


@pytest.fixture
def opened(empty: str) -> Iterator[Database]:
    database = Database.of(empty)
    yield database
    database.close()


def _upgrade(store: str) -> None:
    database = Database.of(store)
    schema.upgrade(database)
    database.close()


def _is_ours(name: str | None, kind: str, _: object) -> bool:
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def test_migrations_make_the_tables(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _is_ours, "compare_type": True})
        differences = compare_metadata(context, metadata)
    if database.is_sqlite:  # an index of PostgreSQL only
        differences = [item for item in differences if item[1].name != "ix_folders_meta_data"]
    assert differences == []


def test_state_before_and_after_an_upgrade(opened: Database) -> None:
    before = schema.state(opened)
    assert (before.current, before.is_current, before.is_newer) == (None, False, False)
    assert opened.file is None or not opened.file.exists()
    with pytest.raises(SetupError, match="run `facever db upgrade`"):
        schema.check(opened)
    schema.upgrade(opened)
    schema.upgrade(opened)
    after = schema.state(opened)
    assert (after.current, after.is_current, after.queue) == (before.needed, True, ())
    schema.check(opened)


def test_processes_upgrade_at_once(empty: str) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_upgrade, args=(empty,)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    database = Database.of(empty)
    schema.check(database)
    database.close()


def test_prepare_migrates_sqlite_and_only_checks_postgresql(opened: Database) -> None:
    if opened.is_sqlite:
        schema.prepare(opened)
        schema.check(opened)
    else:
        with pytest.raises(SetupError, match=r"no tables yet.*facever db upgrade"):
            schema.prepare(opened)


def test_newer_schema_is_rejected(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert schema.state(database).is_newer
    for action in (schema.check, schema.upgrade, schema.prepare):
        with pytest.raises(SetupError, match="a later version made it"):
            action(database)


def test_tables_of_others_are_left_alone(opened: Database) -> None:
    if opened.file:
        opened.file.parent.mkdir()
    with opened.write() as connection:
        connection.execute(text("CREATE TABLE users (name text)"))
    with pytest.raises(SetupError, match="did not make"):
        schema.upgrade(opened)
    with opened.read() as connection:
        assert inspect(connection).get_table_names() == ["users"]


def test_failed_migration_leaves_nothing(opened: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", fail)
        with pytest.raises(RuntimeError):
            schema.upgrade(opened)
    assert schema.state(opened).current is None
    schema.upgrade(opened)
    schema.check(opened)


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_update_of_procrastinate(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its new migrations are run once and in order; the second needs what the first has committed."""
    folder = tmp_path / "migrations"
    shutil.copytree(SchemaManager.get_migrations_path(), folder)
    (folder / "99.00.00_01_pre.sql").write_text("ALTER TYPE procrastinate_job_status ADD VALUE 'new%'; SELECT 1;")
    (folder / "99.00.00_50_post.sql").write_text("CREATE VIEW found AS SELECT 'new%'::procrastinate_job_status;")
    monkeypatch.setattr(SchemaManager, "get_migrations_path", lambda: str(folder))
    with pytest.raises(SetupError, match="lacks 2 migrations of its job queue"):
        schema.check(database)
    schema.upgrade(database)
    schema.upgrade(database)
    schema.check(database)
    with database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM found")) == 1


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be made"):
        _upgrade(str(tmp_path / "file" / "store"))


def test_the_files_of_a_database_are_their_owners_only(tmp_path: Path) -> None:
    database = Database.of(str(tmp_path))
    schema.upgrade(database)
    with database.write() as connection:
        connection.exec_driver_sql("SELECT 1")
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir() if path.is_file()}
    database.close()
    assert modes
    assert set(modes.values()) == {"0o600"}
