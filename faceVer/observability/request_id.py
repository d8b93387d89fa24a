"""The id of the request that the current task handles; every log line carries it."""

from __future__ import annotations

import os
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")


def new_request_id() -> str:
    """A random id, 32 hex digits."""
    return os.urandom(16).hex()
