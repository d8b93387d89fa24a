"""The database: connections, transactions, and errors of the driver as domain errors."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection as Connection  # the services name it without knowing SQLAlchemy
from sqlalchemy import Engine, event
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from faceVer.domain.errors import DatabaseUnavailableError, InternalError, SettingsError

SQLITE_FILE = "facever.db"
"""Name of the database in a store that is a folder."""
BUSY_SECONDS = 30.0
"""How long a SQLite transaction waits for another process's write."""
POOL, OVERFLOW, POOL_SECONDS = 5, 15, 10.0
"""PostgreSQL connections of one process that stay open, further ones under load, and seconds to wait for one."""


class Database:
    """One database, for any number of threads. Made with `Database.of`, disposed of with `close`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def of(cls, store: str) -> Database:
        """The database of FACEVER_STORE: a folder, or a PostgreSQL URL. Nothing is read yet. Raises SettingsError."""
        if not is_url(store):
            return cls(_sqlite_engine(Path(store)))
        try:
            url = sa.make_url(store)
        except (ArgumentError, ValueError):  # the text of the error may hold the password
            raise SettingsError("FACEVER_STORE is not a URL that can be read") from None
        if url.get_backend_name() not in ("postgresql", "postgres"):
            raise SettingsError("FACEVER_STORE must be a folder or a URL that begins with postgresql://")
        return cls(
            sa.create_engine(
                url.set(drivername="postgresql+psycopg"),
                pool_size=POOL,
                max_overflow=OVERFLOW,
                pool_timeout=POOL_SECONDS,
                pool_pre_ping=True,
                connect_args={"connect_timeout": int(POOL_SECONDS)},
            )
        )

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(self.engine.url.database or "") if self.is_sqlite else None

    @property
    def dsn(self) -> str:
        """The URL for libpq, with its password."""
        return self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for queries. Raises DatabaseUnavailableError."""
        with _domain_errors(), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: committed at the end of the block, rolled back by an exception.

        Raises DatabaseUnavailableError. IntegrityError comes through: what it means is known to the repository.
        """
        with _domain_errors(), self.engine.connect() as connection:
            calls: list[Callable[[], None]] = []
            connection.info["after commit"] = calls
            if self.is_sqlite:
                # At once, because a transaction that begins by reading cannot wait for another one's write later.
                connection.info["write"] = True
            with connection.begin():
                yield connection
        for call in calls:
            call()

    def forget_deleted(self) -> None:
        """Remove what was deleted from SQLite's log, too; `secure_delete` overwrites it in the file only."""
        if self.is_sqlite:
            with _domain_errors(), self.engine.connect() as connection:
                connection.exec_driver_sql("ROLLBACK")  # a checkpoint cannot run in a transaction
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self.engine.dispose()


def after_commit(connection: Connection, call: Callable[[], None]) -> None:
    """Call it after the transaction of `Database.write` is committed; not at all if it is not. It must not raise."""
    connection.info["after commit"].append(call)


def is_url(store: str) -> bool:
    """Whether a store is a database's URL, and not a folder."""
    return "://" in store


def _sqlite_engine(folder: Path) -> Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(folder / SQLITE_FILE)), connect_args={"timeout": BUSY_SECONDS}
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        # SQLite's own knows the letters of ASCII only.
        connection.create_function("lower", 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.pop("write", False) else "BEGIN")

    return engine


def _lower(value: object) -> str | None:
    return None if value is None else str(value).lower()


@contextlib.contextmanager
def _domain_errors() -> Iterator[None]:
    """The driver's errors as domain errors; their text may hold values of rows and is left out."""
    try:
        yield
    except IntegrityError:
        raise
    except (OperationalError, PoolTimeoutError) as error:
        raise DatabaseUnavailableError(_reason(error)) from None
    except DBAPIError as error:
        if error.connection_invalidated or isinstance(error.orig, sqlite3.DatabaseError):
            raise DatabaseUnavailableError(_reason(error)) from None
        raise InternalError(_reason(error)) from None
    except SQLAlchemyError as error:
        raise InternalError(_reason(error)) from None


def _reason(error: SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {code}" if code else type(cause).__name__
