"""Secrets that the server made for itself."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from faceVer.storage.tables import secrets


def get(connection: Connection, name: str) -> bytes | None:
    return connection.scalar(sa.select(secrets.c.value).where(secrets.c.name == name))


def insert(connection: Connection, name: str, value: bytes) -> None:
    """Keep a secret, unless one of that name exists: another process may have been faster."""
    insert_into = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(insert_into(secrets).values(name=name, value=value).on_conflict_do_nothing())
