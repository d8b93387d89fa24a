"""API keys: who may call. Only their SHA-256 is configured; a key itself is seen once, when it is made."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Self

from faceVer.domain.errors import SettingsError
from faceVer.settings.field import PREFIX
from faceVer.settings.model import Settings

HEADER = "X-API-Key"
KEY_BYTES = 32
"""Of randomness. A key that no one can guess needs no slow hash."""
_LINE = re.compile(r"([A-Za-z0-9._-]{1,64}):([0-9a-f]{64})")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
MAX_LENGTH = 512
"""Characters of what is taken for a key at all."""


class KeyMissingError(Exception):
    """The API key is missing or wrong. Not one of the contract's errors: it knows no keys."""


def new(name: str) -> tuple[str, str]:
    """(a fresh key, the line of `api_keys` that lets it in). Raises SettingsError for a name that cannot be one."""
    if not _NAME.fullmatch(name):
        raise SettingsError("a key's name has 1 to 64 letters, digits, dots, hyphens or underscores")
    key = "fv_" + secrets.token_urlsafe(KEY_BYTES)
    return key, f"{name}:{hashlib.sha256(key.encode()).hexdigest()}"


class Keys:
    """The keys that are let in. Two lines may have one name: the old and the new key of a rotation."""

    def __init__(self, lines: Sequence[str]) -> None:
        """Raises SettingsError."""
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
        """The name of the key a request carries. Raises KeyMissingError.

        Every known key is compared, each in constant time: how long it takes tells nothing.
        """
        given = headers.get(HEADER)
        if given is None:
            scheme, _, given = headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                given = ""
        given = given.strip()
        if not given or len(given) > MAX_LENGTH:
            raise KeyMissingError("no API key")
        digest = hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest()
        owner = ""
        for name, known in self._known:
            if hmac.compare_digest(digest, known):
                owner = name
        if not owner:
            raise KeyMissingError("an API key that is not known")
        return owner
