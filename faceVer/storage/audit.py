"""The audit log: who changed what. Entries hold no personal data but ids, and stay when their objects go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from faceVer.domain.accounts import Principal
from faceVer.domain.listing import ListQuery, Page, Sorting
from faceVer.storage.conditions import select_page
from faceVer.storage.tables import audit

_COLUMNS = {
    "time": audit.c.time,
    "company_id": audit.c.company_id,
    "user_id": audit.c.user_id,
    "action": audit.c.action,
    "object": audit.c.object,
    "object_id": audit.c.object_id,
}


class AuditEntry(NamedTuple):
    """time: Unix seconds. user_id: of who did it, None = the server itself. company_id: of the object."""

    time: float
    company_id: str | None
    user_id: str | None
    action: str
    object: str
    object_id: str | None
    address: str
    details: Mapping[str, Any]


def record(
    connection: Connection,
    now: float,
    principal: Principal | None,
    action: str,
    object_: str,
    object_id: str | None,
    details: Mapping[str, Any] | None = None,
    *,
    company_id: str | None = None,
) -> None:
    """Write an entry, in the transaction of the change.

    principal: None = the server itself. company_id: of the object, whose administrators see the entry; by default that
    of the principal. details: no secrets.
    """
    user = principal.user if principal else None
    connection.execute(
        sa.insert(audit).values(
            time=now,
            company_id=company_id or (user.company_id if user else None),
            user_id=user.user_id if user else None,
            action=action,
            object=object_,
            object_id=object_id,
            address=principal.address if principal else "",
            details=dict(details or {}),
        )
    )


def page(connection: Connection, query: ListQuery, company_id: str | None) -> Page[AuditEntry]:
    """company_id: of the only company whose entries to list, None = all."""
    statement = sa.select(audit)
    if company_id is not None:
        statement = statement.where(audit.c.company_id == company_id)
    return select_page(connection, statement, query, _COLUMNS, _entry, default=[Sorting("time")], key=audit.c.id)


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(*(getattr(row, name) for name in AuditEntry._fields))
