"""The session of an Oz client: when it signs in, when it renews, and how it waits. No I/O.

The steps are a generator: it yields calls to send and pauses to make, and is sent their results.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from faceVer.client.call import Call
from faceVer.client.errors import ApiError, Timeout, Unauthorized
from faceVer.client.folder_parsing import parse_folder
from faceVer.client.oz.calls import OzCalls, with_token
from faceVer.client.oz.results import Tokens
from faceVer.client.response import UnreadableError
from faceVer.client.results import Folder

T = TypeVar("T")
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
"""Seconds between two looks at a folder whose analyses run: the pause grows by half each time."""
_RUNNING = "PROCESSING"
_RENEWABLE = ("7", "8")
"""Codes of a token that is unknown or expired."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait of so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Exclusive:
    """Steps that only one thread or task of a client may take at a time."""

    steps: Generator[Call[Any] | Pause | Exclusive, Any, Tokens]


Step = Call[Any] | Pause | Exclusive
Steps = Generator[Step, Any, T]


class Session:
    """email, password: of an account; or token: an access token, such as one of a service account."""

    def __init__(self, email: str | None, password: str | None, token: str | None) -> None:
        if (token is None) == (email is None) or (email is None) != (password is None):
            raise ValueError("give either email and password, or a token")
        self._credentials = None if email is None or password is None else (email, password)
        self._calls = OzCalls()
        self.tokens = None if token is None else Tokens(token)

    def run(self, call: Call[T]) -> Steps[T]:
        """The call, signed in. An expired session is renewed once, or a new one is begun where there is a password."""
        used = self.tokens or (yield Exclusive(self._renewed(None)))
        try:
            result: T = yield with_token(call, used.access_token)
            return result
        except Unauthorized as error:
            if error.code not in _RENEWABLE or (self._credentials is None and not used.expire_token):
                raise
            tokens: Tokens = yield Exclusive(self._renewed(used))
            if call.body is not None and not call.body.repeatable:  # half of it has been read
                raise
        repeated: T = yield with_token(call, tokens.access_token)
        return repeated

    def sign_in(self) -> Steps[Tokens]:
        """A new session. Raises ValueError without a password."""
        tokens: Tokens = yield Exclusive(self._begin())
        return tokens

    def wait(self, folder_id: str, timeout: float) -> Steps[Folder]:
        """The folder, once none of its analyses runs. Raises Timeout after `timeout` seconds."""
        end, pause = time.monotonic() + timeout, FIRST_PAUSE
        while True:
            folder = yield from self.run(self._calls.folder(folder_id))
            if folder.state != _RUNNING:
                return folder
            left = end - time.monotonic()
            if left <= 0:
                raise Timeout(f"analyses of folder {folder_id} still run after {timeout:g} s")
            yield Pause(min(pause, left))
            pause = min(LONGEST_PAUSE, pause * 1.5)

    def _begin(self) -> Steps[Tokens]:
        if self._credentials is None:
            raise ValueError("there is no password to sign in with")
        tokens: Tokens = yield self._calls.sign_in(*self._credentials)
        self.tokens = tokens
        return tokens

    def _renewed(self, old: Tokens | None) -> Steps[Tokens]:
        """Tokens in place of `old`: those that another thread or task has got meanwhile, or new ones."""
        if self.tokens is not None and self.tokens is not old:
            return self.tokens
        if old is not None and old.expire_token:
            try:
                tokens: Tokens = yield self._calls.renew(old)
            except ApiError:
                if self._credentials is None:
                    raise
            else:
                self.tokens = tokens
                return tokens
        return (yield from self._begin())


_SIGNATURE = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")
TOLERANCE = 300.0
"""Seconds between signing and receiving that are accepted."""


def read_webhook(headers: Mapping[str, str], body: bytes, secret: str) -> Folder:
    """The folder that a webhook carries, after a check of its signature.

    headers: of the request. secret: FACEVER_WEBHOOK_SECRET of the server. Raises ValueError for a signature that is
    missing, wrong or older than TOLERANCE seconds, or a body that is not a folder.
    """
    given = next((value for name, value in headers.items() if name.lower() == "x-facever-signature"), "")
    match = _SIGNATURE.fullmatch(given)
    if match is None:
        raise ValueError("the webhook has no signature")
    expected = hmac.new(secret.encode("utf-8", "surrogateescape"), f"{match[1]}.".encode() + body, hashlib.sha256)
    if not hmac.compare_digest(match[2], expected.hexdigest()) or abs(time.time() - int(match[1])) > TOLERANCE:
        raise ValueError("the signature of the webhook is wrong or too old")
    try:
        document = json.loads(body)
        if not isinstance(document, dict):
            raise UnreadableError("not an object")
        return parse_folder(document)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the webhook is not a folder: {error}") from None
