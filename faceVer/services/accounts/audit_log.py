"""Reading the audit log."""

from __future__ import annotations

from faceVer.domain.accounts import Principal
from faceVer.domain.errors import ForbiddenError
from faceVer.domain.listing import ListQuery, Page
from faceVer.domain.permissions import Resource, Scope, Verb, scope_of
from faceVer.storage import audit
from faceVer.storage.audit import AuditEntry
from faceVer.storage.database import Database


def list_entries(database: Database, principal: Principal, query: ListQuery) -> Page[AuditEntry]:
    """A page of the entries that the principal may see: all, or those about the own company. Raises ForbiddenError."""
    scope = scope_of(principal.role, Resource.AUDIT, Verb.READ)
    if scope is Scope.NONE:
        raise ForbiddenError(f"{principal.role} may not read the audit log")
    with database.read() as connection:
        return audit.page(connection, query, None if scope is Scope.ALL else principal.user.company_id)
