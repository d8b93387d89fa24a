"""The names of background tasks, and how the services ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from faceVer.storage.database import Connection

RUN_GROUP = "run_group"
"""Runs the analyses of a group; argument `group_id`."""
SEND_WEBHOOKS = "send_webhooks"
"""Sends the webhooks that are due."""
DELETE_COMPANY = "delete_company"
"""Deletes what a company has; argument `company_id`."""


class Enqueue(Protocol):
    """Adds a job in the transaction of `connection`. due: Unix seconds, when it may run."""

    def __call__(self, connection: Connection, task: str, arguments: Mapping[str, Any], due: float) -> None: ...
