"""Which certificates a server is trusted by; apart from the client, which `facever health` does not load."""

from __future__ import annotations

import ssl
from pathlib import Path

from faceVer.domain.errors import SetupError


def trusting(file: Path) -> ssl.SSLContext:
    """Trust a PEM file's certificates instead of the system's. Raises SetupError."""
    try:
        return ssl.create_default_context(cafile=file)
    except OSError as error:  # ssl.SSLError is one, and neither names the file
        raise SetupError(f"{file}: no certificates can be read: {error.strerror or error}") from error
