"""Running the app: one process on aiohttp's own runner, several under gunicorn."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import gc
import ipaddress
import json
import logging
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable

from aiohttp import web

from faceVer.domain.errors import SetupError
from faceVer.http.pipeline.authentication import Keys
from faceVer.http.pipeline.context import STATE
from faceVer.http.server.app import create_app
from faceVer.http.server.connection import SPARE
from faceVer.http.server.listening import Listener, Runner, listen, stop_limit
from faceVer.http.server.tls import certificate_ended, server_context
from faceVer.settings.field import PREFIX
from faceVer.settings.loader import effective
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)

M_MMAP_THRESHOLD, MMAP_THRESHOLD = -3, 1 << 20
"""mallopt's parameter, and from how many bytes on a block is mapped on its own, so that freeing it returns it."""


GC_THRESHOLDS = 20_000, 20, 20
"""Objects, then collections, between two collections: a form of many parts makes as many objects and no cycle."""


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; running requests are finished first. Raises SetupError."""
    _harden()
    _return_memory()
    gc.set_threshold(*GC_THRESHOLDS)
    Keys.of(settings)  # what is wrong with them, or with the certificate, is told before models are loaded
    server_context(settings)
    _warn(settings)
    log.info("settings: %s", json.dumps(effective(settings), ensure_ascii=False, default=str))
    try:
        if settings.server.workers > 1:
            from faceVer.http.server.workers import serve_workers

            serve_workers(settings)
        else:
            with asyncio.Runner(loop_factory=loop_factory(settings)) as runner:
                runner.run(_single(settings))
    finally:
        _let_go_of_log()


def _warn(settings: Settings) -> None:
    """Of what does not stop the start, and will be missed later."""
    if not settings.auth.api_keys and not is_loopback(settings.server.host):
        log.warning(
            "listening on %s without %sAPI_KEYS: whoever reaches the port may use it",
            settings.server.host or "*",
            PREFIX,
        )
    if ended := certificate_ended(settings):
        log.warning("%s", ended)
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < (need := descriptors(settings)):
        log.warning(
            "%d descriptors may be open; %d connections need up to %d", most, settings.server.max_connections, need
        )


def descriptors(settings: Settings) -> int:
    """How many a process may need: for its connections, and for files, pipes and webhooks."""
    return settings.server.max_connections + SPARE + 64


def loop_factory(settings: Settings) -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the event loop."""
    if not settings.server.uvloop:
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop


def _harden() -> None:
    """No core dumps, which would hold pictures and templates; and as many descriptors as are allowed."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _let_go_of_log() -> None:
    """Where nobody reads standard error any more, Python would end with a failure for what it could not write there."""
    try:
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _return_memory() -> None:
    """Have glibc give pictures' memory back when they are freed; by itself it keeps ever larger blocks for later."""
    with contextlib.suppress(OSError, AttributeError):  # another C library has no mallopt
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD)


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def try_port(settings: Settings) -> None:
    """Take the port for a moment. Raises OSError where it cannot be had."""
    for sock in listen(settings.server.host, settings.server.port):
        sock.close()


def cannot_listen(settings: Settings, error: OSError) -> SetupError:
    """Why there is no server on its port, and what to do where another has it."""
    hint = "; choose another with --port (PORT= for make serve)" if error.errno == errno.EADDRINUSE else ""
    return SetupError(f"cannot listen on {settings.server.host}:{settings.server.port}: {error.strerror}{hint}")


async def drain(app: web.Application, seconds: float) -> None:
    """Say that no more requests are wanted, and still take them for as long as whoever sends them may not know."""
    log.info("stopping")
    app[STATE].draining = True
    if seconds:
        await asyncio.sleep(seconds)


def _give_up() -> None:
    """As gunicorn's arbiter does for workers."""
    log.error("what still ran is given up")
    os._exit(1)


async def _single(settings: Settings) -> None:
    runner = Runner(create_app(settings), settings)
    await runner.setup()
    try:
        tls = server_context(settings)
        try:
            sockets = listen(settings.server.host, settings.server.port)
        except OSError as error:
            raise cannot_listen(settings, error) from error
        for sock in sockets:
            await Listener(runner, settings, tls, sock).start()
        # The port that was really taken, for `--port 0`.
        log.info("listening on %s:%s", *sockets[0].getsockname()[:2])
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()
        guard = threading.Timer(stop_limit(settings), _give_up)
        guard.daemon = True
        guard.start()
        await drain(runner.app, settings.server.drain_seconds)
    finally:
        await runner.cleanup()
