"""What the server's connections make of bytes: requests, however their heads and bodies are cut on the way."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from faceVer.http.server.limited_heads import LimitedHeads

MOST = 600
"""Bytes of a head."""
ROUNDS = 1000
"""Of the event loop, within which everything that has arrived must be handled."""
HEADS = [
    b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" * 3,
    b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab\r\n\r\ncd\rGET /c HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /e HTTP/1.0\r\n\r\n",
    b"POST /f HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\nExpect: 100-continue\r\n\r\n0\r\nA: b\r\n\r\n",
    b"GET /g HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX: " + b"y" * MOST + b"\r\n\r\n",
]  # fmt: skip
_loop = asyncio.new_event_loop()
_quiet = logging.getLogger("quiet")
_quiet.disabled = True  # aiohttp reports malformed requests


class _Transport(asyncio.Transport):
    """Accepts what is written, and is closed by the server only."""

    def __init__(self) -> None:
        super().__init__()
        self.is_closed = False

    def write(self, data: Any) -> None:
        pass

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


def handled(data: bytes, step: int) -> list[tuple[str, str, bytes]]:
    """(method, path, body) of each request that is handled, if the bytes arrive in pieces of `step`."""
    found: list[tuple[str, str, bytes]] = []
    sizes = [0]

    async def handle(request: web.BaseRequest) -> web.Response:
        sizes.append(len(request.path_qs) + sum(len(name) + len(value) for name, value in request.raw_headers))
        found.append((request.method, request.path_qs, await request.read()))
        return web.Response()

    async def serve() -> None:
        server = web.Server(handle, access_log=None)
        connection: RequestHandler = LimitedHeads(server, loop=_loop, max_head=MOST, logger=_quiet)
        transport = _Transport()
        connection.connection_made(transport)
        for at in range(0, len(data), step):
            if not transport.is_closed:
                connection.data_received(data[at : at + step])
                await asyncio.sleep(0)
        for _ in range(ROUNDS):
            await asyncio.sleep(0)
        connection.connection_lost(None)
        await asyncio.sleep(0)

    _loop.run_until_complete(serve())
    assert max(sizes) <= MOST, "a head that is longer than allowed"
    return found


def heads(data: bytes) -> None:
    """The first byte says in pieces of how many bytes the requests arrive: they are those of one piece."""
    step = (data[0] if data else 0) or 1
    assert handled(data[1:], step) == handled(data[1:], len(data) or 1)
