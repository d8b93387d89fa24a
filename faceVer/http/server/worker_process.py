"""`facever worker`: runs the jobs of a store in a process without the API, and sends its webhooks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import socket
import threading
from collections.abc import AsyncIterator
from functools import partial

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from faceVer.domain.errors import SettingsError
from faceVer.http.ops.background_metrics import BackgroundMetrics
from faceVer.http.ops.health import health_response
from faceVer.http.pipeline.paths import LIVE, METRICS, READY
from faceVer.http.server.process import close_standard_error, configure_process
from faceVer.http.server.running import exit_now, stop_event
from faceVer.http.server.shutdown import MARGIN
from faceVer.http.server.sockets import cannot_listen, listen
from faceVer.services.background import background_work
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.services.platform import Platform
from faceVer.settings.loader import non_default
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)


def run_worker(settings: Settings, health_port: int | None) -> None:
    """Run jobs until SIGTERM or SIGINT; running ones are finished first, within the shutdown timeout.

    health_port: of /livez, /readyz and /metrics; None = none. Raises SetupError, DatabaseUnavailableError.
    """
    if not settings.store.store:
        raise SettingsError("there are no jobs without a store: FACEVER_STORE is empty")
    configure_process()
    log.info("settings: %s", json.dumps(non_default(settings), ensure_ascii=False, default=str))
    try:
        asyncio.run(_run(settings, health_port))
    finally:
        close_standard_error()


async def _run(settings: Settings, health_port: int | None) -> None:
    stop = stop_event(signal.SIGTERM, signal.SIGINT)
    engine = FaceEngine.load(settings)
    platform = Platform.open(settings, engine, FolderService.load(engine, settings).examiner, works=True)
    async with _health(settings, platform, health_port):
        platform.start()
        log.info("running jobs")
        await stop.wait()
        log.info("stopping")
        seconds = settings.server.shutdown_timeout
        guard = threading.Timer(seconds + settings.webhooks.webhook_grace + MARGIN, exit_now)
        guard.daemon = True
        guard.start()
        await asyncio.to_thread(platform.close, seconds)
    engine.backend.close()


@contextlib.asynccontextmanager
async def _health(settings: Settings, platform: Platform, port: int | None) -> AsyncIterator[None]:
    """Serve health and metrics on the port, if there is one. Raises SetupError."""
    if port is None:
        yield
        return
    metrics, registry = BackgroundMetrics(partial(background_work, platform.database)), CollectorRegistry()
    registry.register(metrics)

    async def live(_: web.Request) -> web.Response:
        return health_response("")

    async def ready(_: web.Request) -> web.Response:
        is_ready = platform.worker is not None and platform.worker.is_ready
        return health_response("" if is_ready else "the database is out of reach")

    async def show_metrics(_: web.Request) -> web.Response:
        await metrics.refresh()
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get(LIVE, live), web.get(READY, ready), web.get(METRICS, show_metrics)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        for sock in _listen(settings, port):
            await web.SockSite(runner, sock).start()
            log.info("health and metrics on %s:%s", *sock.getsockname()[:2])
        yield
    finally:
        await runner.cleanup()


def _listen(settings: Settings, port: int) -> list[socket.socket]:
    try:
        return listen(settings.server.host, port)
    except OSError as error:
        raise cannot_listen(settings.changed(port=port), error) from error
