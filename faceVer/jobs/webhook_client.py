"""One attempt to deliver a document to a webhook endpoint.

The client applies the address policy when it creates the socket, to the address it is about to connect to. So neither a
literal address nor a name that changes its address after a check can bypass the policy. The client does not follow
redirects, ignores proxies of the environment, verifies certificates and does not read the body of a response.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from faceVer import __version__
from faceVer.jobs.webhook_policy import SIGNATURE_HEADER, Endpoint, is_public, is_retryable, sign

READ_BUFFER = 4096
"""Most bytes of a response in memory before the client closes the connection without reading the body."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One document to send. body: the JSON of the folder. Of the ids only those that are not empty are sent.

    delivery_id: the same for each attempt, so that a receiver can recognize a repetition.
    """

    url: str
    body: bytes = field(repr=False)
    folder_id: str
    request_id: str = ""
    group_id: str = ""
    delivery_id: str = ""

    @property
    def headers(self) -> dict[str, str]:
        ids = {
            "X-Request-ID": self.request_id,
            "X-FaceVer-Folder": self.folder_id,
            "X-FaceVer-Group": self.group_id,
            "X-FaceVer-Delivery": self.delivery_id,
        }
        return {"Content-Type": "application/json"} | {name: value for name, value in ids.items() if value}


class AttemptResult(NamedTuple):
    """reason: for the log. retry_after: seconds that the receiver tells the server to wait, 0 if it does not."""

    verdict: Literal["delivered", "retry", "refused"]
    reason: str
    retry_after: float = 0.0


class AddressRefusedError(OSError):
    """The policy does not allow an address.

    The message is constant: if the addresses of a host fail with different messages, the event loop raises a plain
    OSError in place of this one.
    """

    def __init__(self) -> None:
        super().__init__("address refused")


class WebhookClient:
    """Create it in the event loop that uses it, and `close()` it before the loop ends.

    secret: signs the documents; "" = no signature. connections: most at a time. allowed: whether the client may connect
    to an IP address, given as text. resolver, tls, clock: for tests; None = the system's resolver and trusted CAs.
    """

    def __init__(  # nosec B107: an empty secret means no signature
        self,
        secret: str = "",
        connections: int = 1,
        *,
        allowed: Callable[[str], bool] = is_public,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secret, self._allowed, self._clock = secret, allowed, clock
        connector = aiohttp.TCPConnector(
            resolver=resolver,
            use_dns_cache=False,  # each attempt resolves the name and checks the address again
            force_close=True,
            limit=connections,
            ssl=tls or True,
            socket_factory=self._make_socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=READ_BUFFER,
            headers={"User-Agent": f"FaceVer/{__version__}", "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        await self._session.close()

    async def post(self, delivery: Delivery, endpoint: Endpoint, seconds: float) -> AttemptResult:
        """Send the document. seconds: time limit from the name lookup to the response's headers."""
        headers = delivery.headers
        if self._secret:
            headers[SIGNATURE_HEADER] = sign(self._secret, int(self._clock()), delivery.body)
        try:
            async with self._session.post(
                URL(endpoint.url, encoded=True),
                data=delivery.body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as response:
                response.close()  # without reading the body
                return _result(response)
        except aiohttp.InvalidURL:
            return AttemptResult("refused", "not a usable URL")
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            if isinstance(getattr(error, "os_error", error), AddressRefusedError):
                return AttemptResult("refused", "the address is not a public one")
            return AttemptResult("retry", type(error).__name__)

    def _make_socket(self, info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, address = info
        if not self._allowed(str(address[0])):
            raise AddressRefusedError
        return socket.socket(family, kind, protocol)


def _result(response: aiohttp.ClientResponse) -> AttemptResult:
    status = response.status
    reason = f"status {status}"
    if 200 <= status < 300:
        return AttemptResult("delivered", reason)
    if is_retryable(status):
        seconds = response.headers.get("Retry-After", "")
        return AttemptResult("retry", reason, float(seconds) if seconds.isascii() and seconds.isdigit() else 0.0)
    return AttemptResult("refused", f"redirect, {reason}" if 300 <= status < 400 else reason)
