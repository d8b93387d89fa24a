"""Rows of users. Password hashes never leave this module as part of a user."""

from __future__ import annotations

import dataclasses
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row
from sqlalchemy.exc import IntegrityError

from faceVer.domain.accounts import Role, User
from faceVer.domain.errors import ConflictError
from faceVer.domain.listing import Condition, ListQuery, Page, Sorting
from faceVer.storage.conditions import Field, matching, select_page
from faceVer.storage.tables import users


def _has_email(condition: Condition) -> ColumnElement[bool]:
    """A condition on the email, in any letter case."""
    values = tuple(value.lower() if isinstance(value, str) else value for value in condition.values)
    (found,) = matching([dataclasses.replace(condition, values=values)], {condition.field: users.c.email_key})
    return found


_FIELDS: dict[str, Field] = {
    "email_in_any_case": _has_email,
    "user_id": users.c.user_id,
    "company_id": users.c.company_id,
    "user_type": users.c.role,
    "email": users.c.email_key,
    "first_name": users.c.first_name,
    "last_name": users.c.last_name,
    "is_active": users.c.is_active,
    "time_created": users.c.created,
    "meta_data": users.c.meta_data,
}


def insert(connection: Connection, user: User, password_hash: str, now: float) -> None:
    """Raises ConflictError for an email that exists, in any letter case."""
    try:
        connection.execute(
            sa.insert(users).values(
                user_id=user.user_id,
                password_hash=password_hash,
                created=now,
                **_values(user),
            )
        )
    except IntegrityError:
        raise ConflictError("a user has this email already", exposed="email") from None


def replace(connection: Connection, user: User) -> None:
    """Write all fields of a user but the password. Raises ConflictError for an email that exists."""
    try:
        connection.execute(sa.update(users).where(users.c.user_id == user.user_id).values(**_values(user)))
    except IntegrityError:
        raise ConflictError("a user has this email already", exposed="email") from None


def get(connection: Connection, user_id: str, *, lock: bool = False) -> User | None:
    """lock: until the transaction ends, so that nobody changes or deletes the user meanwhile."""
    found = with_password(connection, user_id=user_id, lock=lock)
    return found[0] if found else None


def with_password(
    connection: Connection, *, email: str = "", user_id: str = "", lock: bool = False
) -> tuple[User, str] | None:
    """(user, hash of the password) by an email in any letter case, or by an id. lock: as of `get`."""
    statement = sa.select(users).where(users.c.user_id == user_id if user_id else users.c.email_key == email.lower())
    row = connection.execute(statement.with_for_update(key_share=True) if lock else statement).first()
    return None if row is None else (user_of(row), row.password_hash)


def set_password(connection: Connection, user_id: str, password_hash: str) -> None:
    connection.execute(sa.update(users).where(users.c.user_id == user_id).values(password_hash=password_hash))


def page(connection: Connection, query: ListQuery, *, company_id: str | None, user_id: str | None) -> Page[User]:
    """company_id, user_id: of the only users to list, None = all."""
    statement = sa.select(users)
    if company_id is not None:
        statement = statement.where(users.c.company_id == company_id)
    if user_id is not None:
        statement = statement.where(users.c.user_id == user_id)
    return select_page(
        connection,
        statement,
        query,
        _FIELDS,
        user_of,
        searched=(users.c.email, users.c.first_name, users.c.last_name, users.c.middle_name),
        default=[Sorting("time_created")],
        key=users.c.user_id,
    )


def count(connection: Connection, role: Role) -> int:
    """The number of active users of a role."""
    found = sa.select(sa.func.count()).where(users.c.role == role.value, users.c.is_active)
    return connection.scalar(found) or 0


def delete(connection: Connection, user_id: str) -> None:
    """Delete a user and the sessions; folders stay."""
    connection.execute(sa.delete(users).where(users.c.user_id == user_id))


def user_of(row: Row[Any]) -> User:
    """A row of `users` as a user."""
    return User(
        user_id=row.user_id,
        company_id=row.company_id,
        role=Role(row.role),
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        middle_name=row.middle_name,
        is_active=row.is_active,
        rights=frozenset(row.rights),
        meta_data=row.meta_data,
    )


def _values(user: User) -> dict[str, Any]:
    return {
        "company_id": user.company_id,
        "role": user.role.value,
        "email": user.email,
        "email_key": user.email.lower(),
        "first_name": user.first_name,
        "last_name": user.last_name,
        "middle_name": user.middle_name,
        "is_active": user.is_active,
        "rights": sorted(user.rights),
        "meta_data": dict(user.meta_data),
    }
