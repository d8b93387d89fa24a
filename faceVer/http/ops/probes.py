"""/livez and /readyz: whether the process needs a restart, and whether it accepts requests."""

from __future__ import annotations

from aiohttp import web

from faceVer.http.ops.health import FACES_HEALTH, health_response
from faceVer.http.pipeline.context import STATE


async def live(request: web.Request) -> web.Response:
    """Report that the event loop responds, and nothing else: a restart repairs neither a model nor an overload."""
    return health_response("")


async def ready(request: web.Request) -> web.Response:
    """Report whether the server accepts requests, and if not, why."""
    if request.app[STATE].draining:
        return health_response("the server is stopping")
    return health_response(await request.app[FACES_HEALTH].fault())
