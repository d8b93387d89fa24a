"""The rows `company` and `user` of the permission matrix, tried with every role, verb and relation to the object."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from faceVer.domain.accounts import SYSTEM_COMPANY, Company, Principal, Role, User
from faceVer.domain.errors import ForbiddenError
from faceVer.domain.listing import ListQuery
from faceVer.services.accounts.users import NewUser
from faceVer.storage import companies
from tests.accounts.support import PASSWORD, World, fields, sqlite_only

# Written here a second time, from the documents: the code's own table is what is tested.
ROLES = (Role.ADMIN, Role.OPERATOR, Role.CLIENT, Role.CLIENT_SERVICE, Role.CLIENT_OPERATOR, Role.CLIENT_ADMIN)
RIGHTS = {
    "company": ("CRUD all", "R all", "R co", "R co", "R co", "RUD co"),
    "user": ("CRUD all", "R all, U own", "R own, U own", "R co, U own", "R co, U own", "CRUD co"),
}
COVERED = {"all": {"own", "co", "other"}, "co": {"own", "co"}, "own": {"own"}}
RELATIONS = ("own", "co", "other")
pytestmark = sqlite_only


def allowed(object_: str, role: Role, verb: str, relation: str) -> bool:
    cells = dict(zip(ROLES, RIGHTS[object_], strict=True))[role].split(", ")
    return any(verb in cell.split()[0] and relation in COVERED[cell.split()[1]] for cell in cells)


def is_allowed(call: Callable[[], object]) -> bool:
    try:
        call()
    except ForbiddenError:
        return False
    return True


def system_company(world: World) -> Company:
    with world.database.read() as connection:
        found = companies.by_name(connection, SYSTEM_COMPANY)
    assert found is not None
    return found


def company_of(world: World, principal: Principal) -> Company:
    with world.database.read() as connection:
        found = companies.get(connection, principal.user.company_id)
    assert found is not None
    return found


def principal_of(world: World, role: Role) -> Principal:
    if role is Role.ADMIN:
        world.user(Role.ADMIN)  # another one, so that this one is not the last
    return world.principal(role, None if role.is_system else world.company())


USER_CASES = [
    case
    for case in itertools.product(ROLES, "CRUD", RELATIONS)
    if case[1:] != ("C", "own")  # nobody creates the own account
]


@pytest.mark.parametrize(("role", "verb", "relation"), USER_CASES)
def test_users(world: World, role: Role, verb: str, relation: str) -> None:
    principal = principal_of(world, role)
    # In the system company there are administrators and operators only, elsewhere neither.
    same_role = Role.OPERATOR if role.is_system else Role.CLIENT
    company = None if role.is_system else company_of(world, principal)
    other = world.company()
    target_role, target_company = (same_role, company) if relation == "co" else (Role.CLIENT, other)

    def target() -> User:
        return principal.user if relation == "own" else world.user(target_role, target_company)

    def create() -> User:
        company_id = target_company.company_id if target_company else None
        new = NewUser("new@example.org", PASSWORD, target_role, "New", "User", company_id=company_id)
        return world.users.create(principal, new)

    calls: dict[str, Callable[[], object]] = {
        "C": create,
        "R": lambda: world.users.get(principal, target().user_id),
        "U": lambda: world.users.change(principal, target().user_id, fields(first_name="Changed")),
        "D": lambda: world.users.delete(principal, target().user_id),
    }
    assert is_allowed(calls[verb]) is allowed("user", role, verb, relation)


@pytest.mark.parametrize("role", ROLES)
def test_users_in_a_list(world: World, role: Role) -> None:
    principal = principal_of(world, role)
    company = None if role.is_system else company_of(world, principal)
    users = {
        "own": principal.user,
        "co": world.user(Role.OPERATOR if role.is_system else Role.CLIENT, company),
        "other": world.user(Role.CLIENT, world.company()),
    }
    listed = {user.user_id for user in world.users.list(principal, ListQuery(limit=-1)).items}
    for relation, user in users.items():
        assert (user.user_id in listed) is allowed("user", role, "R", relation), relation


COMPANY_CASES = [
    (role, verb, relation)
    for role, verb, relation in itertools.product(ROLES, "CRUD", ("co", "other"))
    # A new company is nobody's own; and nobody renames or deletes the system company, see test_companies.py.
    if relation == "other" or (verb != "C" and not (role.is_system and verb in "UD"))
]


@pytest.mark.parametrize(("role", "verb", "relation"), COMPANY_CASES)
def test_companies(world: World, role: Role, verb: str, relation: str) -> None:
    principal = principal_of(world, role)
    company = company_of(world, principal) if relation == "co" else world.company()
    calls: dict[str, Callable[[], object]] = {
        "C": lambda: world.companies.create(principal, "new"),
        "R": lambda: world.companies.get(principal, company.company_id),
        "U": lambda: world.companies.rename(principal, company.company_id, "renamed"),
        "D": lambda: world.companies.delete(principal, company.company_id, confirmed=True),
    }
    assert is_allowed(calls[verb]) is allowed("company", role, verb, relation)


@pytest.mark.parametrize("role", ROLES)
def test_companies_in_a_list(world: World, role: Role) -> None:
    principal, other = principal_of(world, role), world.company()
    listed = {company.company_id for company in world.companies.list(principal, ListQuery(limit=-1)).items}
    assert principal.user.company_id in listed
    assert (other.company_id in listed) is allowed("company", role, "R", "other")
    assert (system_company(world).company_id in listed) is (role.is_system or allowed("company", role, "R", "other"))
