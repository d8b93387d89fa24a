"""Running the app: one process on aiohttp's own runner, several under gunicorn."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from typing import Any

from aiohttp import web

from faceVer.api.app import create_runner
from faceVer.config import Settings
from faceVer.errors import SetupError

log = logging.getLogger(__name__)

BACKLOG = 1024
"""Connections the kernel holds for a busy server."""
HEARTBEAT = 60
"""Seconds without a sign of life after which gunicorn replaces a worker; its event loop gives one every second."""


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; running requests are finished first. Raises SetupError."""
    if settings.workers > 1:
        _gunicorn(settings)
    else:
        asyncio.run(_single(settings))


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
