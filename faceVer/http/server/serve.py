"""`facever serve`: checks the settings, then runs the server in this process or in several."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket

from faceVer.http.pipeline.authentication import Keys
from faceVer.http.pipeline.client_address import trusted_networks
from faceVer.http.server.app import create_app
from faceVer.http.server.process import close_standard_error, configure_process, fit_connections
from faceVer.http.server.running import loop_factory, serving, stop_event
from faceVer.http.server.sockets import cannot_listen, is_loopback, listen
from faceVer.http.server.tls import certificate_ended, server_context
from faceVer.services.memory_plan import with_processes
from faceVer.settings.field import PREFIX
from faceVer.settings.loader import non_default
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; running requests are finished first. Raises SetupError."""
    configure_process()
    # Errors in keys and certificate are reported before the models are loaded.
    Keys.of(settings)
    trusted_networks(settings.auth.trusted_proxies)
    server_context(settings)
    settings, shortage = fit_connections(with_processes(settings))
    if shortage:
        log.warning("%s", shortage)
    _warn(settings)
    log.info("settings: %s", json.dumps(non_default(settings), ensure_ascii=False, default=str))
    try:
        if settings.server.workers > 1:
            from faceVer.http.server.workers import serve_workers  # loads gunicorn

            serve_workers(settings)
        else:
            with asyncio.Runner(loop_factory=loop_factory(settings)) as runner:
                runner.run(_serve_alone(settings))
    finally:
        close_standard_error()


def _warn(settings: Settings) -> None:
    """Log what does not prevent the start, but will cause failures later."""
    server = settings.server
    if not settings.auth.api_keys and not is_loopback(server.host):
        what = "the endpoints of API Lite" if settings.store.store else "it"
        log.warning(
            "listening on %s without %sAPI_KEYS: anyone who reaches the port may use %s",
            server.host or "*",
            PREFIX,
            what,
        )
    if settings.store.store and settings.webhooks.webhook_hosts and not settings.store.public_url:
        log.warning("%sPUBLIC_URL is not set: the addresses of files in webhooks lack the server's name", PREFIX)
    if ended := certificate_ended(settings):
        log.warning("%s", ended)


async def _serve_alone(settings: Settings) -> None:
    app, stop = create_app(settings), stop_event(signal.SIGTERM, signal.SIGINT)

    async def open_sockets() -> list[socket.socket]:
        try:
            return listen(settings.server.host, settings.server.port)
        except OSError as error:
            raise cannot_listen(settings, error) from error

    async with serving(app, settings, open_sockets) as sockets:
        # For port 0, the port that the system has chosen.
        log.info("listening on %s:%s", *sockets[0].getsockname()[:2])
        await stop.wait()
