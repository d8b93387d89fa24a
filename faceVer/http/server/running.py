"""One process serves the application until a signal stops it; the same with one process and with several."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Sequence

from aiohttp import web

from faceVer.http.pipeline.context import ENGINE
from faceVer.http.server.listening import Listener
from faceVer.http.server.shutdown import Runner, drain, stop_limit
from faceVer.http.server.tls import server_context
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)


def loop_factory(settings: Settings) -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the event loop."""
    if not settings.server.uvloop:
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop


def stop_event(*signals: signal.Signals) -> asyncio.Event:
    """An event that any of these signals sets."""
    stop = asyncio.Event()
    for number in signals:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


@contextlib.asynccontextmanager
async def serving(
    app: web.Application, settings: Settings, open_sockets: Callable[[], Sequence[socket.socket]]
) -> AsyncIterator[Sequence[socket.socket]]:
    """`async with serving(...) as sockets:` serves while its body waits for the stop, and finishes running requests.

    open_sockets: returns listening sockets; called once the models work. Its errors come through.
    """
    runner, decoder = Runner(app, settings), app[ENGINE].decoder
    started = asyncio.create_task(asyncio.to_thread(decoder.start))
    try:
        await runner.setup()
        await started
        tls, sockets = server_context(settings), open_sockets()
        for sock in sockets:
            await Listener(runner, settings, tls, sock).start()
        yield sockets
        guard = threading.Timer(stop_limit(settings), exit_now)
        guard.daemon = True
        guard.start()
        await drain(app, settings.server.drain_seconds)
    finally:
        await runner.cleanup()
        await asyncio.wait([started])
        await asyncio.to_thread(decoder.close)


def exit_now() -> None:
    """End a process whose stop takes too long."""
    log.error("the stop took too long: the process ends with requests unfinished")
    os._exit(1)
