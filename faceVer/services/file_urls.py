"""Signed, expiring addresses of stored files, so that a page can show a picture without a token in a header."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass

from faceVer.domain.clock import Clock
from faceVer.services.folders.presentation import Address

STATIC = "/static"
ROUNDING = 300
"""Seconds to which an expiry is rounded up, so that addresses repeat and browsers can cache what they lead to."""
_MAC_BYTES = 18


@dataclass(frozen=True, slots=True)
class FileSigner:
    """secret: signs. ttl: seconds that an address is valid at least."""

    secret: bytes
    ttl: int
    clock: Clock

    def address(self, base: str, user_id: str) -> Address:
        """Makes the addresses for one reader. base: of the server, without a slash at its end."""
        expires = (int(self.clock()) + self.ttl) // ROUNDING * ROUNDING + ROUNDING

        def make(folder_id: str, key: str) -> str:
            return f"{base}{STATIC}/{folder_id}/{key}?token={self.token(folder_id, key, user_id, expires)}"

        return make

    def token(self, folder_id: str, key: str, user_id: str, expires: int) -> str:
        """expires: Unix seconds."""
        return f"{expires}.{user_id}.{self._mac(folder_id, key, user_id, str(expires))}"

    def reader(self, folder_id: str, key: str, token: str) -> str | None:
        """The id of the user that an address was made for; None if the token is not valid, or no longer."""
        expires, _, rest = token.partition(".")
        user_id, _, mac = rest.partition(".")
        if not (expires.isascii() and expires.isdigit() and len(expires) < 16 and mac.isascii()):
            return None
        if not hmac.compare_digest(mac, self._mac(folder_id, key, user_id, expires)):
            return None
        return user_id if self.clock() < int(expires) else None

    def _mac(self, folder_id: str, key: str, user_id: str, expires: str) -> str:
        text = f"file\n{folder_id}\n{key}\n{user_id}\n{expires}".encode("utf-8", "surrogatepass")
        return base64.urlsafe_b64encode(hmac.digest(self.secret, text, "sha256")[:_MAC_BYTES]).decode()
