"""How long a call may take, and how often and after which pause it is repeated: numbers, no I/O."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass

CONNECT = 5.0
LEAST = 0.001
"""Seconds that a wait is given at least: a socket takes 0 for not waiting at all."""
MOST = 1e6
"""Seconds that a wait is given at most: timers overflow at some three weeks."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; None is no bound.

    total: of a whole call, its repetitions and pauses included. connect: until a connection stands. read: of one wait
    for the server to send or to take something.
    """

    total: float | None = 30.0
    connect: float | None = CONNECT
    read: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("total", self.total), ("connect", self.connect), ("read", self.read)):
            if value is not None and not value > 0:
                raise ValueError(f"the {name} time-out must be above 0 seconds")

    @classmethod
    def of(cls, value: float | Timeouts | None) -> Timeouts:
        """Time-outs from what `timeout=` may be: a number is the total."""
        return value if isinstance(value, Timeouts) else cls(value)


@dataclass(frozen=True, slots=True)
class Retries:
    """count: repetitions at most, 0 for none. first: seconds of the first pause, doubled each time up to `most`.

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
        """Retries from what `retries=` may be: a number is the count."""
        return value if isinstance(value, Retries) else cls(value)

    def pause(self, number: int) -> float:
        """Seconds before repetition `number`, counted from 0."""
        longest = min(self.most, self.first * 2.0 ** min(number, 60))
        # Nobody gains from guessing it.
        return longest * (0.5 + 0.5 * random.random())  # noqa: S311 # nosec B311


class Deadline:
    """The moment a call has to be over. seconds: from now; None is never."""

    def __init__(self, seconds: float | None) -> None:
        self._at = math.inf if seconds is None else time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds, at least 0; may be infinite."""
        return max(0.0, self._at - time.monotonic())

    def cap(self, seconds: float | None) -> float | None:
        """Not more than is left, nor than a timer takes; None is no bound."""
        least = min(self.left, math.inf if seconds is None else seconds)
        return None if math.isinf(least) else min(max(least, LEAST), MOST)
