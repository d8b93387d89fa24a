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
from faceVer.storage.tables import companies

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


def get(connection: Connection, company_id: str) -> Company | None:
    row = connection.execute(sa.select(companies).where(companies.c.company_id == company_id)).first()
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


def in_deletion(connection: Connection) -> list[str]:
    """The ids of the companies that are being deleted."""
    return list(connection.scalars(sa.select(companies.c.company_id).where(companies.c.in_deletion)))


def _name_taken() -> ConflictError:
    return ConflictError("the name of a company exists", exposed="name")


def _company(row: Row[Any]) -> Company:
    return Company(row.company_id, row.name, row.in_deletion, row.retention)
