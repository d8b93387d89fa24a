"""The life of a token: use, extension, refresh, end."""

from __future__ import annotations

import itertools

import pytest

from faceVer.domain.accounts import Principal, Role, User
from faceVer.domain.errors import (
    CredentialExpiredError,
    CredentialInvalidError,
    FaceVerError,
    ForbiddenError,
    NotFoundError,
    RuleError,
    UserBlockedError,
)
from faceVer.domain.listing import ListQuery
from faceVer.services.accounts.sessions import SignedIn
from faceVer.storage import sessions
from tests.accounts.support import PASSWORD, World, fields, sqlite_only


def refresh(world: World, signed: SignedIn) -> SignedIn:
    return world.sessions.refresh(signed.access_token, signed.expire_token, "192.0.2.1")


def is_valid(world: World, signed: SignedIn) -> bool:
    try:
        world.authenticate(signed.access_token)
    except CredentialInvalidError:
        return False
    return True


@pytest.fixture
def user(world: World) -> User:
    return world.user(Role.CLIENT, world.company())


@sqlite_only
@pytest.mark.parametrize("token", ["", "x", "e30.e30.e30", "\ud800", "\0", "a" * 100_000])
def test_unknown_token(world: World, token: str) -> None:
    with pytest.raises(CredentialInvalidError):
        world.authenticate(token)


def test_lifetimes(world: World) -> None:
    company = world.company()
    for role in Role:
        signed = world.sign_in(world.user(role, None if role.is_system else company))
        expected = 157_680_000 if role is Role.CLIENT_SERVICE else 900
        assert signed.session.expires - world.now == signed.session.lifetime == expected


def test_use_extends_a_session(world: World, user: User) -> None:
    signed = world.sign_in(user)
    for _ in range(10):
        world.now += 899
        world.authenticate(signed.access_token)
    world.now += 901
    with pytest.raises(CredentialExpiredError):
        world.authenticate(signed.access_token)


def test_a_session_is_written_at_most_once_a_minute(world: World, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    signed, written = world.sign_in(user), []
    extend = sessions.extend
    monkeypatch.setattr(sessions, "extend", lambda *values: (written.append(world.now), extend(*values)))
    for _ in range(300):
        world.now += 1
        world.authenticate(signed.access_token)
    assert 4 <= len(written) <= 5
    assert all(later - earlier >= 60 for earlier, later in itertools.pairwise(written))


def test_extension_can_be_switched_off(world: World, user: User) -> None:
    fixed = world.changed(session_extend=False)
    signed = fixed.sign_in(user)
    fixed.now += 800
    fixed.authenticate(signed.access_token)
    fixed.now += 101
    with pytest.raises(CredentialExpiredError):
        fixed.authenticate(signed.access_token)


def test_refresh_ends_the_old_pair_at_first_use_of_the_new(world: World, user: User) -> None:
    old = world.sign_in(user)
    new = refresh(world, old)
    assert new.access_token != old.access_token
    assert new.expire_token != old.expire_token
    assert is_valid(world, old)
    assert is_valid(world, new)
    assert not is_valid(world, old)
    with pytest.raises(CredentialInvalidError, match="Session not found"):
        refresh(world, old)
    assert is_valid(world, new)


def test_refresh_with_a_pair_is_its_first_use(world: World, user: User) -> None:
    first = world.sign_in(user)
    second = refresh(world, first)
    third = refresh(world, second)
    assert not is_valid(world, first)
    assert is_valid(world, third)
    assert not is_valid(world, second)


def test_refresh_after_the_end_of_the_session(world: World, user: User) -> None:
    signed = world.sign_in(user)
    world.now += 86_399
    world.sessions.forget_ended()
    with pytest.raises(CredentialExpiredError):
        world.authenticate(signed.access_token)
    again = refresh(world, signed)
    assert is_valid(world, again)


def test_an_expire_token_ends_too(world: World, user: User) -> None:
    signed = world.sign_in(user)
    world.now += 86_401
    with pytest.raises(CredentialInvalidError, match="Session not found") as error:
        refresh(world, signed)
    assert error.value.exposed == "Session not found"
    world.sessions.forget_ended()
    with world.database.read() as connection:
        assert list(sessions.page(connection, ListQuery(), user.user_id).items) == []


def test_refresh_of_another_user(world: World, user: User) -> None:
    signed, stranger = world.sign_in(user), world.sign_in(world.user(Role.ADMIN))
    with pytest.raises(ForbiddenError) as error:
        world.sessions.refresh(stranger.access_token, signed.expire_token, "")
    assert error.value.exposed == "You have not access to refresh this session"
    with pytest.raises(CredentialInvalidError):
        world.sessions.refresh("no token", signed.expire_token, "")
    with pytest.raises(CredentialInvalidError):
        world.sessions.refresh(signed.access_token, signed.access_token, "")
    assert is_valid(world, signed)


def test_refresh_of_a_blocked_user(world: World, user: User) -> None:
    signed = world.sign_in(user)
    with world.database.write() as unit:  # the service would end the sessions
        from faceVer.storage import users

        users.replace(unit, fields(is_active=False)(user))
    with pytest.raises(UserBlockedError):
        refresh(world, signed)
    with pytest.raises(UserBlockedError):
        world.authenticate(signed.access_token)


def test_the_database_holds_no_token(world: World, user: User) -> None:
    signed = world.sign_in(user)
    with world.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM sessions").all()
        stored = repr(rows) + repr(connection.exec_driver_sql("SELECT * FROM users").all())
    assert len(rows) == 1
    assert signed.access_token not in stored
    assert signed.expire_token not in stored
    assert PASSWORD not in stored


CHANGES = {
    "password": lambda world, boss, user: world.users.change_password(boss, user.user_id, None, "another password"),
    "blocked": lambda world, boss, user: world.users.change(boss, user.user_id, fields(is_active=False)),
    "role": lambda world, boss, user: world.users.change(boss, user.user_id, fields(role=Role.CLIENT_OPERATOR)),
    "deleted": lambda world, boss, user: world.users.delete(boss, user.user_id),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_ends_all_sessions(world: World, user: User, change: str) -> None:
    boss = world.principal(Role.ADMIN)
    signed = [world.sign_in(user), world.sign_in(user)]
    pending = refresh(world, signed[0])
    other = world.sign_in(world.user(Role.ADMIN))
    CHANGES[change](world, boss, user)
    assert not any(is_valid(world, one) for one in (*signed, pending))
    for one in (*signed, pending):
        with pytest.raises(CredentialInvalidError):
            refresh(world, one)
    assert is_valid(world, other)


def test_a_change_of_the_name_ends_no_session(world: World, user: User) -> None:
    signed = world.sign_in(user)
    world.users.change(world.principal(Role.ADMIN), user.user_id, fields(first_name="Eve"))
    assert world.authenticate(signed.access_token).user.first_name == "Eve"


def test_sign_out(world: World, user: User) -> None:
    one, other = world.sign_in(user), world.sign_in(user)
    world.sessions.sign_out(world.authenticate(one.access_token))
    assert not is_valid(world, one)
    assert is_valid(world, other)


def test_list_and_end_sessions(world: World) -> None:
    company = world.company()
    user, admin = world.user(Role.CLIENT, company), world.principal(Role.CLIENT_ADMIN, company)
    first = world.sign_in(user)
    world.now += 1
    second = world.sign_in(user)
    own = Principal(user, second.session.token_id)
    for principal in (own, admin, world.principal(Role.ADMIN)):
        found = world.of_user(principal, user.user_id)
        assert [session.token_id for session in found] == [second.session.token_id, first.session.token_id]
    for role, other in ((Role.CLIENT_ADMIN, world.company()), (Role.CLIENT_OPERATOR, company), (Role.OPERATOR, None)):
        stranger = world.principal(role, other)
        with pytest.raises(ForbiddenError):
            world.of_user(stranger, user.user_id)
        with pytest.raises(ForbiddenError):
            world.sessions.end(stranger, first.session.token_id)
    world.sessions.end(admin, first.session.token_id)
    assert not is_valid(world, first)
    world.sessions.end(own, second.session.token_id)
    assert not is_valid(world, second)
    with pytest.raises(NotFoundError):
        world.sessions.end(own, second.session.token_id)
    assert [entry.action for entry in world.audit()[:2]] == ["session.end", "session.end"]


SERVICE_TOKENS = [
    # (who asks, whose token, in the same company, the error)
    (Role.ADMIN, Role.CLIENT_SERVICE, False, None),
    (Role.ADMIN, Role.OPERATOR, False, None),
    (Role.ADMIN, Role.CLIENT, False, ForbiddenError),
    (Role.ADMIN, Role.CLIENT_ADMIN, False, ForbiddenError),
    (Role.ADMIN, Role.ADMIN, False, ForbiddenError),
    (Role.CLIENT_ADMIN, Role.CLIENT_SERVICE, True, None),
    (Role.CLIENT_ADMIN, Role.CLIENT_SERVICE, False, ForbiddenError),
    (Role.CLIENT_ADMIN, Role.CLIENT_OPERATOR, True, ForbiddenError),
    (Role.CLIENT_ADMIN, Role.OPERATOR, False, ForbiddenError),
    (Role.CLIENT_SERVICE, Role.CLIENT_SERVICE, True, ForbiddenError),
    (Role.CLIENT_OPERATOR, Role.CLIENT_SERVICE, True, ForbiddenError),
    (Role.CLIENT, Role.CLIENT_SERVICE, True, ForbiddenError),
    (Role.OPERATOR, Role.CLIENT_SERVICE, False, ForbiddenError),
]


@sqlite_only
@pytest.mark.parametrize(("role", "target", "same", "error"), SERVICE_TOKENS)
def test_service_tokens_of_others(
    world: World, role: Role, target: Role, same: bool, error: type[FaceVerError] | None
) -> None:
    company = world.company()
    principal = world.principal(role, None if role.is_system else company)
    user = world.user(target, None if target.is_system else company if same else world.company())
    if error:
        with pytest.raises(error):
            world.sessions.service_token(principal, user.user_id)
        return
    one = world.sessions.service_token(principal, user.user_id)
    other = world.sessions.service_token(principal, user.user_id)
    assert one.expire_token == other.expire_token == ""
    assert one.session.expires == world.now + 157_680_000
    world.now += 86_400 * 365
    for signed in (one, other):
        assert world.authenticate(signed.access_token).user == user
    assert world.audit()[0].action == "session.service_token"


@sqlite_only
@pytest.mark.parametrize("role", Role)
def test_ones_own_service_token(world: World, role: Role) -> None:
    principal = world.principal(role, None if role.is_system else world.company())
    for user_id in (None, principal.user.user_id):
        if role is Role.CLIENT_SERVICE:
            assert is_valid(world, world.sessions.service_token(principal, user_id))
        else:
            with pytest.raises(ForbiddenError):
                world.sessions.service_token(principal, user_id)


def test_service_token_of_nobody_and_of_a_blocked_user(world: World) -> None:
    boss, company = world.principal(Role.ADMIN), world.company()
    with pytest.raises(NotFoundError):
        world.sessions.service_token(boss, "00000000-0000-4000-8000-000000000000")
    user = world.user(Role.CLIENT_SERVICE, company)
    world.users.change(boss, user.user_id, fields(is_active=False))
    with pytest.raises(RuleError):
        world.sessions.service_token(boss, user.user_id)


@sqlite_only
def test_foreign_users_may_be_hidden(world: World) -> None:
    hiding = world.changed(hide_foreign=True)
    mine, foreign = hiding.company(), hiding.company()
    admin, user = hiding.principal(Role.CLIENT_ADMIN, mine), hiding.user(Role.CLIENT_SERVICE, foreign)
    signed = hiding.sign_in(user)
    for call in (
        lambda: hiding.sessions.service_token(admin, user.user_id),
        lambda: hiding.of_user(admin, user.user_id),
        lambda: hiding.sessions.end(admin, signed.session.token_id),
        lambda: hiding.users.get(admin, user.user_id),
        lambda: hiding.users.change(admin, user.user_id, fields(first_name="Eve")),
        lambda: hiding.users.delete(admin, user.user_id),
        lambda: hiding.users.change_password(admin, user.user_id, None, "another password"),
        lambda: hiding.companies.get(admin, foreign.company_id),
        lambda: hiding.companies.rename(admin, foreign.company_id, "mine"),
        lambda: hiding.companies.delete(admin, foreign.company_id, confirmed=True),
    ):
        with pytest.raises(NotFoundError):
            call()
