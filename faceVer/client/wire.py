"""What both transports share: addresses, headers, and what httpx's errors mean."""

from __future__ import annotations

import os
import re
import secrets
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, TypedDict, TypeVar

import httpx

from faceVer import __version__
from faceVer.client.answer import Answer
from faceVer.client.calls import Call, Calls
from faceVer.client.errors import ProtocolError, Timeout, TransportError
from faceVer.client.exchange import Attempt, Exchange, Lost
from faceVer.client.retry import Retries, Timeouts

REQUEST_ID = "X-Request-ID"
_VISIBLE = re.compile(r"[!-~]+")
_REQUEST_ID = re.compile(r"[!-~]{1,128}")
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_WORDS = (
    (httpx.PoolTimeout, "no connection became free in time"),
    (httpx.ConnectTimeout, "no connection in time"),
    (httpx.ConnectError, "no connection"),
    (httpx.ReadTimeout, "no answer in time"),
    (httpx.WriteTimeout, "the request was not taken in time"),
    (httpx.RequestError, "no whole answer"),
)
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)
T = TypeVar("T")


class Options(TypedDict, total=False):
    """Of a single call. request_id: 1 to 128 visible ASCII characters. timeout: as of the client, in its place."""

    request_id: str
    timeout: float | Timeouts | None


class Wire:
    """The settings of a client; nothing in it changes. `secrets` are kept out of errors."""

    def __init__(
        self,
        url: str,
        api_key: str | None,
        timeout: float | Timeouts | None,
        retries: int | Retries,
        base64: bool,
        headers: Mapping[str, str] | None,
        max_parts: int,
    ) -> None:
        """Raises ValueError."""
        base = _address(url)
        self.auth = httpx.BasicAuth(base.username, base.password) if base.userinfo else None
        self.url = str(base.copy_with(username=None, password=None)).rstrip("/")
        self.headers = httpx.Headers({"User-Agent": f"faceVer-client/{__version__}"})
        self.headers.update(dict(headers or {}))
        self.secrets = tuple(filter(None, (api_key, base.password, self.headers.get("Authorization"))))
        if api_key is not None:
            if not _VISIBLE.fullmatch(api_key):
                raise ValueError("an API key is visible ASCII characters")
            # Where a proxy's own check takes the usual header, there is another.
            taken = self.auth is not None or "Authorization" in self.headers
            self.headers.update({"X-API-Key": api_key} if taken else {"Authorization": f"Bearer {api_key}"})
        self.calls = Calls(encoded=base64, max_parts=max_parts)
        self._timeouts, self._retries = Timeouts.of(timeout), Retries.of(retries)

    def exchange(self, call: Call[T], options: Options) -> Exchange[T]:
        """Raises ValueError for a request id that cannot be one."""
        request_id = options.get("request_id") or secrets.token_hex(16)
        if not _REQUEST_ID.fullmatch(request_id):
            raise ValueError("a request id is 1 to 128 visible ASCII characters")
        timeouts = Timeouts.of(options["timeout"]) if "timeout" in options else self._timeouts
        return Exchange(call, request_id, timeouts, self._retries)

    def request(self, attempt: Attempt) -> dict[str, Any]:
        """An attempt as arguments of httpx's `build_request`, but for its content."""
        call, limits = attempt.call, attempt.timeouts
        headers = {REQUEST_ID: attempt.request_id, **(call.headers or {})}
        if call.body is not None:
            headers["Content-Type"] = call.body.content_type
            if (length := call.body.length) is not None:
                headers["Content-Length"] = str(length)
        timeout = httpx.Timeout(
            connect=limits.connect, read=limits.read, write=limits.read, pool=attempt.deadline.cap(None)
        )
        return {"method": call.method, "url": _parsed(self.url + call.path), "headers": headers, "timeout": timeout}

    def answer(self, response: httpx.Response, body: bytes, attempt: Attempt) -> Answer:
        request_id = response.headers.get(REQUEST_ID) or attempt.request_id
        return Answer(response.status_code, response.headers, body, request_id, self.secrets)

    def lost(self, error: httpx.RequestError, attempt: Attempt) -> Lost:
        """Why there is no answer. httpx's own error is not passed on: it holds the request, and so the key."""
        if isinstance(error, httpx.DecodingError):
            return Lost(ProtocolError("an answer whose compression is broken", 0, attempt.request_id), passing=False)
        words = next(text for kind, text in _WORDS if isinstance(error, kind))
        detail = f": {error}" if str(error) else ""
        message = f"{attempt.call.method} {self.url}{attempt.call.path}: {words}{detail}"
        kind = Timeout if isinstance(error, httpx.TimeoutException) else TransportError
        sent = attempt.sent or not isinstance(error, _UNSENT)
        return Lost(kind(message, attempt.request_id, sent), passing=not _lasting(error))


def tls(verify: ssl.SSLContext | str | bool) -> ssl.SSLContext | bool:
    """What httpx takes for `verify`: a path names a file of certificates to trust."""
    if isinstance(verify, str):
        with _naming(verify):
            return ssl.create_default_context(cafile=verify)
    return _usual_trust() if verify is True else verify


@cache
def _usual_trust() -> ssl.SSLContext:
    """Made once: reading all certificates takes longer than all else that a client is made of."""
    with _naming(os.environ.get("SSL_CERT_FILE")):
        return httpx.create_ssl_context()


@contextmanager
def _naming(file: str | None) -> Iterator[None]:
    """Errors of reading certificates, which do not say of which file they are."""
    try:
        yield
    except OSError as error:
        error.filename = file
        raise


def making(make: Callable[[], T]) -> T:
    """Make an httpx client. Raises ValueError where it cannot use the proxies that the environment names."""
    try:
        return make()
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise ValueError(f"a proxy in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY cannot be used: {error}") from None


@lru_cache(maxsize=64)
def _parsed(url: str) -> httpx.URL:
    """The few addresses there are, parsed once: it takes a tenth of the time a comparison does."""
    return httpx.URL(url)


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        raise ValueError("the URL cannot be read") from None
    if address.scheme not in ("http", "https") or not address.host or address.query or address.fragment:
        raise ValueError("the URL is http://host:port or https://host:port, with a path or none")
    return address


def _lasting(error: BaseException) -> bool:
    """Whether another attempt would fare the same: a certificate that is not trusted, a request that is not HTTP."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (ssl.SSLCertVerificationError, httpx.LocalProtocolError)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
