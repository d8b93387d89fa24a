"""Rows of sessions and of failed sign-ins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from faceVer.domain.accounts import Session, User
from faceVer.domain.listing import ListQuery, Page, Sorting
from faceVer.storage.conditions import select_page
from faceVer.storage.tables import failed_logins, sessions, users
from faceVer.storage.users import user_of


def insert(connection: Connection, session: Session, access_hash: bytes, refresh_hash: bytes | None) -> None:
    """access_hash, refresh_hash: SHA-256 of the tokens; a service token has no expire token."""
    connection.execute(
        sa.insert(sessions).values(
            token_id=session.token_id,
            user_id=session.user_id,
            access_hash=access_hash,
            refresh_hash=refresh_hash,
            created=session.created,
            expires=session.expires,
            refresh_expires=session.refresh_expires,
            lifetime=session.lifetime,
            is_service=session.is_service,
            replaces=session.replaces,
            address=session.address,
        )
    )


def with_user(connection: Connection, access_hash: bytes) -> tuple[Session, User] | None:
    """The session of an access token, and its user."""
    joined = sessions.join(users, users.c.user_id == sessions.c.user_id)
    named = [column.label(f"session_{column.name}") for column in sessions.c]
    row = connection.execute(
        sa.select(*named, *users.c).select_from(joined).where(sessions.c.access_hash == access_hash)
    ).first()
    return None if row is None else (_session(row, "session_"), user_of(row))


def by_refresh(connection: Connection, refresh_hash: bytes) -> Session | None:
    """The session of an expire token."""
    row = connection.execute(sa.select(sessions).where(sessions.c.refresh_hash == refresh_hash)).first()
    return None if row is None else _session(row)


def get(connection: Connection, token_id: str) -> Session | None:
    row = connection.execute(sa.select(sessions).where(sessions.c.token_id == token_id)).first()
    return None if row is None else _session(row)


def page(connection: Connection, query: ListQuery, user_id: str) -> Page[Session]:
    """The sessions of a user."""
    return select_page(
        connection,
        sa.select(sessions).where(sessions.c.user_id == user_id),
        query,
        {"time_created": sessions.c.created},
        _session,
        default=[Sorting("time_created")],
        key=sessions.c.token_id,
    )


def extend(connection: Connection, token_id: str, expires: float, refresh_expires: float) -> None:
    connection.execute(
        sa.update(sessions)
        .where(sessions.c.token_id == token_id)
        .values(expires=expires, refresh_expires=refresh_expires)
    )


def take_over(connection: Connection, session: Session) -> None:
    """End the session that this one replaces."""
    if session.replaces is not None:
        delete(connection, [session.replaces])
        connection.execute(sa.update(sessions).where(sessions.c.token_id == session.token_id).values(replaces=None))


def delete(connection: Connection, token_ids: Sequence[str]) -> None:
    connection.execute(sa.delete(sessions).where(sessions.c.token_id.in_(token_ids)))


def delete_of_user(connection: Connection, user_id: str) -> None:
    connection.execute(sa.delete(sessions).where(sessions.c.user_id == user_id))


def delete_ended(connection: Connection, now: float) -> None:
    """Remove sessions whose both tokens have expired, and failed sign-ins older than an hour."""
    connection.execute(sa.delete(sessions).where(sessions.c.expires < now, sessions.c.refresh_expires < now))
    connection.execute(sa.delete(failed_logins).where(failed_logins.c.time < now - 3600))


def lock_origins(connection: Connection, origins: Sequence[str]) -> None:
    """Until the transaction ends, no other one counts the failures of these origins. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        for origin in sorted(origins):  # in one order, so that two transactions do not wait for each other
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(origin))))


def record_failure(connection: Connection, origins: Sequence[str], now: float) -> None:
    """origins: the address and the email of a failed sign-in."""
    connection.execute(sa.insert(failed_logins), [{"origin": origin, "time": now} for origin in origins])


def failures(connection: Connection, origins: Sequence[str], since: float) -> int:
    """The most failed sign-ins of one of the origins since a time."""
    found = (
        sa.select(sa.func.count())
        .where(failed_logins.c.origin.in_(origins), failed_logins.c.time > since)
        .group_by(failed_logins.c.origin)
    )
    return max(connection.scalars(found), default=0)


def _session(row: Row[Any], prefix: str = "") -> Session:
    return Session(**{name: getattr(row, prefix + name) for name in Session.__slots__})
