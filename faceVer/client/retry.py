"""How long a call may take, how often it is repeated, and after which pauses. No I/O.

Retries are the client's own: only it knows whether a request was sent, and so whether repeating it is safe.
"""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass

SHORTEST = 0.001
"""Seconds of the shortest wait: for a socket 0 means not to wait at all."""
LONGEST = 1e6
"""Seconds of the longest wait: timers overflow at about three weeks."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; None = no limit.

    total: of the call, with its repetitions and pauses. connect: for establishing a connection. read: of one wait for
    the server to send or to receive something.
    """

    total: float | None = 30.0
    connect: float | None = 5.0
    read: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("total", self.total), ("connect", self.connect), ("read", self.read)):
            if value is not None and not value > 0:
                raise ValueError(f"the {name} timeout must be above 0 seconds")

    @classmethod
    def of(cls, value: float | Timeouts | None) -> Timeouts:
        """Timeouts from the argument `timeout=`: a number is the total."""
        return value if isinstance(value, Timeouts) else cls(value)


@dataclass(frozen=True, slots=True)
class Retries:
    """count: most repetitions, 0 = none. first: seconds of the first pause, which doubles each time up to `most`.

    Each pause is drawn from the upper half of that, so that clients which failed together do not come back together.
    """

    count: int = 3
    first: float = 0.25
    most: float = 8.0

    def __post_init__(self) -> None:
        if self.count < 0 or not self.first >= 0 or not self.most >= 0:
            raise ValueError("retries must not be negative")

    @classmethod
    def of(cls, value: int | Retries) -> Retries:
        """Retries from the argument `retries=`: a number is the count."""
        return value if isinstance(value, Retries) else cls(value)

    def pause(self, number: int) -> float:
        """Seconds before repetition `number`, counted from 0."""
        longest = min(self.most, self.first * 2.0 ** min(number, 60))
        # Guessing it has no use.
        return longest * (0.5 + 0.5 * random.random())  # noqa: S311 # nosec B311


class Deadline:
    """The time a call has to end. seconds: from now; None = never."""

    def __init__(self, seconds: float | None) -> None:
        self._at = math.inf if seconds is None else time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds, at least 0; may be infinite."""
        return max(0.0, self._at - time.monotonic())

    def cap(self, seconds: float | None) -> float | None:
        """A wait no longer than the time left, and one that timers accept; None = no limit."""
        wait = min(self.left, math.inf if seconds is None else seconds)
        return None if math.isinf(wait) else min(max(wait, SHORTEST), LONGEST)
