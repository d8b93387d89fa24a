"""Accounts: creating, changing, deleting them, and their passwords."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from faceVer.domain.accounts import ANALYSIS_RIGHTS, SYSTEM_COMPANY, Principal, Role, User
from faceVer.domain.errors import (
    ConflictError,
    CredentialInvalidError,
    FaceVerError,
    ForbiddenError,
    NotFoundError,
    PayloadError,
    PayloadValueError,
    RuleError,
    ThrottledError,
)
from faceVer.domain.listing import Comparison, Condition, ListQuery, Sorting
from faceVer.services.accounts.users import NewUser
from faceVer.storage import companies
from tests.accounts.support import PASSWORD, World, fields, sqlite_only

NOBODY = "00000000-0000-4000-8000-000000000000"


def test_system_roles_belong_to_the_system_company(world: World) -> None:
    company = world.company()
    for role in (Role.ADMIN, Role.OPERATOR):
        user = world.user(role, company)
        with world.database.read() as connection:
            assert companies.system_company(connection).company_id == user.company_id


def test_clients_do_not_belong_to_the_system_company(world: World) -> None:
    """A CLIENT_ADMIN there could set the passwords of administrators."""
    with world.database.read() as connection:
        system = companies.system_company(connection)
    boss = world.principal(Role.ADMIN)
    for role in (Role.CLIENT, Role.CLIENT_ADMIN):
        with pytest.raises(RuleError):
            world.user(role, system)
    operator, client = world.user(Role.OPERATOR), world.user(Role.CLIENT, world.company())
    for user, values in (
        (operator, {"role": Role.CLIENT_ADMIN}),
        (client, {"company_id": system.company_id}),
    ):
        with pytest.raises(RuleError):
            world.users.change(boss, user.user_id, fields(**values))
    moved = world.users.change(boss, operator.user_id, fields(role=Role.CLIENT_ADMIN, company_id=client.company_id))
    assert moved.company_id == client.company_id
    assert world.users.change(boss, client.user_id, fields(role=Role.OPERATOR)).company_id == system.company_id


def test_emails_are_unique_in_any_letter_case(world: World) -> None:
    company = world.company()
    user, other = world.user(Role.CLIENT, company, email="Ann@example.org"), world.user(Role.CLIENT, company)
    with pytest.raises(ConflictError) as error:
        world.user(Role.CLIENT, company, email="aNN@EXAMPLE.org")
    assert error.value.exposed == "email"
    boss = world.principal(Role.ADMIN)
    with pytest.raises(ConflictError):
        world.users.change(boss, other.user_id, fields(email="ANN@example.org"))
    assert world.users.change(boss, user.user_id, fields(email="ANN@example.org")).email == "ANN@example.org"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"email": ""}, "credentials.email"),
        ({"email": "two@at@example.org"}, "credentials.email"),
        ({"email": "a line\n@example.org"}, "credentials.email"),
        ({"email": "nul\0@example.org"}, "credentials.email"),
        ({"email": "a" * 65 + "@example.org"}, "credentials.email"),
        ({"password": "ninechars"}, "credentials.password"),
        ({"password": "a" * 1025}, "credentials.password"),
        ({"password": "a nul \0 in it"}, "credentials.password"),
        ({"password": "half \ud800 a pair"}, "credentials.password"),
        ({"first_name": "two\nlines"}, "first_name"),
        ({"last_name": "a" * 201}, "last_name"),
        ({"middle_name": "\0"}, "middle_name"),
        ({"meta_data": {"a": ["\0"]}}, "meta_data"),
        ({"meta_data": {"\0": 1}}, "meta_data"),
        ({"meta_data": {"a": float("nan")}}, "meta_data"),
        ({"company_id": None}, "profile.company_id"),
    ],
)
def test_wrong_values(world: World, values: dict[str, Any], field: str) -> None:
    given = {"email": "new@example.org", "password": PASSWORD, "role": Role.CLIENT, "first_name": "", "last_name": ""}
    given["company_id"] = world.company().company_id
    with pytest.raises(PayloadError) as error:
        world.users.create(None, NewUser(**(given | values)))
    assert error.value.exposed == field


def test_a_new_user_needs_a_company_that_stays(world: World) -> None:
    boss, company = world.principal(Role.ADMIN), world.company()
    user = world.user(Role.CLIENT, world.company())
    world.companies.delete(boss, company.company_id, confirmed=False)
    for call in (
        lambda: world.user(Role.CLIENT, company),
        lambda: world.users.change(boss, user.user_id, fields(company_id=company.company_id)),
    ):
        with pytest.raises(RuleError):
            call()
    with pytest.raises(NotFoundError):
        world.users.create(boss, NewUser("a@example.org", PASSWORD, Role.CLIENT, "", "", company_id=NOBODY))


@sqlite_only
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_administrators_make_system_users(world: World, role: Role) -> None:
    company = world.company()
    principal = world.principal(role, None if role.is_system else company)
    target = world.user(Role.CLIENT, company)
    for made in (Role.ADMIN, Role.OPERATOR):
        with pytest.raises(ForbiddenError):
            world.users.create(principal, NewUser("new@example.org", PASSWORD, made, "", ""))
        with pytest.raises(ForbiddenError):
            world.users.change(principal, target.user_id, fields(role=made))


def test_a_client_admin_stays_within_the_company(world: World) -> None:
    company, other = world.company(), world.company()
    admin, user = world.principal(Role.CLIENT_ADMIN, company), world.user(Role.CLIENT, company)
    assert world.users.change(admin, user.user_id, fields(role=Role.CLIENT_ADMIN)).role is Role.CLIENT_ADMIN
    assert world.users.change(admin, user.user_id, fields(role=Role.CLIENT)).role is Role.CLIENT
    with pytest.raises(ForbiddenError):
        world.users.change(admin, user.user_id, fields(company_id=other.company_id))
    with pytest.raises(ForbiddenError):
        world.users.create(
            admin, NewUser("new@example.org", PASSWORD, Role.CLIENT, "", "", company_id=other.company_id)
        )


@sqlite_only
@pytest.mark.parametrize("role", Role)
def test_of_the_own_account(world: World, role: Role) -> None:
    principal = world.principal(role, None if role.is_system else world.company())
    own = principal.user.user_id
    assert world.users.change(principal, own, fields(last_name="New", meta_data={"a": 1})).last_name == "New"
    other = Role.CLIENT_ADMIN if role is not Role.CLIENT_ADMIN else Role.ADMIN
    for values in (
        {"role": other},
        {"is_active": False},
        {"rights": frozenset()},
        {"company_id": world.company().company_id},
    ):
        with pytest.raises(ForbiddenError):
            world.users.change(principal, own, fields(**values))
    unchanged = fields(role=role, is_active=True, rights=frozenset(ANALYSIS_RIGHTS))
    assert world.users.change(principal, own, unchanged).role is role


def test_the_last_administrator_stays(world: World) -> None:
    one, operator = world.principal(Role.ADMIN), world.user(Role.OPERATOR)
    with pytest.raises(RuleError):
        world.users.delete(one, one.user.user_id)
    with pytest.raises(RuleError):
        world.users.change(None, one.user.user_id, fields(is_active=False))
    other = world.user(Role.ADMIN)
    world.users.change(one, other.user_id, fields(is_active=False))
    with pytest.raises(RuleError):
        world.users.delete(one, one.user.user_id)
    world.users.change(one, operator.user_id, fields(role=Role.ADMIN))
    world.users.delete(one, other.user_id)
    world.users.delete(one, one.user.user_id)


def test_administrators_who_remove_each_other(world: World) -> None:
    """At the same time: one of them stays."""
    for _ in range(5):
        pair = [world.principal(Role.ADMIN), world.principal(Role.ADMIN)]
        barrier, outcomes = threading.Barrier(2), []

        def remove(principal: Principal, other: User, barrier: threading.Barrier, outcomes: list[str]) -> None:
            barrier.wait()
            try:
                world.users.delete(principal, other.user_id)
                outcomes.append("")
            except FaceVerError as error:
                outcomes.append(type(error).__name__)

        threads = [
            threading.Thread(target=remove, args=(one, other.user, barrier, outcomes))
            for one, other in (pair, pair[::-1])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["", "RuleError"]
        with world.database.write() as unit:
            unit.exec_driver_sql("DELETE FROM users")


def test_changes_at_the_same_time(world: World) -> None:
    """None is lost."""
    user, threads = world.user(Role.CLIENT, world.company()), []
    for number in range(8):

        def add(number: int = number) -> None:
            world.users.change(None, user.user_id, lambda old: fields(meta_data={**old.meta_data, str(number): 1})(old))

        threads.append(threading.Thread(target=add))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.users.get(Principal(user), user.user_id).meta_data == {str(number): 1 for number in range(8)}


def test_own_password(world: World) -> None:
    principal = world.principal(Role.CLIENT, world.company())
    own = principal.user.user_id
    with pytest.raises(PayloadError) as missing:
        world.users.change_password(principal, own, None, "another password")
    assert missing.value.exposed == "old_password"
    with pytest.raises(CredentialInvalidError):
        world.users.change_password(principal, own, "wrong", "another password")
    with pytest.raises(PayloadValueError) as short:
        world.users.change_password(principal, own, PASSWORD, "short")
    assert short.value.exposed == "new_password"
    world.users.change_password(principal, own, PASSWORD, "another password")
    with pytest.raises(CredentialInvalidError):
        world.sign_in(principal.user)
    assert world.sign_in(principal.user, "another password").user == principal.user


def test_an_old_password_cannot_be_guessed(world: World) -> None:
    principal = world.principal(Role.CLIENT, world.company())
    for _ in range(world.settings.accounts.login_attempts):
        with pytest.raises(CredentialInvalidError):
            world.users.change_password(principal, principal.user.user_id, "wrong", "another password")
    with pytest.raises(ThrottledError):
        world.users.change_password(principal, principal.user.user_id, PASSWORD, "another password")


@sqlite_only
@pytest.mark.parametrize(
    ("role", "same", "may"),
    [
        (Role.ADMIN, False, True),
        (Role.CLIENT_ADMIN, True, True),
        (Role.CLIENT_ADMIN, False, False),
        (Role.OPERATOR, False, False),
        (Role.CLIENT_OPERATOR, True, False),
        (Role.CLIENT_SERVICE, True, False),
        (Role.CLIENT, True, False),
    ],
)
def test_passwords_of_others(world: World, role: Role, same: bool, may: bool) -> None:
    company = world.company()
    user = world.user(Role.CLIENT, company)
    principal = world.principal(role, None if role.is_system else company if same else world.company())
    if not may:
        with pytest.raises(ForbiddenError):
            world.users.change_password(principal, user.user_id, PASSWORD, "another password")
        return
    world.users.change_password(principal, user.user_id, None, "another password")
    assert world.sign_in(user, "another password").user == user


def test_lists(world: World) -> None:
    boss, company, other = world.principal(Role.ADMIN), world.company(), world.company()
    ann = world.user(Role.CLIENT, company, email="ann@example.org", middle_name="Ünal")
    bob = world.user(Role.CLIENT_SERVICE, company, email="bob@example.org")
    eve = world.user(Role.CLIENT, other, email="Eve@example.org")
    world.users.change(boss, eve.user_id, fields(is_active=False, meta_data={"team": {"id": 7}}))

    def found(*conditions: Condition, search: str = "", sorting: tuple[Sorting, ...] = ()) -> list[str]:
        query = ListQuery(conditions, sorting, limit=-1, search=search)
        return [user.email for user in world.users.list(boss, query).items if user.email != boss.user.email]

    def one(field: str, *values: Any, path: tuple[str, ...] = ()) -> Condition:
        return Condition(field, Comparison.IN, values, path)

    by_email = (Sorting("email", descending=False),)
    assert found(sorting=by_email) == [ann.email, bob.email, eve.email]
    assert found(one("company_id", company.company_id), one("user_type", "CLIENT")) == [ann.email]
    assert found(one("is_active", False)) == [eve.email]
    assert found(one("email_in_any_case", "EVE@EXAMPLE.ORG")) == [eve.email]
    assert found(one("meta_data", "7", path=("team", "id"))) == [eve.email]
    assert found(search="ÜNAL") == [ann.email]
    assert found(search="%") == []


def test_every_change_is_in_the_audit_log(world: World) -> None:
    """Without secrets, and with the company of the object."""
    boss, company = world.principal(Role.ADMIN), world.company()
    new = NewUser("new@example.org", PASSWORD, Role.CLIENT, "Secret", "Name", company_id=company.company_id)
    user = world.users.create(boss, new)
    world.users.change(boss, user.user_id, fields(first_name="Hidden", rights=frozenset()))
    world.users.change_password(boss, user.user_id, None, "another password")
    world.users.delete(boss, user.user_id)
    entries = world.audit()[:4][::-1]
    assert [(entry.action, dict(entry.details)) for entry in entries] == [
        ("user.create", {"role": "CLIENT"}),
        ("user.update", {"fields": ["first_name", "rights"]}),
        ("user.password", {}),
        ("user.delete", {}),
    ]
    for entry in entries:
        assert (entry.object, entry.object_id) == ("user", user.user_id)
        assert (entry.user_id, entry.company_id) == (boss.user.user_id, company.company_id)
        assert entry.address == boss.address
    written = repr(world.audit())
    assert not any(secret in written for secret in (PASSWORD, "another password", "Secret", "Hidden", new.email))


def test_a_refused_change_leaves_nothing(world: World) -> None:
    before = len(world.audit())
    user = world.user(Role.CLIENT, world.company())
    stranger = world.principal(Role.CLIENT, world.company())
    entries = len(world.audit())
    for call in (
        lambda: world.users.change(stranger, user.user_id, fields(first_name="Eve")),
        lambda: world.users.delete(stranger, user.user_id),
        lambda: world.users.get(stranger, NOBODY),
    ):
        with pytest.raises((ForbiddenError, NotFoundError)):
            call()
    assert len(world.audit()) == entries > before
    assert world.users.get(Principal(user), user.user_id) == user


def test_name_of_the_system_company(world: World) -> None:
    with pytest.raises(ConflictError):
        world.company(SYSTEM_COMPANY)
