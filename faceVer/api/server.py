"""Running the app: one process on aiohttp's own runner, several under gunicorn."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import socket
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from faceVer.api.app import create_runner
from faceVer.config import Settings
from faceVer.errors import SetupError

log = logging.getLogger(__name__)

BACKLOG = 1024
"""Connections the kernel holds for a busy server."""
M_MMAP_THRESHOLD, MMAP_THRESHOLD = -3, 1 << 20
"""mallopt's parameter, and from how many bytes on a block is mapped on its own, so that freeing it returns it."""
HEARTBEAT = 60
"""Seconds without a sign of life after which gunicorn replaces a worker; its event loop gives one every second."""


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; running requests are finished first. Raises SetupError."""
    _return_memory()
    logging.getLogger("aiohttp.server").addFilter(_quieten)
    if settings.workers > 1:
        _gunicorn(settings)
    else:
        asyncio.run(_single(settings))


def _return_memory() -> None:
    """Have glibc give pictures' memory back when they are freed; by itself it keeps ever larger blocks for later."""
    with contextlib.suppress(OSError, AttributeError):  # another C library has no mallopt
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD)


def _quieten(record: logging.LogRecord) -> bool:
    """What a client sends that is no HTTP is one line of the log, not a traceback."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.exc_info, record.levelno, record.levelname = None, logging.INFO, "INFO"
        record.msg, record.args = "refused what is no HTTP request: %s", (type(error).__name__,)
    return True


async def _single(settings: Settings) -> None:
    runner = create_runner(settings)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, backlog=BACKLOG)
        try:
            await site.start()
        except OSError as error:
            raise SetupError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
        # The port that was really taken, for `--port 0`.
        log.info("listening on %s:%s", *runner.addresses[0][:2])
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()
        log.info("stopping")
    finally:
        await runner.cleanup()


def _gunicorn(settings: Settings) -> None:
    from gunicorn import glogging
    from gunicorn.app.base import BaseApplication

    from faceVer.vision.packs import load_models

    with contextlib.closing(socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SetupError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
    load_models(settings)  # a missing weight or wrong setting is told once, here, not by every worker

    async def factory() -> web.AppRunner:
        return create_runner(settings)

    class Logger(glogging.Logger):  # type: ignore[misc]
        """The arbiter's lines go where all others go."""

        def setup(self, cfg: Any) -> None:
            super().setup(cfg)
            self.error_log.propagate = True

    class Application(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            options: dict[str, Any] = {
                "bind": f"{settings.host}:{settings.port}",
                "workers": settings.workers,
                "worker_class": "aiohttp.GunicornWebWorker",
                "graceful_timeout": int(settings.shutdown_timeout) + 1,
                "timeout": HEARTBEAT,
                "backlog": BACKLOG,
                "errorlog": None,
                "loglevel": settings.log_level.lower(),
                "logger_class": Logger,
                "control_socket_disable": True,
                # The heartbeat files need no disk, nor a root file system that can be written to.
                "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108
            }
            for name, value in options.items():
                if name in self.cfg.settings:  # older versions lack control_socket_disable
                    self.cfg.set(name, value)

        def load(self) -> Any:
            return factory

    Application().run()
