"""Several processes, under gunicorn: one loads the models, all share their memory.

The models are loaded before the fork. Sessions of ONNX Runtime are made with one thread each, so they have no threads
that a fork would lose; what they read, the weights, stays in pages that all workers share, and a worker that takes
the place of a dead one is ready at once. That holds on CPUs: with another execution provider each worker loads its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import tempfile
import threading
from typing import Any

from aiohttp import web
from aiohttp.worker import GunicornWebWorker
from gunicorn import glogging
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from faceVer.domain.errors import SetupError
from faceVer.http.endpoints import endpoint_table
from faceVer.http.server import serve as server
from faceVer.http.server.app import create_app, new_metrics
from faceVer.http.server.listening import BACKLOG, Listener, Runner, stop_limit
from faceVer.http.server.tls import server_context
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings
from faceVer.vision.packs import load_models

log = logging.getLogger(__name__)

HEARTBEAT = 60
"""Seconds without a sign of life after which gunicorn replaces a worker; its event loop gives one every second."""
FORKABLE = ("CPUExecutionProvider",)


def heartbeats() -> str:
    """A folder for gunicorn's heartbeat files, in memory where that can be written to. Raises SetupError."""
    memory = "/dev/shm"  # noqa: S108
    try:
        return memory if os.access(memory, os.W_OK) else tempfile.gettempdir()
    except OSError as error:
        raise SetupError(f"several workers need a folder to write to: {memory} or a temporary one") from error


class Plant:
    """What all workers come from: settings, models and the shared numbers."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # Old and new workers run side by side while gunicorn reloads.
        self.metrics = new_metrics(endpoint_table(settings), rows=2 * settings.server.workers)
        self.engine: FaceEngine | None = None
        self.folders: FolderService | None = None
        self._taken: dict[int, int] = {}
        """Worker's age -> row."""

    def load(self) -> None:
        """Load the models, to share them. Raises SetupError: what is wrong is told once, not by every worker."""
        if self.settings.models.providers != FORKABLE:
            load_models(self.settings)
            return
        self.engine = FaceEngine.load(self.settings)
        # Without liveness the pattern API works all the same; the workers will say so.
        with contextlib.suppress(SetupError):
            self.folders = FolderService.load(self.engine, self.settings)
        if threading.active_count() > 1:
            log.warning("threads were started before the workers: %s", threading.enumerate())

    def row_for(self, worker: Any) -> None:
        """gunicorn's pre_fork, in the parent: give the worker a free row."""
        free = [row for row in range(self.metrics.rows) if row not in self._taken.values()]
        worker.row = self._taken[worker.age] = free[0] if free else self.metrics.rows - 1

    def free_row(self, worker: Any) -> None:
        """gunicorn's child_exit, in the parent."""
        self._taken.pop(worker.age, None)

    def app(self, worker: Any) -> web.Application:
        """The worker's app."""
        self.metrics.take(worker.row)
        return create_app(self.settings, self.engine, folders=self.folders, metrics=self.metrics)


class Worker(GunicornWebWorker):
    """aiohttp's worker, with our listeners and our way of stopping."""

    def init_process(self) -> None:
        if self.wsgi_plant.settings.server.uvloop:
            import uvloop

            asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        super().init_process()

    @property
    def wsgi_plant(self) -> Plant:
        plant: Plant = self.app.plant
        return plant

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        self._notify_waiter_done()  # at once, not with the next sign of life

    async def _run(self) -> None:
        plant = self.wsgi_plant
        settings = plant.settings
        runner = Runner(plant.app(self), settings)
        await runner.setup()
        tls = server_context(settings)
        for sock in self.sockets:
            await Listener(runner, settings, tls, sock).start()
        self.booted = True
        log.info("worker ready")
        while self.alive and self.ppid == os.getppid():
            self.notify()
            await self._wait_next_notify()
        alive = asyncio.create_task(self._beat())
        await server.drain(runner.app, settings.server.drain_seconds)
        await runner.cleanup()
        alive.cancel()
        rest = asyncio.all_tasks() - {asyncio.current_task()}  # TLS handshakes, for one
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _beat(self) -> None:
        """Signs of life while stopping, which may take longer than gunicorn waits for one."""
        while True:
            self.notify()
            await asyncio.sleep(1)


class Logger(glogging.Logger):  # type: ignore[misc]
    """The arbiter's lines go where all others go."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.propagate = True


class _Arbiter(Arbiter):  # type: ignore[misc]
    """Between a fork and the worker's own handlers the arbiter's would take, and lose, the order to stop: it waits."""

    def spawn_worker(self) -> Any:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])


def _begin() -> None:
    """In a worker, just forked: let the order to stop come, which ends it until it has handlers of its own."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])


class Application(BaseApplication):  # type: ignore[misc]
    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        super().__init__()

    def load_config(self) -> None:
        settings = self.plant.settings
        host = f"[{settings.server.host}]" if ":" in settings.server.host else settings.server.host
        options: dict[str, Any] = {
            "bind": f"{host}:{settings.server.port}",
            "workers": settings.server.workers,
            "worker_class": Worker,
            "graceful_timeout": stop_limit(settings),
            "timeout": HEARTBEAT,
            "backlog": BACKLOG,
            "errorlog": None,
            "loglevel": settings.logs.log_level.lower(),
            "logger_class": Logger,
            "control_socket_disable": True,
            "pre_fork": lambda arbiter, worker: self.plant.row_for(worker),
            "post_fork": lambda arbiter, worker: _begin(),
            "child_exit": lambda arbiter, worker: self.plant.free_row(worker),
            "worker_tmp_dir": heartbeats(),
        }
        for name, value in options.items():
            if name in self.cfg.settings:  # older versions lack control_socket_disable
                self.cfg.set(name, value)

    def load(self) -> Any:
        return self.plant

    def run(self) -> None:
        _Arbiter(self).run()


def serve_workers(settings: Settings) -> None:
    """Serve until the arbiter is told to stop. Raises SetupError."""
    try:
        server.try_port(settings)
    except OSError as error:
        raise server.cannot_listen(settings, error) from error
    plant = Plant(settings)
    plant.load()
    # What was loaded stays; without this the first collection in each worker would copy the pages it lies in.
    gc.collect()
    gc.freeze()
    Application(plant).run()
