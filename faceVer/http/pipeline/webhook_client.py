"""One attempt to deliver a document to a webhook endpoint.

The address policy is applied where the socket is made, to the address it will be connected to: neither a literal
address nor a name that resolves to another one a moment later gets past it. Redirects are not followed, proxies from
the environment are not used, certificates are verified, bodies of responses are not read.
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
from faceVer.services.webhook_policy import SIGNATURE_HEADER, Endpoint, is_public, is_retryable, sign

READ_BUFFER = 4096
"""Bytes of a response held before its connection is closed unread."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One document to send. body: the JSON that the client got."""

    url: str
    body: bytes = field(repr=False)
    folder_id: str
    request_id: str


class AttemptResult(NamedTuple):
    """reason: for the log. retry_after: seconds that the receiver wants the server to wait."""

    verdict: Literal["delivered", "retry", "refused"]
    reason: str
    retry_after: float = 0.0


class AddressRefusedError(OSError):
    """The policy does not allow the host's address. All have one message, so that aiohttp does not merge several."""

    def __init__(self) -> None:
        super().__init__("address refused")


class WebhookClient:
    """Made in the event loop it is used in; `close()` it before the loop ends.

    secret: signs the documents; "" = no signature. connections: at a time. allowed: whether an address, as text, may be
    connected to. resolver, tls, clock: for tests; None = the system's name lookup and trusted authorities.
    """

    def __init__(
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
            use_dns_cache=False,  # each attempt looks the name up, and checks the address, again
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
        """Send the document. seconds: for name lookup, connection and the response's headers together."""
        headers = {
            "Content-Type": "application/json",
            "X-Request-ID": delivery.request_id,
            "X-FaceVer-Folder": delivery.folder_id,
        }
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
