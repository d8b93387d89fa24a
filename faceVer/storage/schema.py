"""The schema of the database: which revision it has, which one this version needs, and the upgrade."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, func, inspect, select

from faceVer.domain.errors import SetupError
from faceVer.storage.database import Database
from faceVer.storage.tables import metadata

_log = logging.getLogger(__name__)

COMMAND = "facever db upgrade"
_LOCK = 0x666163655665
"""Number of the advisory lock that lets one process at a time change a PostgreSQL schema."""


@dataclass(frozen=True, slots=True)
class SchemaState:
    """current: revision of the database, None = it has no tables. needed: the one of this version.

    is_newer: a later version of FaceVer made it. queue: migrations of the job queue that it lacks.
    """

    current: str | None
    needed: str
    is_newer: bool = False
    queue: tuple[str, ...] = ()

    @property
    def is_current(self) -> bool:
        return self.current == self.needed and not self.queue


def prepare(database: Database) -> None:
    """At the start of a server: bring a SQLite database to the needed revision, and check a PostgreSQL one.

    Raises SetupError, DatabaseUnavailableError.
    """
    if database.is_sqlite:
        upgrade(database)
    else:
        check(database)


def check(database: Database) -> None:
    """Raises SetupError if the database does not have the needed revision, DatabaseUnavailableError."""
    found = state(database)
    _reject_newer(found)
    if not found.is_current:
        words = "has no tables yet" if found.current is None else f"is at revision {_revision(found)}"
        raise SetupError(f"the database {words}, this version needs {found.needed}: run `{COMMAND}`")


def state(database: Database) -> SchemaState:
    """What revision the database has. Raises DatabaseUnavailableError."""
    if database.file is not None and not database.file.exists():
        return SchemaState(None, _needed())
    with database.read() as connection:
        return _state(connection)


def upgrade(database: Database) -> None:
    """Bring the database to the needed revision; any number of processes may at once.

    Raises SetupError, DatabaseUnavailableError.
    """
    if database.file is not None:
        _make_folder(database.file.parent)
        _make_private(database.file)
    if state(database).is_current:
        return
    with _alone(database) as connection:
        found = _state(connection)
        _reject_newer(found)
        if found.current is None and set(metadata.tables) & set(inspect(connection).get_table_names()):
            raise SetupError("the database holds tables of these names that FaceVer did not make")
        command.upgrade(_config(connection), "head")
        _log.info("the database was upgraded from revision %s to %s", found.current or "none", found.needed)
    if not database.is_sqlite:
        _upgrade_queue(database)


def _upgrade_queue(database: Database) -> None:
    from faceVer.storage import queue_schema

    with _alone(database) as connection:
        queue_schema.create(connection)
        missing = queue_schema.missing(connection)
    for name in missing:
        with _alone(database) as connection:
            queue_schema.migrate(connection, name)


@contextlib.contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    """A transaction that runs in one process at a time."""
    with database.write() as connection:  # SQLite's has the only write lock from its beginning
        if not database.is_sqlite:
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        yield connection


def _state(connection: Connection) -> SchemaState:
    current = MigrationContext.configure(connection).get_current_revision()
    needed = _needed()
    if current is None:
        return SchemaState(None, needed)
    try:
        ScriptDirectory.from_config(_config()).get_revision(current)
    except CommandError:
        return SchemaState(current, needed, is_newer=True)
    if connection.dialect.name == "sqlite" or current != needed:
        return SchemaState(current, needed)
    from faceVer.storage import queue_schema

    return SchemaState(current, needed, queue=tuple(queue_schema.missing(connection)))


def _reject_newer(found: SchemaState) -> None:
    if found.is_newer:
        raise SetupError(
            f"the database is at revision {found.current}, which this version does not know: a later version made it, "
            f"and an earlier one cannot use it"
        )


def _revision(found: SchemaState) -> str:
    return (
        f"{found.current} and lacks {len(found.queue)} migrations of its job queue"
        if found.queue
        else str(found.current)
    )


def _needed() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise SetupError("the installation lacks the migrations of the database")
    return head


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    # A percent sign would begin an interpolation.
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _make_private(file: Path) -> None:
    """Make the file of a database, readable by its owner only. SQLite gives its log the same mode."""
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise SetupError(f"the database {file} cannot be made: {error.strerror}") from None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"the folder of the database cannot be made: {error.strerror}: {folder}") from None
