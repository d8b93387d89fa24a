"""One call, from its first attempt to its result: what is repeated, and after which pause. No I/O.

A client sends each `Attempt` and reports its response, or why there is none:

    while True:
        pause = exchange.settle(send(exchange.attempt()))
        if pause is None:
            return exchange.result
        sleep(pause)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from faceVer.client.call import Call
from faceVer.client.errors import ApiError, ClientError, ProtocolError, Timeout, TransportError
from faceVer.client.response import OVERLOADED, Response
from faceVer.client.retry import Deadline, Retries, Timeouts

T = TypeVar("T")


class DeadlinePassed(Exception):  # noqa: N818 - not a public error
    """The deadline of the call has passed; raised while blocks are sent or read."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt without a response. transient: another attempt may succeed."""

    error: ClientError
    transient: bool = True


class Attempt:
    """One sending of a call.

    sent: whether the server may have received the request in an earlier attempt. begun: whether it may have received
    some of the body in this one.
    """

    def __init__(
        self, call: Call[Any], request_id: str, timeouts: Timeouts, deadline: Deadline, sent: bool = False
    ) -> None:
        self.call, self.request_id, self.deadline, self.sent = call, request_id, deadline, sent
        self.timeouts = Timeouts(None, deadline.cap(timeouts.connect), deadline.cap(timeouts.read))
        self.begun = False

    def blocks(self) -> Iterator[bytes]:
        """The body. Raises DeadlinePassed, OSError."""
        if self.call.body is not None:
            for block in self.in_time(self.call.body.blocks()):
                self.begun = True
                yield block

    def in_time(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The same blocks. Raises DeadlinePassed."""
        for block in blocks:
            if not self.deadline.left:
                raise DeadlinePassed
            yield block

    def late(self, *, connected: bool = True) -> Failure:
        """The failure after DeadlinePassed. connected: there may have been a connection."""
        sent = self.sent or self.begun or (connected and self.call.body is None)
        return Failure(Timeout("the call took longer than its timeout", self.request_id, sent), transient=False)


class Exchange(Generic[T]):
    """A running call. `result` is set once `settle` has returned None."""

    result: T

    def __init__(self, call: Call[T], request_id: str, timeouts: Timeouts, retries: Retries) -> None:
        self._call, self._request_id = call, request_id
        self._timeouts, self._retries = timeouts, retries
        self._deadline = Deadline(timeouts.total)
        self._repetitions, self._sent = 0, False
        self._last = self.attempt()

    def attempt(self) -> Attempt:
        """The next attempt; all have the same request id."""
        self._last = Attempt(self._call, self._request_id, self._timeouts, self._deadline, self._sent)
        return self._last

    def settle(self, outcome: Response | Failure) -> float | None:
        """Seconds to wait before the next attempt; None where there is a result. Raises ClientError."""
        wait: float | None
        if isinstance(outcome, Failure):
            error, wait = outcome.error, 0.0 if outcome.transient else None
        else:
            try:
                self.result = self._call.read(outcome)
                return None
            except (ApiError, ProtocolError) as rejection:
                error, wait = rejection, outcome.retry_after if outcome.status == OVERLOADED else None
        if wait is None or self._repetitions >= self._retries.count or not self._may_repeat(error):
            raise error
        pause = max(wait, self._retries.pause(self._repetitions))
        if pause >= self._deadline.left:
            raise error
        self._repetitions += 1
        self._sent = self._sent or not isinstance(error, TransportError) or error.sent
        return pause

    def _may_repeat(self, error: ClientError) -> bool:
        """Whether the server cannot have begun the request, or it may be sent again."""
        body = self._call.body
        if body is None:
            return self._call.safe or (isinstance(error, TransportError) and not error.sent)
        return not self._last.begun or (self._call.safe and body.repeatable)
