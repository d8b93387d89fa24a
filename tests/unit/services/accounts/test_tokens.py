"""Tokens and passwords, without a database."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceVer.domain.accounts import Session
from faceVer.domain.errors import OverloadedError, PayloadValueError
from faceVer.services.accounts import passwords
from faceVer.services.accounts.emails import is_email
from faceVer.services.accounts.passwords import check_password_rule, hash_password, is_password
from faceVer.services.accounts.tokens import access_token, expire_token, token_hash

SESSIONS = st.builds(
    Session,
    token_id=st.uuids(version=4).map(str),
    user_id=st.uuids(version=4).map(str),
    created=st.floats(0, 4e9),
    expires=st.floats(0, 4e9),
    refresh_expires=st.floats(0, 4e9),
    lifetime=st.floats(10, 4e9),
)


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@given(SESSIONS, st.binary(min_size=1, max_size=100))
def test_an_access_token_is_a_jwt(session: Session, secret: bytes) -> None:
    token = access_token(session, secret)
    header, claims, signature = token.split(".")
    assert decoded(header) == {"alg": "HS256", "typ": "JWT"}
    expected = {
        "jti": session.token_id,
        "sub": session.user_id,
        "iat": int(session.created),
        "exp": int(session.expires),
    }
    assert {name: decoded(claims)[name] for name in expected} == expected
    assert all(type(decoded(claims)[name]) is int for name in ("iat", "exp"))
    signed = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    assert signed == hmac.new(secret, f"{header}.{claims}".encode(), hashlib.sha256).digest()
    assert "=" not in token
    assert token.isascii()


@given(SESSIONS)
def test_no_token_comes_twice(session: Session) -> None:
    """Also for the same session: the secret and the ids do not suffice to make it."""
    assert access_token(session, b"secret") != access_token(session, b"secret")


def test_expire_tokens() -> None:
    tokens = {expire_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(len(bytes.fromhex(token)) == 64 for token in tokens)


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)))
def test_every_text_has_a_hash_of_its_own(one: str, other: str) -> None:
    assert len(token_hash(one)) == 32
    assert (token_hash(one) == token_hash(other)) is (one == other)


@pytest.mark.parametrize("password", ["correct horse", "пароль пароль", "a" * passwords.LONGEST, " leading blank"])
def test_passwords(password: str) -> None:
    stored = hash_password(password)
    assert stored.startswith("$argon2id$")
    assert stored != hash_password(password)
    assert is_password(password, stored)
    assert not is_password(password + "x", stored)
    assert not is_password(password, None)
    assert not is_password(password, "not a hash")


def test_the_password_that_stands_for_unknown_users_is_nobodys() -> None:
    assert not is_password("no user has this password", None)


@pytest.mark.parametrize(
    ("password", "right"),
    [("1234567890", True), ("123456789", False), ("a" * 1024, True), ("a" * 1025, False), ("nul \0 inside", False)],
)
def test_the_rule_of_passwords(password: str, right: bool) -> None:
    if right:
        check_password_rule(password, 10, "password")
    else:
        with pytest.raises(PayloadValueError) as error:
            check_password_rule(password, 10, "password")
        assert error.value.exposed == "password"


def test_hashing_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each hash takes 64 MiB; a flood of sign-ins waits a little and is then refused."""
    monkeypatch.setattr(passwords, "WAIT", 0.01)
    for _ in range(passwords.PARALLEL):
        assert passwords._FEW.acquire(blocking=False)
    try:
        for call in (lambda: hash_password("correct horse"), lambda: is_password("correct horse", None)):
            with pytest.raises(OverloadedError):
                call()
    finally:
        passwords._FEW.release(passwords.PARALLEL)
    assert is_password("correct horse", hash_password("correct horse"))


@pytest.mark.parametrize("text", ["a@b", "Ann.Lee+x@example.org", "äö@пример.рф"])
def test_emails(text: str) -> None:
    assert is_email(text)


@pytest.mark.parametrize("text", ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n", "\0@b", "\ud800@b", "a" * 65 + "@b"])
def test_not_emails(text: str) -> None:
    assert not is_email(text)
