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
import socket
import sys
from collections.abc import Callable

from aiohttp import web

from faceVer.api.app import create_app
from faceVer.api.connection import Listener, Runner
from faceVer.api.context import PROBES
from faceVer.api.keys import Keys
from faceVer.api.tls import server_context
from faceVer.config import PREFIX, Settings
from faceVer.environment import effective
from faceVer.errors import SetupError

log = logging.getLogger(__name__)

BACKLOG = 1024
"""Connections the kernel holds for a busy server."""
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
    log.info("settings: %s", json.dumps(effective(settings), ensure_ascii=False, default=str))
    if not settings.api_keys and not is_loopback(settings.host):
        log.warning(
            "listening on %s without %sAPI_KEYS: whoever reaches the port may use it", settings.host or "*", PREFIX
        )
    try:
        if settings.workers > 1:
            from faceVer.api.workers import serve_workers

            serve_workers(settings)
        else:
            with asyncio.Runner(loop_factory=loop_factory(settings)) as runner:
                runner.run(_single(settings))
    finally:
        _let_go_of_log()


def loop_factory(settings: Settings) -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the event loop."""
    if not settings.uvloop:
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
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with contextlib.closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((settings.host, settings.port))


def cannot_listen(settings: Settings, error: OSError) -> SetupError:
    """Why there is no server on its port, and what to do where another has it."""
    hint = "; choose another with --port (PORT= for make serve)" if error.errno == errno.EADDRINUSE else ""
    return SetupError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}{hint}")


async def drain(app: web.Application, seconds: float) -> None:
    """Say that no more requests are wanted, and still take them for as long as whoever sends them may not know."""
    log.info("stopping")
    app[PROBES].draining = True
    if seconds:
        await asyncio.sleep(seconds)


async def _single(settings: Settings) -> None:
    runner = Runner(create_app(settings), settings)
    await runner.setup()
    try:
        site = Listener(
            runner, settings, server_context(settings), BACKLOG, host=settings.host or None, port=settings.port
        )
        try:
            await site.start()
        except OSError as error:
            raise cannot_listen(settings, error) from error
        # The port that was really taken, for `--port 0`.
        log.info("listening on %s:%s", *runner.addresses[0][:2])
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()
        await drain(runner.app, settings.drain_seconds)
    finally:
        await runner.cleanup()
