"""Several processes under gunicorn, which starts, watches, replaces and stops them."""

from __future__ import annotations

import gc
import logging
import os
import signal
import tempfile
from typing import Any

from gunicorn import glogging
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from faceVer.domain.errors import SetupError
from faceVer.http.server.shared_state import SharedState
from faceVer.http.server.shutdown import stop_limit
from faceVer.http.server.sockets import BACKLOG, cannot_listen, try_port
from faceVer.http.server.worker import AiohttpWorker
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)

HEARTBEAT_TIMEOUT = 60
"""Seconds without a heartbeat after which gunicorn replaces a worker; its event loop gives one every second."""


def heartbeat_folder() -> str:
    """A folder for gunicorn's heartbeat files, in memory where that is writable. Raises SetupError."""
    memory = "/dev/shm"  # noqa: S108
    try:
        return memory if os.access(memory, os.W_OK) else tempfile.gettempdir()
    except OSError as error:
        raise SetupError(f"several workers need a writable folder: {memory} or a temporary one") from error


class Logger(glogging.Logger):  # type: ignore[misc]
    """Sends the arbiter's log lines to the root logger."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.propagate = True


class WorkerArbiter(Arbiter):  # type: ignore[misc]
    """Gives each worker a row of the metrics of its own, and loses no stop signal."""

    num_workers: int
    next_row = 0

    def spawn_worker(self) -> Any:
        """Fork a worker, unless so many still stop after reloads that no row is free."""
        row = self.app.state.free_row(worker.row for worker in self.WORKERS.values())
        if row is None:
            log.warning("no further worker starts: %d are running or stopping", len(self.WORKERS))
            self.num_workers = min(self.num_workers, len(self.WORKERS))
            return None
        self.next_row = row
        # Between the fork and the worker's own handlers, the arbiter's would take the signal: it is held back.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])


def _before_fork(arbiter: WorkerArbiter, worker: AiohttpWorker) -> None:
    worker.row = arbiter.next_row


def _after_fork(arbiter: WorkerArbiter, worker: AiohttpWorker) -> None:
    """In the worker: a stop signal ends it until it has handlers of its own."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])


class Application(BaseApplication):  # type: ignore[misc]
    """gunicorn's configuration."""

    def __init__(self, state: SharedState) -> None:
        self.state = state
        super().__init__()

    def load_config(self) -> None:
        settings = self.state.settings
        host = f"[{settings.server.host}]" if ":" in settings.server.host else settings.server.host
        options: dict[str, Any] = {
            "bind": f"{host}:{settings.server.port}",
            "workers": settings.server.workers,
            "worker_class": AiohttpWorker,
            "graceful_timeout": stop_limit(settings),
            "timeout": HEARTBEAT_TIMEOUT,
            "backlog": BACKLOG,
            "errorlog": None,
            "loglevel": settings.logs.log_level.lower(),
            "logger_class": Logger,
            "control_socket_disable": True,
            "pre_fork": _before_fork,
            "post_fork": _after_fork,
            "worker_tmp_dir": heartbeat_folder(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> SharedState:
        return self.state

    def run(self) -> None:
        WorkerArbiter(self).run()


def serve_workers(settings: Settings) -> None:
    """Serve until the arbiter receives a stop signal. Raises SetupError."""
    try:
        try_port(settings)
    except OSError as error:
        raise cannot_listen(settings, error) from error
    state = SharedState(settings)
    state.load()
    # What is loaded stays; without this the first collection in each worker would copy the pages it lies in.
    gc.collect()
    gc.freeze()
    Application(state).run()
