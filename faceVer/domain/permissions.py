"""The permission matrix of the Oz API ("User Roles"), as one table.

Which role may do what with which object, and with whose: a `Scope` for each role, object and verb.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum

from faceVer.domain.accounts import Principal, Role
from faceVer.domain.errors import ForbiddenError


class Scope(IntEnum):
    """Whose objects a right covers. OWN: the user's own folders, or own record. Larger scopes include smaller ones."""

    NONE, OWN, COMPANY, ALL = range(4)


class Verb(StrEnum):
    """DECIDE: set an operator's result of an analysis. JUDGE: edit operator_status and operator_comment of a folder."""

    CREATE, READ, UPDATE, DELETE, DECIDE, JUDGE = "C", "R", "U", "D", "DECIDE", "JUDGE"


class Resource(StrEnum):
    """The kinds of objects. Media, metadata and thumbnails have the rights of their folder."""

    COMPANY = "company"
    FOLDER = "folder"
    REPORT_TEMPLATE = "report_template"
    ATTACHMENT = "attachment"
    REPORT = "report"
    ANALYSIS = "analysis"
    COLLECTION = "collection"
    PERSON = "person"
    PERSON_IMAGE = "person_image"
    USER = "user"
    STATISTICS = "statistics"
    AUDIT = "audit"
    WEBHOOK = "webhook"


_ROLES = (Role.ADMIN, Role.OPERATOR, Role.CLIENT, Role.CLIENT_SERVICE, Role.CLIENT_OPERATOR, Role.CLIENT_ADMIN)
_SCOPES = {"all": Scope.ALL, "co": Scope.COMPANY, "own": Scope.OWN}
# One line per object, one cell per role in the order of `_ROLES`: "verbs scope", several joined by a comma.
_MATRIX: Mapping[Resource, str] = {
    Resource.COMPANY: "CRUD all | R all | R co | R co | R co | RUD co",
    Resource.FOLDER: "CRUD all | CRU all | CRU own | CRU co | CRU co | CRUD co",
    Resource.REPORT_TEMPLATE: "CRUD all | CRU all | R co | R co | CRU co | CRUD co",
    Resource.ATTACHMENT: "CRD all | CR all | R co | R co | CR co | CRD co",
    Resource.REPORT: "CRD all | CR all | CR own | CR co | CR co | CRD co",
    Resource.ANALYSIS: "CRUD all | CRU all | CR own | CRU co | CRU co | CRUD co",
    Resource.COLLECTION: "CRUD all | R all | R co | CR co | R co | CRUD co",
    Resource.PERSON: "CRD all | R all | R co | CR co | R co | CRD co",
    Resource.PERSON_IMAGE: "CRD all | R all | R co | R co | R co | CRD co",
    Resource.USER: "CRUD all | R all, U own | R own, U own | R co, U own | R co, U own | CRUD co",
    Resource.STATISTICS: "R all | R all | - | - | R co | R co",
    Resource.AUDIT: "R all | - | - | - | - | R co",
    Resource.WEBHOOK: "RU all | - | - | - | - | RU co",
}
# "ADMIN may do all but change an analysis's result"; the others decide within their scope. A CLIENT edits neither.
_OPERATORS: Mapping[tuple[Resource, Verb], str] = {
    (Resource.ANALYSIS, Verb.DECIDE): "- | all | - | - | co | co",
    (Resource.FOLDER, Verb.JUDGE): "all | all | - | co | co | co",
}


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]


def _matrix() -> dict[tuple[Role, Resource, Verb], Scope]:
    table: dict[tuple[Role, Resource, Verb], Scope] = {}
    for resource, line in _MATRIX.items():
        for role, cell in zip(_ROLES, _cells(line), strict=True):
            for right in cell.split(","):
                verbs, _, scope = right.strip().partition(" ")
                table |= {(role, resource, Verb(verb)): _SCOPES[scope] for verb in verbs if scope}
    for (resource, verb), line in _OPERATORS.items():
        table |= {
            (role, resource, verb): _SCOPES[cell]
            for role, cell in zip(_ROLES, _cells(line), strict=True)
            if cell in _SCOPES
        }
    return table


PERMISSIONS: Mapping[tuple[Role, Resource, Verb], Scope] = _matrix()
"""The matrix; a combination that is missing is not allowed."""


def scope_of(role: Role, resource: Resource, verb: Verb) -> Scope:
    """Whose objects a role may do that with."""
    return PERMISSIONS.get((role, resource, verb), Scope.NONE)


def is_allowed(
    principal: Principal, resource: Resource, verb: Verb, *, company_id: str | None, owner_id: str | None = None
) -> bool:
    """Whether the principal may do that with an object. company_id, owner_id: of the object."""
    scope = scope_of(principal.role, resource, verb)
    own_company = company_id is not None and company_id == principal.user.company_id
    if scope is Scope.OWN:
        return own_company and owner_id == principal.user.user_id
    return scope is Scope.ALL or (scope is Scope.COMPANY and own_company)


def check_allowed(
    principal: Principal, resource: Resource, verb: Verb, *, company_id: str | None, owner_id: str | None = None
) -> None:
    """Raises ForbiddenError unless `is_allowed`."""
    if not is_allowed(principal, resource, verb, company_id=company_id, owner_id=owner_id):
        raise ForbiddenError(f"{principal.role} may not {verb} that {resource}")
