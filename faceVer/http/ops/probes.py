"""/livez and /readyz: whether the process must restart, and whether it takes requests."""

from __future__ import annotations

from aiohttp import web

from faceVer.http.ops.health import FACES_HEALTH, health_response
from faceVer.http.pipeline.context import STATE


async def live(request: web.Request) -> web.Response:
    """Say that the event loop responds. Nothing else: a restart repairs neither a model nor an overload."""
    return health_response("")


async def ready(request: web.Request) -> web.Response:
    """Say whether the server takes requests, or why not."""
    if request.app[STATE].draining:
        return health_response("the server is stopping")
    return health_response(await request.app[FACES_HEALTH].message())
