"""The certificates that a client trusts."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import httpx


def trusted(verify: ssl.SSLContext | str | bool) -> ssl.SSLContext | bool:
    """The argument `verify` for httpx; a path names a file of certificates to trust."""
    if isinstance(verify, str):
        with _naming(verify):
            return ssl.create_default_context(cafile=verify)
    return default_trust() if verify is True else verify


@cache
def default_trust() -> ssl.SSLContext:
    """Made once: reading all certificates takes longer than the rest of making a client."""
    with _naming(os.environ.get("SSL_CERT_FILE")):
        return httpx.create_ssl_context()


@contextmanager
def _naming(file: str | None) -> Iterator[None]:
    """Add the file to errors of reading certificates, which do not name it."""
    try:
        yield
    except OSError as error:
        error.filename = file
        raise
