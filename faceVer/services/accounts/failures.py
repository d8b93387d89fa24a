"""Failed sign-ins are counted by address and by email, in the database, so for all processes together."""

from __future__ import annotations

from collections.abc import Sequence

from faceVer.domain.errors import ThrottledError
from faceVer.storage import sessions
from faceVer.storage.database import Connection

SECONDS = 60.0
"""Window in which they are counted."""


def address_origin(address: str) -> str:
    return f"address {address}"


def email_origin(email: str) -> str:
    return f"email {email.lower()}"


def check_failures(connection: Connection, origins: Sequence[str], limit: int, now: float) -> None:
    """Raises ThrottledError if one of the origins has as many failed sign-ins as the limit, or more."""
    if sessions.failures(connection, origins, now - SECONDS) >= limit:
        raise ThrottledError("too many failed sign-ins", seconds=SECONDS)
