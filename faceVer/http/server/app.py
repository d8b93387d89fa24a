"""create_app: the endpoints, and one cleanup context per resource."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from functools import partial

from aiohttp import web
from aiohttp.http import HttpVersion11

from faceVer.domain.errors import InferenceError, RequestTypeError, SetupError, ThreadStartError, TooLargeError
from faceVer.http.endpoints import endpoint_table
from faceVer.http.ops.background_metrics import BackgroundMetrics
from faceVer.http.ops.exposition import EXPOSITION, Exposition
from faceVer.http.ops.health import FACES_HEALTH, LIVENESS_HEALTH, HealthCheck
from faceVer.http.pipeline.admission import ADMISSION, Admission
from faceVer.http.pipeline.context import (
    BUDGET,
    ENDPOINTS,
    ENGINE,
    EXECUTOR,
    FOLDERS,
    METRICS,
    SETTINGS,
    STATE,
    WEBHOOKS,
    ServerState,
    loaded_models,
)
from faceVer.http.pipeline.endpoint import EndpointTable
from faceVer.http.pipeline.executor import InferenceExecutor
from faceVer.http.pipeline.forms.reading import check_length, length_limit
from faceVer.http.pipeline.memory_budget import MemoryBudget
from faceVer.http.pipeline.middleware import RequestMiddleware
from faceVer.http.pipeline.webhooks import WebhookSender
from faceVer.media.warm_up import warm_up
from faceVer.observability.cgroup import inference_threads
from faceVer.observability.metrics import Metrics
from faceVer.observability.shortage import is_limited
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)


def create_app(
    settings: Settings,
    engine: FaceEngine | None = None,
    *,
    folders: FolderService | None = None,
    metrics: Metrics | None = None,
    table: EndpointTable | None = None,
) -> web.Application:
    """The application. Raises SetupError.

    engine, folders: loaded ones; by default the configured pack is loaded here, its liveness models at the start-up.
    metrics: where it counts; by default numbers of its own. table: its endpoints; by default those of the settings.
    """
    table = table or endpoint_table(settings)
    server = settings.server
    threads = inference_threads(settings.threads, server.workers)
    executor = InferenceExecutor(
        threads, settings.limits.max_queue, server.inference_nice, settings.store.storage_threads
    )
    metrics, admission = metrics or new_metrics(table), Admission(settings, executor)
    app = web.Application(middlewares=[RequestMiddleware(settings, table, admission, metrics)])
    app[SETTINGS], app[ENDPOINTS], app[STATE] = settings, table, ServerState()
    app[METRICS], app[ADMISSION], app[EXECUTOR] = metrics, admission, executor
    app[ENGINE] = FaceEngine.load(settings) if engine is None else engine
    app[BUDGET] = MemoryBudget(settings.limits.max_inflight_bytes)
    app[WEBHOOKS] = WebhookSender.of(settings)
    if folders is not None:
        app[FOLDERS] = folders
    if engine is None:
        app.cleanup_ctx.append(_engine)
    app.cleanup_ctx.extend([_pool, _faces_health, _liveness, _exposition, _webhooks])
    if settings.store.store:
        app.cleanup_ctx.append(_platform)
    table.register(app.router, _expect)
    return app


def new_metrics(table: EndpointTable, rows: int = 1) -> Metrics:
    """Zeroed numbers for a table's labels and outcomes. rows: one for each worker at a time."""
    return Metrics(table.labels, table.outcomes, rows)


async def _expect(request: web.Request) -> None:
    """Send 100 Continue unless the announced body would be rejected anyway; other expectations are ignored."""
    app = request.app
    if app[ADMISSION].would_reject(request, app[ENDPOINTS].find(request)):
        return
    try:
        check_length(request, length_limit(request))
    except (TooLargeError, RequestTypeError):  # the handler makes the same check and its error is the response
        return
    if request.version >= HttpVersion11 and request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


async def _engine(app: web.Application) -> AsyncIterator[None]:
    """The engine that this application has loaded."""
    yield
    app[ENGINE].backend.close()


async def _pool(app: web.Application) -> AsyncIterator[None]:
    try:
        app[EXECUTOR].start(storage=bool(app[SETTINGS].store.store))
    except ThreadStartError as error:
        raise SetupError(f"the system starts too few threads: {error}") from error
    if is_limited():
        await _warm_up(app)
    yield
    app[EXECUTOR].close()


async def _warm_up(app: web.Application) -> None:
    """Have each thread that computes use the libraries once, while there is memory for their thread-local data."""
    for lane in (app[EXECUTOR].inference, app[EXECUTOR].media):
        all_begun = threading.Barrier(lane.threads)
        await asyncio.gather(*(lane.run(_use, app[ENGINE], all_begun) for _ in range(lane.threads)))


def _use(engine: FaceEngine, all_begun: threading.Barrier) -> None:
    all_begun.wait()
    warm_up()
    engine.probe()


async def _exposition(app: web.Application) -> AsyncIterator[None]:
    app[EXPOSITION] = exposition = Exposition(app[METRICS], app[EXECUTOR], app[ENGINE].backend, loaded_models(app))
    exposition.start()
    yield
    exposition.stop()


async def _faces_health(app: web.Application) -> AsyncIterator[None]:
    api = app[SETTINGS].api
    app[FACES_HEALTH] = health = HealthCheck("pattern", app[ENGINE].probe, api.health_ttl, api.health_timeout)
    if is_limited():
        await health.fault()  # as `_warm_up`
    yield
    health.close()


async def _liveness(app: web.Application) -> AsyncIterator[None]:
    """The folder service; where its models cannot be loaded, liveness is inoperative and the rest works."""
    settings = app[SETTINGS]
    try:
        service = app.get(FOLDERS) or FolderService.load(app[ENGINE], settings)
    except SetupError as error:
        log.error("liveness is inoperative: %s", error)  # noqa: TRY400 - the message is complete
        probe = _not_loaded
    else:
        app[FOLDERS], probe = service, service.probe
    app[LIVENESS_HEALTH] = health = HealthCheck("liveness", probe, settings.api.health_ttl, settings.api.health_timeout)
    if is_limited():
        await health.fault()
    yield
    health.close()


def _not_loaded() -> None:
    raise InferenceError("the liveness models are not loaded")


async def _platform(app: web.Application) -> AsyncIterator[None]:
    """The kept half. Raises SetupError, DatabaseUnavailableError."""
    # Here, because they load the database's libraries, which a server without a store does not need.
    from faceVer.http.oz.kept.common import PLATFORM
    from faceVer.http.pipeline.principals import AUTHENTICATE
    from faceVer.services.background import background_work
    from faceVer.services.platform import Platform

    folders = app.get(FOLDERS)
    opened = Platform.open(app[SETTINGS], app[ENGINE], folders.examiner if folders else None)
    app[PLATFORM], app[AUTHENTICATE] = opened, opened.authenticate
    app[EXPOSITION].add_background(BackgroundMetrics(partial(background_work, opened.database)))
    opened.start()
    yield
    await asyncio.to_thread(opened.close, app[SETTINGS].server.shutdown_timeout)


async def _webhooks(app: web.Application) -> AsyncIterator[None]:
    await app[WEBHOOKS].start()
    yield
    await app[WEBHOOKS].close()
