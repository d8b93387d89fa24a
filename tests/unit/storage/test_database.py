"""Databases of both kinds: transactions and errors."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from faceVer.domain.errors import DatabaseUnavailableError
from faceVer.storage.database import Database
from faceVer.storage.tables import secrets
from tests.support_postgres import PostgresServer


def _names(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(sa.select(secrets.c.name)))


def test_a_transaction_is_committed(database: Database) -> None:
    with database.write() as connection:
        connection.execute(secrets.insert().values(name="a", value=b"1"))
    assert _names(database) == ["a"]


def test_an_exception_rolls_back(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as connection:  # noqa: PT012
        connection.execute(secrets.insert().values(name="a", value=b"1"))
        raise ZeroDivisionError
    assert _names(database) == []


def test_a_violated_constraint_comes_through(database: Database) -> None:
    row = {"name": "a", "value": b"1"}
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(secrets.insert(), [row, row])
    assert _names(database) == []


@pytest.mark.platform
def test_databases_share_nothing(postgres: PostgresServer) -> None:
    first, second = (Database.of(postgres.create_database()) for _ in range(2))
    with first.write() as connection:
        connection.execute(secrets.insert().values(name="a", value=b"1"))
    assert _names(second) == []
    first.close()
    second.close()


@pytest.mark.platform
def test_a_stopped_server_is_unavailable_until_it_is_back(postgres: PostgresServer) -> None:
    database = Database.of(postgres.create_database())
    assert _names(database) == []
    postgres.stop()
    with pytest.raises(DatabaseUnavailableError):
        _names(database)
    postgres.start()
    assert _names(database) == []
    database.close()
