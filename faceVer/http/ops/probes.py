"""/livez and /readyz: is the process to be restarted, is it to be sent requests."""

from __future__ import annotations

from aiohttp import web

from faceVer.http.ops.health import HealthCheck, answer


class Probes:
    """health: whose answer says whether the models work. draining: set at shutdown, before anything else happens."""

    def __init__(self, health: HealthCheck) -> None:
        self._health = health
        self.draining = False

    async def live(self, request: web.Request) -> web.Response:
        """GET /livez: the event loop answers. Nothing else: a restart heals no model and no overload."""
        return answer("")

    async def ready(self, request: web.Request) -> web.Response:
        """GET /readyz: 200 where requests are welcome, else 503 and why."""
        return answer("the server is stopping" if self.draining else await self._health.message())
