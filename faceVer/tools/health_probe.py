"""`facever health`: query the health method of a running server, as a container's health check does."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from typing import IO

from faceVer.domain.errors import SetupError
from faceVer.settings.model import Settings

PATH = "/v1/face/pattern/health"
PAUSE = 0.5
"""Seconds between two requests while the command waits for a server."""
MOST, EXCERPT = 65536, 300
"""Bytes of a response that are read; characters of it that the command reports."""
# To be compared with, not bound to.
_ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104


def health(
    settings: Settings, url: str | None, *, wait: float = 0.0, trusted: ssl.SSLContext | None = None
) -> tuple[bool, str]:
    """(whether the server works, its response or the reason why not). url: its base; by default this machine and
    the configured port, without a proxy. wait: seconds during which the request is repeated. trusted: the certificates,
    in place of the system's.

    Raises SetupError for a URL that is not valid, and for a certificate file of the settings that cannot be read.
    """
    base = (url or _own(settings)).rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise SetupError("the URL begins with http:// or https://")
    context = trusted or (_trusting_own(settings) if settings.tls.tls_cert and not url else None)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler(None if url else {}), urllib.request.HTTPSHandler(context=context), _NoRedirects()
    )
    seconds, end = settings.api.health_timeout + 5, time.monotonic() + wait
    while True:
        # The last request gets at least a second, even if less is left.
        limit = min(seconds, max(end - time.monotonic(), 1.0)) if wait else seconds
        well, text, lasting = _ask(base, limit, opener)
        left = end - time.monotonic()
        if well or lasting or left <= 0:
            return well, text
        time.sleep(min(PAUSE, left))


def _ask(base: str, seconds: float, opener: urllib.request.OpenerDirector) -> tuple[bool, str, bool]:
    """(whether the server works, the text to report, whether another request would give the same result)."""
    server = f"the server at {base}"
    try:
        with opener.open(base + PATH, timeout=seconds) as answer:
            text = _text(answer)
            if _is_well(text):
                return True, text, False
            return False, f"{server} does not say that it works: {text[:EXCERPT]}", False
    except urllib.error.HTTPError as error:
        with error:
            return False, f"{server} answers HTTP {error.code}: {_text(error)[:EXCERPT]}", False
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, http.client.InvalidURL):
            raise SetupError(f"{base}: {error}") from error
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            problem = f"its certificate is not trusted ({reason.verify_message}); --ca-file FILE names what to trust"
            return False, f"{server} cannot be reached: {problem}", True
        words = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        return False, f"{server} cannot be reached: {words[0].lower()}{words[1:]}", False
    except ValueError as error:  # brackets without an end, a host name of impossible letters
        raise SetupError(f"{base}: {error}") from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Redirects are not followed: another server than the one to check might respond."""

    def redirect_request(self, *_: object) -> None:
        return None


def _text(answer: IO[bytes]) -> str:
    return answer.read(MOST).decode("utf-8", "replace")


def _is_well(text: str) -> bool:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    status = document.get("status") if isinstance(document, dict) else None
    return status == 0 and not isinstance(status, bool)


def _own(settings: Settings) -> str:
    host = "127.0.0.1" if settings.server.host in _ANYWHERE else settings.server.host
    return f"http{'s' if settings.tls.tls_cert else ''}://{f'[{host}]' if ':' in host else host}:{settings.server.port}"


def _trusting_own(settings: Settings) -> ssl.SSLContext:
    """Trust the configured certificate and no other; it is not one for the loopback address."""
    context = ssl.create_default_context(cafile=settings.tls.tls_cert)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
