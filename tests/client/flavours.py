"""Both clients behind one face, so that a test is written once and run with each."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from types import TracebackType
from typing import Any, Self

from faceVer.client import AsyncClient, AsyncOzClient, Client, OzClient

Connect = Callable[..., Any]
"""Makes a client of the flavour under test; it is closed after the test."""


class Blocking:
    """An AsyncClient whose methods wait for their results."""

    kind: type[AsyncClient | AsyncOzClient] = AsyncClient

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self.client = self.kind(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            made = method(*arguments, **options)
            return self._runner.run(_collected(made) if isinstance(made, AsyncIterator) else _awaited(made))

        return call if inspect.ismethod(method) else method

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self.client.aclose())
        self._runner.close()


class BlockingOz(Blocking):
    """An AsyncOzClient whose methods wait for their results."""

    kind = AsyncOzClient


OZ_FLAVOURS: dict[str, type[Any]] = {"sync": OzClient, "async": BlockingOz}
FLAVOURS: dict[str, type[Any]] = {"sync": Client, "async": Blocking}


async def _awaited(made: Coroutine[Any, Any, Any]) -> Any:
    return await made


async def _collected(made: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in made]
