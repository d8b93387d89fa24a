"""Tokens. An access token has the form of a JWT, for clients that read its `exp`; the server only looks its hash up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping

from faceVer.domain.accounts import Session
from faceVer.storage import secrets as secret_rows
from faceVer.storage.database import Database

_HEADER = {"alg": "HS256", "typ": "JWT"}
_SIGNING = "signing"


def access_token(session: Session, secret: bytes) -> str:
    """The access token of a session: HS256 over jti = token_id, sub = user_id, iat, exp in Unix seconds.

    `exp` is the session's end when the token is made. Use extends the session, and not the token.
    """
    claims = {
        "jti": session.token_id,
        "sub": session.user_id,
        "iat": int(session.created),
        "exp": int(session.expires),
        "rnd": secrets.token_urlsafe(16),  # so that the secret alone does not make anybody's token
    }
    text = f"{_part(_HEADER)}.{_part(claims)}"
    return f"{text}.{_encoded(hmac.digest(secret, text.encode(), 'sha256'))}"


def expire_token() -> str:
    """A new expire token: 64 random bytes as hex."""
    return secrets.token_hex(64)


def token_hash(token: str) -> bytes:
    """SHA-256: tokens are random, so a fast hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def signing_secret(database: Database, configured: str) -> bytes:
    """FACEVER_API_SECRET, or the secret that the first start makes and keeps. Raises DatabaseUnavailableError."""
    if configured:
        return configured.encode("utf-8", "surrogateescape")
    with database.read() as connection:
        found = secret_rows.get(connection, _SIGNING)
    if found is None:
        with database.write() as unit:
            secret_rows.insert(unit, _SIGNING, secrets.token_bytes(32))
        with database.read() as connection:
            found = secret_rows.get(connection, _SIGNING)
    if found is None:
        raise LookupError("the secret that was just stored is missing")
    return found


def _part(claims: Mapping[str, object]) -> str:
    return _encoded(json.dumps(claims, separators=(",", ":")).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
