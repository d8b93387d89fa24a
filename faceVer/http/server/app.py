"""create_app: the route table, and one cleanup context per resource."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web
from aiohttp.http import HttpVersion11

from faceVer import __version__
from faceVer.domain.errors import (
    InferenceError,
    MethodError,
    RequestTypeError,
    SetupError,
    TooLargeError,
    UnknownPathError,
)
from faceVer.http import console
from faceVer.http.lite import faces as pattern
from faceVer.http.lite import liveness
from faceVer.http.ops import openapi
from faceVer.http.ops.exposition import Exposition
from faceVer.http.ops.health import HealthCheck
from faceVer.http.ops.probes import Probes
from faceVer.http.pipeline.admission import GATE, Gate
from faceVer.http.pipeline.context import (
    BUDGET,
    ENGINE,
    EXPOSITION,
    FOLDERS,
    FOLDERS_PATH,
    LIVENESS,
    LIVENESS_HEALTH,
    METRICS,
    PATTERN,
    PATTERN_HEALTH,
    POOL,
    PROBES,
    SETTINGS,
    WEBHOOKS,
    loaded_models,
)
from faceVer.http.pipeline.executor import InferencePool, thread_count
from faceVer.http.pipeline.forms.reading import check_length, length_limit
from faceVer.http.pipeline.memory_budget import MemoryBudget
from faceVer.http.pipeline.middleware import Observer
from faceVer.http.pipeline.responses import json_response
from faceVer.http.pipeline.routes import LABELS, LIVE, METRICS_PATH, READY, ROUTES, UNKNOWN
from faceVer.http.pipeline.webhooks import WebhookSender
from faceVer.inference.manifest import DIGITS
from faceVer.observability.metrics import Metrics
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def create_app(
    settings: Settings,
    engine: FaceEngine | None = None,
    *,
    folders: FolderService | None = None,
    metrics: Metrics | None = None,
) -> web.Application:
    """The application. Raises SetupError.

    engine, folders: loaded ones; by default the configured pack is loaded here, its liveness models at the start-up.
    metrics: where it counts; by default numbers of its own.
    """
    pool = InferencePool(thread_count(settings), settings.limits.max_queue, settings.server.inference_nice)
    metrics, gate = metrics or Metrics(LABELS), Gate(settings, pool)
    app = web.Application(middlewares=[Observer(settings, gate, metrics)])
    app[SETTINGS], app[METRICS], app[GATE], app[POOL] = settings, metrics, gate, pool
    app[ENGINE] = FaceEngine.load(settings) if engine is None else engine
    app[BUDGET] = MemoryBudget(settings.limits.max_inflight_bytes)
    app[WEBHOOKS] = WebhookSender.of(settings)
    if folders is not None:
        app[FOLDERS] = folders
    app.cleanup_ctx.extend([_pool, _pattern_health, _liveness, _probes, _exposition, _webhooks])
    _route(app, "/version", GET=version)
    _route(app, f"{PATTERN}/health", GET=_pattern_health_handler)
    _route(app, f"{PATTERN}/extract", POST=pattern.extract)
    for name, row in pattern.ENDPOINTS.items():
        _route(app, f"{PATTERN}/{name}", POST=pattern.multipart_handler(*row))
    _route(app, f"{LIVENESS}/health", GET=_liveness_health_handler)
    _route(app, f"{LIVENESS}/detect", POST=liveness.detect)
    _route(app, FOLDERS_PATH, POST=liveness.folder)
    _route(app, LIVE, GET=_live_handler)
    _route(app, READY, GET=_ready_handler)
    _route(app, METRICS_PATH, GET=_metrics_handler)
    if settings.api.docs:
        openapi.mount(app, _route)
    if console.wanted(settings):
        console.mount(app, _route)
    for prefix in (PATTERN, LIVENESS):
        app.router.add_route("*", prefix + "{tail:(/.*)?}", _unknown, expect_handler=_expect)
    app.router.add_route("*", "/{tail:.*}", _nowhere, expect_handler=_expect)
    return app


async def version(request: web.Request) -> web.Response:
    """GET /version."""
    infos = loaded_models(request.app)
    models = [{"name": info.name, "version": f"{info.version} {info.sha256[:DIGITS]}"} for info in infos]
    return json_response({"core": __version__, "tfss": request.app[ENGINE].runtime, "models": models})


def _route(app: web.Application, path: str, **handlers: Handler) -> None:
    """One path: its verbs (HEAD goes with GET), and the contract's error for every other."""
    if "GET" in handlers:
        handlers["HEAD"] = handlers["GET"]

    async def by_method(request: web.Request) -> web.StreamResponse:
        handler = handlers.get(request.method)
        if handler is None:
            raise MethodError(f"{request.method} on a path that takes {', '.join(handlers)}", allowed=tuple(handlers))
        return await handler(request)

    app.router.add_route("*", path, by_method, expect_handler=_expect)


async def _expect(request: web.Request) -> None:
    """Say 100 Continue unless the announced body would be refused anyway; other expectations are ignored."""
    if request.app[GATE].would_refuse(request, ROUTES.get(request.path, UNKNOWN)):
        return
    try:
        check_length(request, length_limit(request))
    except (TooLargeError, RequestTypeError):  # the handler makes the same check and answers it
        return
    if request.version >= HttpVersion11 and request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


async def _unknown(request: web.Request) -> web.StreamResponse:
    raise UnknownPathError("no such path under this prefix")


async def _nowhere(request: web.Request) -> web.StreamResponse:
    raise web.HTTPNotFound


async def _pattern_health_handler(request: web.Request) -> web.Response:
    return await request.app[PATTERN_HEALTH].handle(request)


async def _live_handler(request: web.Request) -> web.Response:
    return await request.app[PROBES].live(request)


async def _ready_handler(request: web.Request) -> web.Response:
    return await request.app[PROBES].ready(request)


async def _metrics_handler(request: web.Request) -> web.Response:
    return await request.app[EXPOSITION].handle(request)


async def _pool(app: web.Application) -> AsyncIterator[None]:
    yield
    app[POOL].close()


async def _probes(app: web.Application) -> AsyncIterator[None]:
    app[PROBES] = Probes(app[PATTERN_HEALTH])
    yield


async def _exposition(app: web.Application) -> AsyncIterator[None]:
    app[EXPOSITION] = exposition = Exposition(app[METRICS], app[POOL], app[ENGINE].runtime, loaded_models(app))
    exposition.start()
    yield
    exposition.stop()


async def _pattern_health(app: web.Application) -> AsyncIterator[None]:
    settings = app[SETTINGS]
    app[PATTERN_HEALTH] = health = HealthCheck(
        "pattern", app[ENGINE].probe, settings.api.health_ttl, settings.api.health_timeout
    )
    yield
    health.close()


async def _liveness_health_handler(request: web.Request) -> web.Response:
    return await request.app[LIVENESS_HEALTH].handle(request)


async def _liveness(app: web.Application) -> AsyncIterator[None]:
    """The folder service, or an inoperative liveness side beside a working pattern side."""
    settings = app[SETTINGS]
    try:
        service = app.get(FOLDERS) or FolderService.load(app[ENGINE], settings)
    except SetupError as error:
        log.error("liveness is inoperative: %s", error)  # noqa: TRY400 - the message says it all
        probe = _not_loaded
    else:
        app[FOLDERS], probe = service, service.probe
    app[LIVENESS_HEALTH] = health = HealthCheck("liveness", probe, settings.api.health_ttl, settings.api.health_timeout)
    yield
    health.close()


def _not_loaded() -> None:
    raise InferenceError("the liveness models are not loaded")


async def _webhooks(app: web.Application) -> AsyncIterator[None]:
    await app[WEBHOOKS].start()
    yield
    await app[WEBHOOKS].close()
