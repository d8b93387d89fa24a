"""`facever db`: upgrade, check and back up the database of what is kept."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from faceVer.cli.exit_codes import FAILED, OK
from faceVer.cli.options import Commands, command

if TYPE_CHECKING:
    from faceVer.settings.storing import StoreSettings
    from faceVer.storage.database import Database
    from faceVer.storage.schema import SchemaState


def add(commands: Commands) -> None:
    actions = command(commands, "db", "the database of FACEVER_STORE").add_subparsers(required=True, metavar="ACTION")
    command(actions, "upgrade", "create or migrate its tables; stop servers and workers first").set_defaults(
        run=_upgrade
    )
    command(actions, "check", "its revision, and whether it and the files can be reached").set_defaults(run=_check)
    backup = command(actions, "backup", "copy a SQLite database in use; for PostgreSQL: print the command that does")
    backup.add_argument("file", type=Path, metavar="FILE", help="a new file")
    backup.set_defaults(run=_backup)


def _upgrade(_: argparse.Namespace) -> int:
    from faceVer.storage import schema

    with _opened() as (_settings, database):
        before = schema.state(database)
        schema.upgrade(database)
        after = schema.state(database)
    if before.is_current:
        print(f"nothing to do: the database is at revision {after.current}")
    else:
        print(f"the database is at revision {after.current} now, before: {before.current or 'no tables'}")
    return OK


def _check(_: argparse.Namespace) -> int:
    from faceVer.domain.errors import StorageUnavailableError
    from faceVer.storage import schema
    from faceVer.storage.blobs.files import FileStorage

    is_well = True
    with _opened() as (settings, database):
        print(f"database  {database.file or database.engine.url.render_as_string()}")
        try:
            found = schema.state(database)
            print(f"revision  {_described(found)}")
            is_well = found.is_current
        except StorageUnavailableError as error:
            print(f"revision  the database cannot be reached: {error}")
            is_well = False
        try:
            files = FileStorage.of(settings)
            files.check()
            print(f"files     {files.describe()}")
        except StorageUnavailableError as error:
            print(f"files     cannot be reached: {error}")
            is_well = False
    return OK if is_well else FAILED


def _described(found: SchemaState) -> str:
    from faceVer.storage.schema import COMMAND

    if found.is_current:
        return f"{found.current}, as needed"
    if found.is_newer:
        return f"{found.current}, of a later version; this one needs {found.needed}"
    queue = f", and {len(found.queue)} migrations of the job queue are missing" if found.queue else ""
    return f"{found.current or 'no tables'}, needed: {found.needed}{queue}; run `{COMMAND}`"


def _backup(options: argparse.Namespace) -> int:
    from faceVer.storage.backup import copy_sqlite, dump_command

    with _opened() as (_settings, database):
        if database.is_sqlite:
            print(f"{copy_sqlite(database, options.file)} bytes: {options.file}")
            return OK
        print(dump_command(database, str(options.file)))
    print("facever: nothing was written: PostgreSQL's own program, above, makes the backup", file=sys.stderr)
    return FAILED


@contextlib.contextmanager
def _opened() -> Iterator[tuple[StoreSettings, Database]]:
    from faceVer.cli.load_settings import load
    from faceVer.domain.errors import SettingsError
    from faceVer.storage.database import Database

    settings = load().store
    if not settings.store:
        raise SettingsError("FACEVER_STORE is not set: nothing is kept, and there is no database")
    database = Database.of(settings.store)
    try:
        yield settings, database
    finally:
        database.close()
