"""`facever health`: ask a running server, as a container's health check does."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request

from faceVer.config import Settings
from faceVer.errors import SetupError

PATH = "/v1/face/pattern/health"
# To be compared with, not bound to.
_ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104


def health(settings: Settings, url: str | None) -> tuple[bool, str]:
    """(whether the server works, what it says). url: its base; by default this machine and the configured port.

    Raises SetupError for a URL of another scheme.
    """
    base = (url or _own(settings)).rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise SetupError("the URL begins with http:// or https://")
    context = _trusting_own(settings) if settings.tls_cert and not url else None
    seconds = settings.health_timeout + 5
    try:
        with urllib.request.urlopen(base + PATH, timeout=seconds, context=context) as answer:  # noqa: S310 - checked above
            return True, answer.read(4096).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return False, error.read(4096).decode("utf-8", "replace")
    except (urllib.error.URLError, TimeoutError) as error:
        return False, f"facever: {base}{PATH}: {error}"


def _own(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in _ANYWHERE else settings.host
    return f"http{'s' if settings.tls_cert else ''}://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _trusting_own(settings: Settings) -> ssl.SSLContext:
    """Trust the configured certificate and no other; it is not one for the loopback address."""
    context = ssl.create_default_context(cafile=settings.tls_cert)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
