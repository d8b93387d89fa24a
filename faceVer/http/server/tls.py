"""TLS of the listening socket."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

from cryptography import x509

from faceVer.domain.errors import SetupError
from faceVer.settings.field import PREFIX
from faceVer.settings.model import Settings

_LOWEST = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def server_context(settings: Settings) -> ssl.SSLContext | None:
    """The TLS context of the settings; None for plain HTTP. Raises SetupError naming the files and the reason."""
    if not settings.tls.tls_cert:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = _LOWEST[settings.tls.tls_minimum]
    try:
        # Without a function, OpenSSL would ask for the key's password on the terminal; an empty one is wrong.
        context.load_cert_chain(settings.tls.tls_cert, settings.tls.tls_key, password=lambda: "")
    except OSError as error:  # ssl.SSLError is one
        why = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        why = why or "not PEM, or the key has a password"
        raise SetupError(
            f"{PREFIX}TLS_CERT {settings.tls.tls_cert} and {PREFIX}TLS_KEY {settings.tls.tls_key} cannot be used: {why}"
        ) from error
    return context


def certificate_ended(settings: Settings) -> str:
    """A message for the log if the certificate has expired, so that clients will not trust it; else ""."""
    if not settings.tls.tls_cert:
        return ""
    end = x509.load_pem_x509_certificate(Path(settings.tls.tls_cert).read_bytes()).not_valid_after_utc
    expired = end < datetime.datetime.now(datetime.UTC)
    return f"the certificate {settings.tls.tls_cert} was valid until {end:%Y-%m-%d %H:%M} UTC" if expired else ""
