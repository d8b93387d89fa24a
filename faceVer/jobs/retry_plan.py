"""When a failed attempt is repeated: pauses that double, with jitter, until a number of attempts or a deadline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """attempts: of one delivery. deadline, base, cap: seconds from submission to the end, of the first and the longest
    pause."""

    attempts: int = 6
    deadline: float = 300.0
    base: float = 1.0
    cap: float = 60.0

    def pause(self, tried: int, elapsed: float, random: Callable[[], float], retry_after: float = 0.0) -> float | None:
        """Seconds to wait after `tried` attempts, `elapsed` seconds after submission; None = no further attempt.

        Doubles from `base`, half of it random (0 <= random() < 1) so that deliveries that failed together are not
        repeated together. retry_after: the shortest pause in seconds, from the receiver's header.
        """
        if tried >= self.attempts:
            return None
        full = min(self.cap, self.base * 2.0 ** min(tried - 1, 64))
        pause = max(full / 2 * (1 + random()), retry_after)
        return pause if elapsed + pause < self.deadline else None
