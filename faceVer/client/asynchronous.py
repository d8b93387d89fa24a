"""The asynchronous client, for asyncio."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from faceVer.client.answer import Answer
from faceVer.client.calls import MAX_PARTS, Call
from faceVer.client.exchange import Attempt, DeadlinePassed, Lost
from faceVer.client.files import File, NamedFile
from faceVer.client.payload import AnalysisRequest
from faceVer.client.results import Comparison, Folder, Health, Liveness, Match, Verification, Version
from faceVer.client.retry import Retries, Timeouts
from faceVer.client.search import AnyGallery, Search, async_batches
from faceVer.client.wire import LIMITS, Options, Wire, making, tls

T = TypeVar("T")


class AsyncClient:
    """`Client` with `await`: the same arguments, methods and errors. To be used in one event loop.

    Files are read on threads while they are sent, but for their first bytes and the probe of `search`, which are read
    when a method is called.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        timeout: float | Timeouts | None = 30.0,
        retries: int | Retries = 3,
        base64: bool = False,
        *,
        headers: Mapping[str, str] | None = None,
        verify: ssl.SSLContext | str | bool = True,
        limits: httpx.Limits | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        max_parts: int = MAX_PARTS,
    ) -> None:
        self._wire = Wire(url, api_key, timeout, retries, base64, headers, max_parts)
        trusted = tls(verify)
        self._http = making(
            lambda: httpx.AsyncClient(
                headers=self._wire.headers,
                auth=self._wire.auth,
                verify=trusted,
                limits=limits or LIMITS,
                transport=transport,
            )
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._wire.url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections. No call may follow."""
        await self._http.aclose()

    async def version(self, **options: Unpack[Options]) -> Version:
        """As `Client.version`."""
        return await self._run(self._wire.calls.version(), options)

    async def health(self, **options: Unpack[Options]) -> Health:
        """As `Client.health`."""
        return await self._run(self._wire.calls.health(), options)

    async def liveness_health(self, **options: Unpack[Options]) -> Health:
        """As `Client.liveness_health`."""
        return await self._run(self._wire.calls.liveness_health(), options)

    async def extract(self, image: File, **options: Unpack[Options]) -> bytes:
        """As `Client.extract`."""
        return await self._run(self._wire.calls.extract(image), options)

    async def compare(self, feature: File, template: File, **options: Unpack[Options]) -> Comparison:
        """As `Client.compare`."""
        return await self._run(self._wire.calls.compare(feature, template), options)

    async def verify(self, image: File, template: File, **options: Unpack[Options]) -> Verification:
        """As `Client.verify`."""
        return await self._run(self._wire.calls.verify(image, template), options)

    async def extract_and_compare(self, image: File, other: File, **options: Unpack[Options]) -> Comparison:
        """As `Client.extract_and_compare`."""
        return await self._run(self._wire.calls.extract_and_compare(image, other), options)

    async def compare_n(
        self, template: File, templates: Iterable[NamedFile], **options: Unpack[Options]
    ) -> list[Match]:
        """As `Client.compare_n`."""
        return await self._run(self._wire.calls.compare_n(template, templates), options)

    async def verify_n(self, image: File, templates: Iterable[NamedFile], **options: Unpack[Options]) -> list[Match]:
        """As `Client.verify_n`."""
        return await self._run(self._wire.calls.verify_n(image, templates), options)

    async def extract_and_compare_n(
        self, image: File, images: Iterable[NamedFile], **options: Unpack[Options]
    ) -> list[Match]:
        """As `Client.extract_and_compare_n`."""
        return await self._run(self._wire.calls.extract_and_compare_n(image, images), options)

    def search(
        self, probe: File, gallery: AnyGallery, batch: int = 1000, **options: Unpack[Options]
    ) -> AsyncIterator[Match]:
        """As `Client.search`; the gallery may be an asynchronous iterable, too."""
        return self._search(Search(self._wire.calls, probe, batch), gallery, options)

    async def liveness(self, image: File, **options: Unpack[Options]) -> Liveness:
        """As `Client.liveness`."""
        return await self._run(self._wire.calls.liveness(image), options)

    async def analyse(
        self,
        media: Mapping[str, NamedFile],
        analyses: Sequence[AnalysisRequest] | None = None,
        *,
        tags: Mapping[str, Sequence[str]] | None = None,
        meta_data: Mapping[str, Any] | None = None,
        media_meta_data: Mapping[str, Mapping[str, Any]] | None = None,
        resolution_endpoint: str | None = None,
        instant: bool = False,
        **options: Unpack[Options],
    ) -> Folder:
        """As `Client.analyse`."""
        call = self._wire.calls.analyse(
            media,
            analyses,
            tags=tags,
            meta_data=meta_data,
            media_meta_data=media_meta_data,
            resolution_endpoint=resolution_endpoint,
            instant=instant,
        )
        return await self._run(call, options)

    async def best_shot(self, medium: NamedFile, **options: Unpack[Options]) -> bytes:
        """As `Client.best_shot`."""
        return await self._run(self._wire.calls.best_shot(medium), options)

    async def _search(self, search: Search, gallery: AnyGallery, options: Options) -> AsyncIterator[Match]:
        async for batch in async_batches(gallery, search.size):
            if (first := search.extraction()) is not None:
                search.extracted(await self._run(first, options))
            for match in await self._run(search.comparison(batch), options):
                yield match

    async def _run(self, call: Call[T], options: Options) -> T:
        exchange = self._wire.exchange(call, options)
        while True:
            pause = exchange.settle(await self._send(exchange.attempt()))
            if pause is None:
                return exchange.result
            await asyncio.sleep(pause)

    async def _send(self, attempt: Attempt) -> Answer | Lost:
        content = None if attempt.call.body is None else _blocks(attempt)
        request = self._http.build_request(content=content, **self._wire.request(attempt))
        try:
            async with asyncio.timeout(attempt.deadline.cap(None)) as alarm:
                response = await self._http.send(request, stream=True)
                try:
                    body = b"".join([block async for block in response.aiter_bytes()])
                finally:
                    await response.aclose()
        except DeadlinePassed:
            return attempt.late()
        except TimeoutError:
            if not alarm.expired():  # a file's own
                raise
            return attempt.late()
        except httpx.RequestError as error:
            return self._wire.lost(error, attempt)
        return self._wire.answer(response, body, attempt)


async def _blocks(attempt: Attempt) -> AsyncIterator[bytes]:
    """The body; files are read on threads."""
    blocks = attempt.blocks()
    if attempt.call.body is None or not attempt.call.body.reads_files:
        for block in blocks:
            yield block
        return
    while (read := await asyncio.to_thread(next, blocks, None)) is not None:
        yield read
