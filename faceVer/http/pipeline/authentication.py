"""API keys. The settings hold only their SHA-256 hashes; FaceVer shows a key once, when it creates it."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Self

from faceVer.domain.errors import CredentialInvalidError, CredentialMissingError, SettingsError
from faceVer.settings.field import PREFIX
from faceVer.settings.model import Settings

HEADER = "X-API-Key"
OZ_HEADER = "X-Forensic-Access-Token"
"""The Oz API's header for access tokens; the server accepts an API key in it, too."""
KEY_BYTES = 32
"""Random bytes of a key. Nobody can guess 256 bits, so a fast hash is enough."""
_LINE = re.compile(r"([A-Za-z0-9._-]{1,64}):([0-9a-f]{64})")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
MAX_LENGTH = 512
"""Longest key, in characters."""


def new_key(name: str) -> tuple[str, str]:
    """(a new random key, its entry for FACEVER_API_KEYS). Raises SettingsError for an invalid name."""
    if not _NAME.fullmatch(name):
        raise SettingsError("a key's name has 1 to 64 letters, digits, dots, hyphens or underscores")
    key = "fv_" + secrets.token_urlsafe(KEY_BYTES)
    return key, f"{name}:{hashlib.sha256(key.encode()).hexdigest()}"


class Keys:
    """The accepted keys. Two entries may share a name: the old and the new key during a rotation."""

    def __init__(self, lines: Sequence[str]) -> None:
        """lines: entries of FACEVER_API_KEYS. Raises SettingsError for a malformed one."""
        self._known: list[tuple[str, bytes]] = []
        for number, line in enumerate(lines, 1):
            found = _LINE.fullmatch(line.strip())
            if found is None:
                raise SettingsError(f"{PREFIX}API_KEYS: entry {number} is not name:SHA-256 in 64 lower-case hex digits")
            self._known.append((found[1], bytes.fromhex(found[2])))

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(settings.auth.api_keys)

    def __bool__(self) -> bool:
        return bool(self._known)

    def owner(self, headers: Mapping[str, str]) -> str:
        """The name of the key in a request's headers. Raises CredentialMissingError, CredentialInvalidError.

        Compares with every known key, each in constant time, so that the duration reveals nothing.
        """
        given = key_in(headers)
        if not given:
            raise CredentialMissingError("no API key")
        owner = ""
        if len(given) <= MAX_LENGTH:
            digest = hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest()
            for name, known in self._known:
                if hmac.compare_digest(digest, known):
                    owner = name
        if not owner:
            raise CredentialInvalidError("unknown API key")
        return owner


def key_in(headers: Mapping[str, str]) -> str:
    """The key or the token in a request's headers, "" if there is none."""
    for header in (HEADER, OZ_HEADER):
        if header in headers:
            return headers[header].strip()
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
