"""procrastinate's part of a PostgreSQL database: made from its schema, then migrated by the files that it ships.

procrastinate does not record what a database has, so `queue_migrations` does. All its files run at one time: those
that it calls "post" are for updates without a stop, which FaceVer does not offer.
"""

from __future__ import annotations

from pathlib import Path

from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, insert, inspect, select

from faceVer.storage.tables import queue_migrations


def create(connection: Connection) -> None:
    """The tables and functions of the installed version, unless there are any."""
    if not inspect(connection).has_table("procrastinate_jobs"):
        _run(connection, SchemaManager.get_schema())
        connection.execute(insert(queue_migrations), [{"name": name} for name in shipped()])


def migrate(connection: Connection, name: str) -> None:
    """Run one migration, unless the database has it. Each needs a transaction of its own: one may add a value to an
    enumeration, which PostgreSQL lets only later transactions use.
    """
    if name in missing(connection):
        _run(connection, (Path(SchemaManager.get_migrations_path()) / name).read_text(encoding="utf-8"))
        connection.execute(insert(queue_migrations).values(name=name))


def missing(connection: Connection) -> list[str]:
    """Migrations of the installed version that the database lacks."""
    return sorted(set(shipped()) - set(applied(connection)))


def applied(connection: Connection) -> list[str]:
    """Names of the migrations that the database has, in order."""
    return list(connection.scalars(select(queue_migrations.c.name).order_by(queue_migrations.c.name)))


def shipped() -> list[str]:
    """Names of the installed version's migrations, in order."""
    return sorted(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def _run(connection: Connection, script: str) -> None:
    connection.exec_driver_sql(script.replace("%", "%%"))
