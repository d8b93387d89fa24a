"""When a failed attempt is repeated: pauses that double, with jitter, until a number of attempts or a deadline."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


def jittered(seconds: float, rand: Callable[[], float] = random.random) -> float:
    """Between a half and all of it, so that what failed together is not repeated together. 0 <= rand() < 1."""
    return seconds / 2 * (1 + rand())


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """attempts: of one delivery. deadline, base, cap: seconds from submission to the end, of the first and the longest
    pause."""

    attempts: int = 6
    deadline: float = 300.0
    base: float = 1.0
    cap: float = 60.0

    def pause(
        self,
        tried: int,
        elapsed: float,
        rand: Callable[[], float] = random.random,
        retry_after: float = 0.0,
    ) -> float | None:
        """Seconds to wait after `tried` attempts, `elapsed` seconds after submission; None = no further attempt.

        Doubles from `base`, jittered. retry_after: the shortest pause in seconds, from the receiver's header.
        """
        if tried >= self.attempts:
            return None
        full = min(self.cap, self.base * 2.0 ** min(tried - 1, 64))
        pause = max(jittered(full, rand), retry_after)
        return pause if elapsed + pause < self.deadline else None
