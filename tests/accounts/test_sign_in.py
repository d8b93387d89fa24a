"""Signing in: who may, what is counted, and what takes the same time."""

from __future__ import annotations

import threading

import pytest

from faceVer.domain.accounts import Role
from faceVer.domain.errors import CredentialInvalidError, FaceVerError, ThrottledError, UserBlockedError
from faceVer.domain.listing import ListQuery
from faceVer.services.accounts import passwords
from faceVer.storage import sessions
from tests.accounts.support import PASSWORD, World, fields


def outcome(world: World, email: str, password: str, address: str = "192.0.2.1") -> str:
    """The name of the error, "" for success."""
    try:
        world.sessions.sign_in(email, password, address)
    except FaceVerError as error:
        return type(error).__name__
    return ""


def test_email_in_any_letter_case(world: World) -> None:
    user = world.user(Role.ADMIN, email="Ängström.Ann@Example.org")
    signed = world.sessions.sign_in("äNGSTRÖM.ann@EXAMPLE.ORG", PASSWORD, "192.0.2.7")
    assert signed.user == user
    assert signed.session.address == "192.0.2.7"
    assert world.authenticate(signed.access_token).user == user


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ann@example.org", "wrong"),
        ("ann@example.org", ""),
        ("ann@example.org", PASSWORD + " "),
        ("ann@example.org", "a" * 100_000),
        ("ann@example.org", "\ud800"),
        ("ann@example.org", "\0"),
        ("nobody@example.org", PASSWORD),
        ("not an email", PASSWORD),
        ("", ""),
        ("nul\0@example.org", PASSWORD),
        ("half\ud800@example.org", PASSWORD),
        ("a" * 100_000 + "@example.org", PASSWORD),
    ],
)
def test_wrong_credentials(world: World, email: str, password: str) -> None:
    world.user(Role.ADMIN, email="ann@example.org")
    assert outcome(world, email, password) == "CredentialInvalidError"


def test_unknown_email_costs_a_hash(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a wrong password does; otherwise the time would say which emails exist."""
    user = world.user(Role.ADMIN)
    verified: list[str] = []

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            verified.append(stored)
            return hasher.verify(stored, password)

        hash = staticmethod(passwords._HASHER.hash)

    hasher = passwords._HASHER
    monkeypatch.setattr(passwords, "_HASHER", Counting())
    for email in (user.email, "nobody@example.org", "not an email"):
        assert outcome(world, email, "wrong password") == "CredentialInvalidError"
    assert len(verified) == 3
    parameters = {stored.rpartition("$")[0].rpartition("$")[0] for stored in verified}
    assert len(parameters) == 1, "the hash that stands for unknown users must cost the same"


def test_blocked_user(world: World) -> None:
    user = world.user(Role.ADMIN)
    boss = world.principal(Role.ADMIN)
    world.users.change(boss, user.user_id, fields(is_active=False))
    with pytest.raises(UserBlockedError):
        world.sign_in(user)
    # Who does not know the password does not learn that the account is blocked.
    with pytest.raises(CredentialInvalidError):
        world.sign_in(user, "wrong password")


def test_failures_of_an_email_throttle_it(world: World) -> None:
    user, other = world.user(Role.ADMIN), world.user(Role.ADMIN)
    limit = world.settings.accounts.login_attempts
    for number in range(limit):
        assert outcome(world, user.email.upper(), "wrong", f"192.0.2.{number}") == "CredentialInvalidError"
    with pytest.raises(ThrottledError) as error:
        world.sign_in(user, address="192.0.2.100")
    assert error.value.seconds == 60
    assert outcome(world, other.email, PASSWORD, "192.0.2.100") == ""
    world.now += 61
    assert outcome(world, user.email, PASSWORD, "192.0.2.100") == ""


def test_failures_of_an_address_throttle_it(world: World) -> None:
    user = world.user(Role.ADMIN)
    for number in range(world.settings.accounts.login_attempts):
        assert outcome(world, f"nobody{number}@example.org", "wrong") == "CredentialInvalidError"
    assert outcome(world, user.email, PASSWORD) == "ThrottledError"
    assert outcome(world, user.email, PASSWORD, "192.0.2.2") == ""


def test_right_passwords_are_not_counted(world: World) -> None:
    user = world.user(Role.ADMIN)
    assert [outcome(world, user.email, PASSWORD) for _ in range(20)] == [""] * 20


def test_throttling_covers_all_processes(world: World) -> None:
    user, other_process = world.user(Role.ADMIN), world.changed()
    for _ in range(world.settings.accounts.login_attempts):
        outcome(other_process, user.email, "wrong")
    assert outcome(world, user.email, PASSWORD) == "ThrottledError"


def test_guesses_at_the_same_time(world: World) -> None:
    """Of many at once, no more learn whether they are right than of many in a row."""
    user = world.user(Role.ADMIN)
    limit, guesses = world.settings.accounts.login_attempts, 24
    barrier, outcomes = threading.Barrier(guesses), []

    def guess(number: int) -> None:
        barrier.wait()
        outcomes.append(outcome(world, user.email, f"wrong {number}", f"192.0.2.{number}"))

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(guesses)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) <= {"CredentialInvalidError", "ThrottledError"}
    assert outcomes.count("CredentialInvalidError") == limit


def test_a_password_that_changes_while_it_is_checked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    user, boss = world.user(Role.ADMIN), world.principal(Role.ADMIN)
    check = passwords.is_password

    def slow(password: str, stored: str | None) -> bool:
        right = check(password, stored)
        world.users.change_password(boss, user.user_id, None, "another password")
        return right

    monkeypatch.setattr("faceVer.services.accounts.sessions.is_password", slow)
    with pytest.raises(CredentialInvalidError):
        world.sign_in(user)
    with world.database.read() as connection:
        assert sessions.page(connection, ListQuery(), user.user_id).total == 0


def test_old_failures_are_forgotten(world: World) -> None:
    outcome(world, "nobody@example.org", "wrong")
    world.now += 3601
    world.sessions.forget_ended()
    with world.database.read() as connection:
        assert sessions.failures(connection, ["email nobody@example.org"], 0) == 0
