"""The connections that threads share."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from types import SimpleNamespace

import httpx
import pytest

from faceVer.client import Client, Timeout
from faceVer.client.pool import ConnectionPool, NoConnectionFree
from tests.client.faulty import SAME, Faulty, silence
from tests.client.test_search import Counting

TEMPLATE = b"FVTP" + bytes(100)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("faceVer.client.pool.time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def pool(**limits: float | None) -> tuple[ConnectionPool, list[httpx.Client]]:
    made: list[httpx.Client] = []

    def make() -> httpx.Client:
        made.append(httpx.Client(transport=Counting()))
        return made[-1]

    return ConnectionPool(make, httpx.Limits(**limits)), made  # type: ignore[arg-type]


def take(shared: ConnectionPool, count: int) -> list[httpx.Client]:
    """Take so many at once, and give them back in the order they were taken."""
    stacks = [ExitStack() for _ in range(count)]
    taken = [stack.enter_context(shared.client(0)) for stack in stacks]
    for stack in stacks:
        stack.close()
    return taken


def test_one_is_used_again_and_by_nobody_else_meanwhile() -> None:
    shared, made = pool()
    assert take(shared, 1) == take(shared, 1) == made[:1]
    assert len(set(take(shared, 3))) == len(made) == 3


def test_no_more_than_the_limit() -> None:
    shared, made = pool(max_connections=2)
    with shared.client(0), shared.client(0), pytest.raises(NoConnectionFree), shared.client(0.01):
        pass
    assert len(take(shared, 2)) == len(made) == 2


def test_no_more_idle_ones_than_the_limit() -> None:
    shared, made = pool(max_keepalive_connections=1)
    take(shared, 3)
    assert [client.is_closed for client in made] == [True, True, False]
    assert take(shared, 1) == made[2:]


def test_none_that_is_idle_for_too_long(clock: list[float]) -> None:
    shared, made = pool(keepalive_expiry=5.0)
    take(shared, 2)
    clock[0] += 6
    take(shared, 1)
    assert [client.is_closed for client in made] == [True, False]


def test_those_in_use_are_closed_when_they_come_back() -> None:
    shared, made = pool()
    take(shared, 2)
    with shared.client(None) as busy:
        shared.close()
        assert [client.is_closed for client in made] == [client is not busy for client in made]
    assert busy.is_closed
    with pytest.raises(RuntimeError, match="closed"), shared.client(0):
        pass


def test_a_callers_transport_lives_as_long_as_the_client() -> None:
    class Mine(Counting):
        closed = False

        def close(self) -> None:
            self.closed = True

    mine = Mine()
    with Client("http://localhost", transport=mine, limits=httpx.Limits(max_keepalive_connections=0)) as client:
        for _ in range(2):
            assert client.compare_n(TEMPLATE, [TEMPLATE])
            assert not mine.closed
    assert mine.closed


def test_waiting_for_a_connection_ends_with_the_call() -> None:
    with Faulty(silence, SAME) as server, Client(server.url, limits=httpx.Limits(max_connections=1)) as client:
        first = threading.Thread(target=lambda: client.compare(TEMPLATE, TEMPLATE))
        first.start()
        assert server.arrived.wait(10)
        with pytest.raises(Timeout) as caught:
            client.compare(TEMPLATE, TEMPLATE, timeout=0.1)
        assert not caught.value.sent
        assert len(server.seen) == 1
        server.over.set()
        first.join()
