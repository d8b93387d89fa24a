"""The asynchronous client, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, Unpack

import httpx

from faceVer.client.base import ClientBase, method
from faceVer.client.call import Call, Options
from faceVer.client.calls import Calls
from faceVer.client.exchange import Attempt, DeadlinePassed, Failure
from faceVer.client.files import File
from faceVer.client.response import Response
from faceVer.client.results import Match
from faceVer.client.search import AnyGallery, Search, async_batches

P = ParamSpec("P")
T = TypeVar("T")


def _method(
    make: Callable[Concatenate[Calls, P], Call[T]],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    """The coroutine method that makes a call and returns its result."""

    async def run(client: AsyncClient, /, *arguments: P.args, **options: P.kwargs) -> T:
        return await client._run(make(client._calls, *arguments, **options))

    return method(make, run)


class AsyncConnection(ClientBase):
    """The connections of an asynchronous client, and how it runs a call."""

    async def aclose(self) -> None:
        """Close all connections. No call may follow."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _open(
        self, settings: Mapping[str, Any], limits: httpx.Limits, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._http = httpx.AsyncClient(**settings, limits=limits, transport=transport)

    async def _run(self, call: Call[T]) -> T:
        exchange = self._exchange(call)
        while (pause := exchange.settle(await self._send(exchange.attempt()))) is not None:  # noqa: ASYNC110 - no polling
            await asyncio.sleep(pause)
        return exchange.result

    async def _send(self, attempt: Attempt) -> Response | Failure:
        content = None if attempt.call.body is None else _blocks(attempt, attempt.call.body.reads_files)
        request = self._http.build_request(content=content, **self._request(attempt))
        try:
            async with asyncio.timeout(attempt.deadline.cap(None)) as timer:
                response = await self._http.send(request, stream=True)
                try:
                    body = b"".join([block async for block in response.aiter_bytes()])
                finally:
                    await response.aclose()
        except DeadlinePassed:
            return attempt.late()
        except TimeoutError:
            if not timer.expired():  # raised by a file
                raise
            return attempt.late()
        except httpx.RequestError as error:
            return self._failure(error, attempt)
        return self._response(response, body, attempt)


class AsyncClient(AsyncConnection):
    """`Client` with `await`: the same arguments, methods and errors. For one event loop.

    Files are read on threads while they are sent, except for their first bytes and the probe of `search`, which are
    read when a method is called.
    """

    version = _method(Calls.version)
    health = _method(Calls.health)
    liveness_health = _method(Calls.liveness_health)
    extract = _method(Calls.extract)
    compare = _method(Calls.compare)
    verify = _method(Calls.verify)
    extract_and_compare = _method(Calls.extract_and_compare)
    compare_n = _method(Calls.compare_n)
    verify_n = _method(Calls.verify_n)
    extract_and_compare_n = _method(Calls.extract_and_compare_n)
    liveness = _method(Calls.liveness)
    analyse = _method(Calls.analyse)
    best_shot = _method(Calls.best_shot)

    def search(
        self, probe: File, gallery: AnyGallery, batch: int = 1000, **options: Unpack[Options]
    ) -> AsyncIterator[Match]:
        """As `Client.search`; the gallery may also be an asynchronous iterable."""
        return self._search(Search(self._calls, probe, batch, options), gallery)

    async def _search(self, search: Search, gallery: AnyGallery) -> AsyncIterator[Match]:
        async for batch in async_batches(gallery, search.size):
            if search.template is None:
                search.template = await self._run(search.extraction())
            for match in await self._run(search.comparison(search.template, batch)):
                yield match


async def _blocks(attempt: Attempt, reads_files: bool) -> AsyncIterator[bytes]:
    """The body; files are read on threads."""
    blocks = attempt.blocks()
    while (block := await asyncio.to_thread(next, blocks, None) if reads_files else next(blocks, None)) is not None:
        yield block
