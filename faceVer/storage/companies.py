"""Rows of companies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from faceVer.domain.accounts import SYSTEM_COMPANY, Company
from faceVer.domain.errors import ConflictError
from faceVer.domain.listing import ListQuery, Page, Sorting
from faceVer.storage.conditions import select_page
from faceVer.storage.tables import companies, files, folders, users

_COLUMNS = {"company_id": companies.c.company_id, "name": companies.c.name, "time_created": companies.c.created}


def insert(connection: Connection, company: Company, now: float) -> None:
    """Raises ConflictError for a name that exists."""
    try:
        connection.execute(
            sa.insert(companies).values(
                company_id=company.company_id, name=company.name, retention=dict(company.retention), created=now
            )
        )
    except IntegrityError:
        raise _name_taken() from None


def get(connection: Connection, company_id: str, *, lock: bool = False) -> Company | None:
    """lock: until the transaction ends, so that no other one with a lock goes beyond this call meanwhile."""
    statement = sa.select(companies).where(companies.c.company_id == company_id)
    row = connection.execute(statement.with_for_update(key_share=True) if lock else statement).first()
    return None if row is None else _company(row)


def by_name(connection: Connection, name: str) -> Company | None:
    row = connection.execute(sa.select(companies).where(companies.c.name == name)).first()
    return None if row is None else _company(row)


def system_company(connection: Connection) -> Company:
    """The company of administrators and operators. Raises LookupError before the first start has made it."""
    company = by_name(connection, SYSTEM_COMPANY)
    if company is None:
        raise LookupError("the system company is missing")
    return company


def page(connection: Connection, query: ListQuery, company_id: str | None) -> Page[Company]:
    """company_id: of the only company to list, None = all."""
    statement = sa.select(companies)
    if company_id is not None:
        statement = statement.where(companies.c.company_id == company_id)
    return select_page(
        connection,
        statement,
        query,
        _COLUMNS,
        _company,
        searched=(companies.c.name,),
        default=[Sorting("time_created")],
        key=companies.c.company_id,
    )


def update(connection: Connection, company_id: str, **values: Any) -> None:
    """Set columns. Raises ConflictError for a name that exists."""
    try:
        connection.execute(sa.update(companies).where(companies.c.company_id == company_id).values(**values))
    except IntegrityError:
        raise _name_taken() from None


def set_retention(connection: Connection, company_id: str, retention: Mapping[str, int]) -> None:
    """retention: see `Company`."""
    update(connection, company_id, retention=dict(retention))


def delete(connection: Connection, company_id: str) -> None:
    """Delete a company and all rows below it. The caller deletes its files after the commit."""
    connection.execute(sa.delete(companies).where(companies.c.company_id == company_id))


def delete_users(connection: Connection, company_id: str) -> None:
    """Delete a company's users and their sessions."""
    connection.execute(sa.delete(users).where(users.c.company_id == company_id))


def delete_folders(connection: Connection, company_id: str, limit: int) -> list[str] | None:
    """Delete at most so many of a company's folders. Returns the keys of their files, None if there is no folder."""
    chosen = sa.select(folders.c.folder_id).where(folders.c.company_id == company_id).limit(limit)
    ids = list(connection.scalars(chosen))
    if not ids:
        return None
    keys = list(connection.scalars(sa.select(files.c.key).where(files.c.folder_id.in_(ids))))
    connection.execute(sa.delete(folders).where(folders.c.folder_id.in_(ids)))
    return keys


def in_deletion(connection: Connection) -> list[str]:
    """The ids of the companies that are being deleted."""
    return list(connection.scalars(sa.select(companies.c.company_id).where(companies.c.in_deletion)))


def _name_taken() -> ConflictError:
    return ConflictError("a company has this name already", exposed="name")


def _company(row: Row[Any]) -> Company:
    return Company(row.company_id, row.name, row.in_deletion, row.retention)
