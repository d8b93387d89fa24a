"""The memory that request bodies of one process may take together."""

from __future__ import annotations

from typing import Self

from faceVer.domain.errors import OverloadedError


class MemoryBudget:
    """At most `limit` bytes of request bodies, held by the reservations of all running requests."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    def reserve(self) -> MemoryReservation:
        return MemoryReservation(self)

    def take(self, size: int) -> None:
        """Raises OverloadedError. A request that is alone may pass the limit: its own size is limited elsewhere."""
        if self._held and self._held + size > self._limit:
            raise OverloadedError(f"{self._held} bytes of bodies are held, {size} more would pass the limit")
        self._held += size

    def give_back(self, size: int) -> None:
        self._held -= size


class MemoryReservation:
    """`with budget.reserve() as reservation:` one request's bytes. It grows as the body arrives."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget = budget
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.give_back(self.size)

    def grow_to(self, size: int) -> None:
        """Hold at least `size` bytes. Raises OverloadedError."""
        if size > self.size:
            self._budget.take(size - self.size)
            self.size = size
