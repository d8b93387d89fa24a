"""Where times and ids come from: injected into the use cases, so that tests and replays can set them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

Clock = Callable[[], float]
"""The time now, in Unix seconds with fraction."""

IdFactory = Callable[[], str]
"""A new UUID4 as text: lower case, with hyphens."""

system_clock: Clock = time.time


def random_id() -> str:
    """The `IdFactory` of a server."""
    return str(uuid.uuid4())
