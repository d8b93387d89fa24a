"""Reading a body while it arrives: memory budget, size limit, time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

from faceVer.domain.errors import OverloadedError, TooLargeError
from faceVer.http.pipeline.forms.part_headers import MalformedBodyError
from faceVer.http.pipeline.forms.reading import receive
from faceVer.http.pipeline.memory_budget import MemoryBudget, MemoryReservation


def received(
    chunks: Sequence[bytes],
    *,
    ended: bool = True,
    limit: int = 100,
    reservation: MemoryReservation | None = None,
    seconds: float = 0.05,
) -> list[bytes]:
    """The chunks that `receive` passes on, of a body that arrives in `chunks`. ended: whether its end arrives, too."""

    async def run() -> list[bytes]:
        loop, taken = asyncio.get_running_loop(), []
        protocol = BaseProtocol(loop)
        protocol.connection_made(asyncio.Transport())
        content = StreamReader(protocol, 2**16, loop=loop)
        request: web.Request = make_mocked_request("POST", "/", payload=content)
        reading = asyncio.ensure_future(
            receive(request, limit, reservation or MemoryReservation(MemoryBudget(1000)), seconds, taken.append)
        )
        for chunk in chunks:
            await asyncio.sleep(0)
            content.feed_data(chunk)
        await asyncio.sleep(0)
        if ended:
            content.feed_eof()
        await reading
        return taken

    return asyncio.run(run())


def test_chunks_are_passed_on_in_order() -> None:
    assert b"".join(received([b"ab", b"c", b"def"])) == b"abcdef"
    assert received([]) == []


@pytest.mark.parametrize("chunks", [[bytes(101)], [bytes(60), bytes(41)]])
def test_a_body_above_its_limit_is_rejected(chunks: list[bytes]) -> None:
    assert sum(map(len, received([bytes(60), bytes(40)]))) == 100
    with pytest.raises(TooLargeError):
        received(chunks)


def test_a_body_that_stops_arriving_is_malformed() -> None:
    with pytest.raises(MalformedBodyError, match="did not arrive"):
        received([b"a"], ended=False)


def test_the_budget_is_reserved_as_bytes_arrive_and_released() -> None:
    budget = MemoryBudget(10)
    with budget.reserve() as first, budget.reserve() as second:
        first.grow_to(6)
        second.grow_to(4)
        with pytest.raises(OverloadedError):
            received([bytes(5)], reservation=second)
    with budget.reserve() as alone:
        alone.grow_to(50)  # a request that is alone may always pass
    with budget.reserve() as first, budget.reserve() as second:
        first.grow_to(5)
        received([bytes(5)], reservation=second)
