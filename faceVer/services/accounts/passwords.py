"""Passwords: argon2id hashes, and the rule of what a password must be."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from faceVer.domain.errors import PayloadValueError

LONGEST = 1024
"""Most characters of a password: hashing takes time by its length."""
_HASHER = PasswordHasher()  # the library's defaults: RFC 9106, low memory


def check_password_rule(password: str, minimum: int, field: str) -> None:
    """minimum: fewest characters. field: its name in errors. Raises PayloadValueError."""
    if not minimum <= len(password) <= LONGEST:
        raise PayloadValueError(f"a password has {minimum} to {LONGEST} characters", exposed=field)


def hash_password(password: str) -> str:
    return _HASHER.hash(password)


def is_password(password: str, stored: str | None) -> bool:
    """Whether a password is that of a hash. Without a hash (an unknown user) it takes the same time, and is not."""
    try:
        return _HASHER.verify(stored or _dummy(), password[:LONGEST]) and stored is not None
    except (Argon2Error, InvalidHashError):
        return False


@cache
def _dummy() -> str:
    return _HASHER.hash("no user has this password")
