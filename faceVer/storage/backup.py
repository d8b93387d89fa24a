"""Backups of the database: of SQLite to a file, while it is in use."""

from __future__ import annotations

import os
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

from faceVer.domain.errors import DatabaseUnavailableError, SetupError
from faceVer.storage.database import Database


def copy_sqlite(database: Database, target: Path) -> int:
    """Write a consistent copy of a SQLite database to a new file and return its size in bytes.

    Raises SetupError if there is no database or the target exists, OSError, DatabaseUnavailableError.
    """
    if database.file is None or not database.file.exists():
        raise SetupError(f"there is no database yet: {database.file}")
    if target.exists():
        raise SetupError(f"the file exists: {target}")
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        _copy(database.file, partial)
        size = partial.stat().st_size
        partial.rename(target)
        return size
    except BaseException:
        partial.unlink()
        raise


def dump_command(database: Database, target: str) -> str:
    """The command that backs up a PostgreSQL database. Its password is left out: pg_dump asks for it, or ~/.pgpass."""
    url = database.engine.url.set(drivername="postgresql", password=None).render_as_string()
    return f"pg_dump --format=custom --file={shlex.quote(target)} {shlex.quote(url)}"


def _copy(source: Path, target: Path) -> None:
    try:
        with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
            original.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # so that the copy is one file; it is synced, too
    except sqlite3.Error as error:
        raise DatabaseUnavailableError(f"{type(error).__name__} {error.sqlite_errorname}") from None
