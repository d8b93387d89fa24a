"""Passwords: argon2id hashes, and the rule of what a password must be."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from faceVer.domain.errors import OverloadedError, PayloadValueError
from faceVer.storage.json_conditions import is_storable

LONGEST = 1024
"""Most characters of a password: hashing takes time by its length."""
PARALLEL, WAIT = 2, 5.0
"""Passwords that one process hashes at a time, because each takes 64 MiB; most seconds to wait for one's turn."""
_FEW = threading.BoundedSemaphore(PARALLEL)
_HASHER = PasswordHasher()  # the library's defaults: RFC 9106, low memory


def check_password_rule(password: str, minimum: int, field: str) -> None:
    """minimum: fewest characters. field: its name in errors. Raises PayloadValueError."""
    if not minimum <= len(password) <= LONGEST or not is_storable(password):
        raise PayloadValueError(f"a password has {minimum} to {LONGEST} characters", exposed=field)


def hash_password(password: str) -> str:
    """Raises OverloadedError."""
    with _one_of_few():
        return _HASHER.hash(password)


def is_password(password: str, stored: str | None) -> bool:
    """Whether a password is that of a hash. Without a hash (an unknown user) it takes the same time, and is not.

    Raises OverloadedError.
    """
    if len(password) > LONGEST or not is_storable(password):
        password, stored = "", None
    try:
        with _one_of_few():
            return _HASHER.verify(stored or _dummy(), password) and stored is not None
    except (Argon2Error, InvalidHashError):
        return False


@contextlib.contextmanager
def _one_of_few() -> Iterator[None]:
    if not _FEW.acquire(timeout=WAIT):
        raise OverloadedError("too many passwords are being hashed")
    try:
        yield
    finally:
        _FEW.release()


@cache
def _dummy() -> str:
    return _HASHER.hash("no user has this password")
