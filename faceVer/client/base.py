"""What both clients share: their settings, and the mapping of calls to httpx requests and of httpx's errors back."""

from __future__ import annotations

import inspect
import re
import secrets
import ssl
from collections.abc import Callable, Mapping
from functools import lru_cache, update_wrapper
from typing import Any, TypeVar

import httpx

from faceVer import __version__
from faceVer.client.call import Call
from faceVer.client.calls import MAX_PARTS, Calls
from faceVer.client.errors import ProtocolError, Timeout, TransportError
from faceVer.client.exchange import Attempt, Exchange, Failure
from faceVer.client.parsing import TRANSFER_ENCODING
from faceVer.client.response import Response
from faceVer.client.retry import Retries, Timeouts
from faceVer.client.tls import trusted

REQUEST_ID = "X-Request-ID"
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)
_VISIBLE = re.compile(r"[!-~]+")
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_MESSAGES = (
    (httpx.PoolTimeout, "no connection became free in time"),
    (httpx.ConnectTimeout, "no connection in time"),
    (httpx.ConnectError, "no connection"),
    (httpx.ReadTimeout, "no response in time"),
    (httpx.WriteTimeout, "the server did not receive the request in time"),
    (httpx.RequestError, "no complete response"),
)
T = TypeVar("T")
M = TypeVar("M", bound=Callable[..., Any])


class ClientBase:
    """The settings of a client; see `Client` for the arguments. `_open` makes the connections of its flavour."""

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        timeout: float | Timeouts | None = 30.0,
        retries: int | Retries = 3,
        base64: bool = False,
        *,
        headers: Mapping[str, str] | None = None,
        verify: ssl.SSLContext | str | bool = True,
        limits: httpx.Limits | None = None,
        transport: Any = None,
        max_parts: int = MAX_PARTS,
    ) -> None:
        base = _parse_url(url)
        auth = httpx.BasicAuth(base.username, base.password) if base.userinfo else None
        sent = httpx.Headers({"User-Agent": f"faceVer-client/{__version__}"})
        sent.update(dict(headers or {}))
        self._secrets = tuple(filter(None, (api_key, base.password, sent.get("Authorization"))))
        if api_key is not None:
            if not _VISIBLE.fullmatch(api_key):
                raise ValueError("an API key is visible ASCII characters")
            # Where a proxy's authentication takes the usual header, the API has another.
            taken = auth is not None or "Authorization" in sent
            sent.update({"X-API-Key": api_key} if taken else {"Authorization": f"Bearer {api_key}"})
        self._url = str(base.copy_with(username=None, password=None)).rstrip("/")
        self._calls = Calls(encoded=base64, max_parts=max_parts)
        self._timeouts, self._retries = Timeouts.of(timeout), Retries.of(retries)
        try:
            self._open({"headers": sent, "auth": auth, "verify": trusted(verify)}, limits or LIMITS, transport)
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            raise ValueError(f"a proxy in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY cannot be used: {error}") from None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url!r})"

    def _open(self, settings: Mapping[str, Any], limits: httpx.Limits, transport: Any) -> None:
        """Make the httpx client. settings: its arguments but for limits and transport."""
        raise NotImplementedError

    def _exchange(self, call: Call[T]) -> Exchange[T]:
        """Raises ValueError for an invalid request id."""
        request_id = call.options.get("request_id") or secrets.token_hex(16)
        if not _VISIBLE.fullmatch(request_id) or len(request_id) > 128:
            raise ValueError("a request id is 1 to 128 visible ASCII characters")
        timeouts = Timeouts.of(call.options["timeout"]) if "timeout" in call.options else self._timeouts
        return Exchange(call, request_id, timeouts, self._retries)

    def _request(self, attempt: Attempt) -> dict[str, Any]:
        """An attempt as arguments of httpx's `build_request`, except for the content."""
        call, limits = attempt.call, attempt.timeouts
        headers = {REQUEST_ID: attempt.request_id, **call.headers}
        if call.body is not None:
            headers["Content-Type"] = call.body.content_type
            if self._calls.encoded:
                headers[TRANSFER_ENCODING] = "base64"
            if (length := call.body.length) is not None:
                headers["Content-Length"] = str(length)
        timeout = httpx.Timeout(
            connect=limits.connect, read=limits.read, write=limits.read, pool=attempt.deadline.cap(None)
        )
        return {
            "method": call.method,
            "url": _cached_url(call.path if call.path.startswith("http") else self._url + call.path),
            "headers": headers,
            "timeout": timeout,
        }

    def _response(self, response: httpx.Response, body: bytes, attempt: Attempt) -> Response:
        request_id = response.headers.get(REQUEST_ID) or attempt.request_id
        secrets = (*self._secrets, *attempt.call.headers.values())  # these are access tokens
        return Response(response.status_code, response.headers, body, request_id, secrets)

    def _failure(self, error: httpx.RequestError, attempt: Attempt) -> Failure:
        """Why there is no response. httpx's error is not passed on: it holds the request, and so the API key."""
        if isinstance(error, httpx.DecodingError):
            return Failure(
                ProtocolError("a response whose compression is broken", 0, attempt.request_id), transient=False
            )
        reason = next(text for kind, text in _MESSAGES if isinstance(error, kind))
        detail = f": {error}" if str(error) else ""
        path = attempt.call.path
        # The query of a file's address is its signature.
        address = path.partition("?")[0] if path.startswith("http") else self._url + path
        message = f"{attempt.call.method} {address}: {reason}{detail}"
        kind = Timeout if isinstance(error, httpx.TimeoutException) else TransportError
        sent = attempt.sent or not isinstance(error, _UNSENT)
        return Failure(kind(message, attempt.request_id, sent), transient=not _is_permanent(error))


def method(make: Callable[..., Call[T]], run: M) -> M:
    """`run` with the name, docstring and signature of `make`, whose result is here the call's result."""
    signature = inspect.signature(make)
    result = signature.return_annotation.removeprefix("Call[").removesuffix("]")
    update_wrapper(run, make, ("__name__", "__doc__"))
    vars(run)["__signature__"] = signature.replace(return_annotation=result)
    return run


def _parse_url(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        raise ValueError("the URL cannot be read") from None
    if address.scheme not in ("http", "https") or not address.host or address.query or address.fragment:
        raise ValueError("the URL is http://host:port or https://host:port, with a path or none")
    return address


@lru_cache(maxsize=64)
def _cached_url(url: str) -> httpx.URL:
    """Parsing takes a tenth of the time of a comparison, and there are few URLs."""
    return httpx.URL(url)


def _is_permanent(error: BaseException) -> bool:
    """Whether another attempt would fail, too: for an untrusted certificate, or a request that is not HTTP."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (ssl.SSLCertVerificationError, httpx.LocalProtocolError)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
