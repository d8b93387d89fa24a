"""`facever health`: query the health method of a running server, as a container's health check does."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import IO

from faceVer.domain.errors import SetupError
from faceVer.settings.model import Settings

PATH = "/v1/face/pattern/health"
PAUSE = 0.5
"""Seconds between two requests while waiting for a server."""
MAX_BODY, MAX_EXCERPT = 65536, 300
"""Bytes of a response that are read; characters of it in a message."""
# To be compared with, not bound to.
_ANY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104


@dataclass(frozen=True, slots=True)
class Health:
    """text: the server's response, or why it is not healthy. final: another request would have the same result."""

    ok: bool
    text: str
    final: bool = False


def probe(settings: Settings, url: str | None, *, wait: float = 0.0, trusted: ssl.SSLContext | None = None) -> Health:
    """Request the health of a server.

    url: its base URL; by default this machine and the configured port, without a proxy. wait: seconds to repeat the
    request for. trusted: certificates to trust instead of the default ones.

    Raises SetupError for an invalid URL, and for an unreadable certificate file of the settings.
    """
    base = (url or _own_url(settings)).rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise SetupError("the URL begins with http:// or https://")
    context = trusted or (_trust_own_certificate(settings) if settings.tls.tls_cert and not url else None)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler(None if url else {}), urllib.request.HTTPSHandler(context=context), _NoRedirects()
    )
    timeout, end = settings.api.health_timeout + 5, time.monotonic() + wait
    while True:
        # The last request gets at least a second.
        limit = min(timeout, max(end - time.monotonic(), 1.0)) if wait else timeout
        health = _request(base, limit, opener)
        left = end - time.monotonic()
        if health.ok or health.final or left <= 0:
            return health
        time.sleep(min(PAUSE, left))


def _request(base: str, timeout: float, opener: urllib.request.OpenerDirector) -> Health:
    server = f"the server at {base}"
    try:
        with opener.open(base + PATH, timeout=timeout) as response:
            text = _text(response)
            if _is_healthy(text):
                return Health(True, text)
            return Health(False, f"{server} does not say that it works: {text[:MAX_EXCERPT]}")
    except urllib.error.HTTPError as error:
        with error:
            return Health(False, f"{server} answers HTTP {error.code}: {_text(error)[:MAX_EXCERPT]}")
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, http.client.InvalidURL):
            raise SetupError(f"{base}: {error}") from error
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            detail = f"its certificate is not trusted ({reason.verify_message}); --ca-file FILE names what to trust"
            return Health(False, f"{server} cannot be reached: {detail}", final=True)
        message = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        return Health(False, f"{server} cannot be reached: {message[0].lower()}{message[1:]}")
    except ValueError as error:  # an unclosed bracket, or a host name with invalid characters
        raise SetupError(f"{base}: {error}") from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is not followed: the server it leads to is another one."""

    def redirect_request(self, *_: object) -> None:
        return None


def _text(response: IO[bytes]) -> str:
    return response.read(MAX_BODY).decode("utf-8", "replace")


def _is_healthy(text: str) -> bool:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    status = document.get("status") if isinstance(document, dict) else None
    return status == 0 and not isinstance(status, bool)


def _own_url(settings: Settings) -> str:
    host = "127.0.0.1" if settings.server.host in _ANY_ADDRESS else settings.server.host
    return f"http{'s' if settings.tls.tls_cert else ''}://{f'[{host}]' if ':' in host else host}:{settings.server.port}"


def _trust_own_certificate(settings: Settings) -> ssl.SSLContext:
    """Trust only the configured certificate, for any host: it is rarely issued for the loopback address."""
    context = ssl.create_default_context(cafile=settings.tls.tls_cert)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
