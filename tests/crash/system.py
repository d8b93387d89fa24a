"""A server, and on PostgreSQL two workers and the database: processes that are killed and started again."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Self

from faceVer.settings.model import Settings
from faceVer.storage.database import Database
from tests.support_postgres import PostgresServer
from tests.support_server import Server

EMAIL, PASSWORD = "admin@example.com", "correct horse battery"
SERVER, DATABASE, WORKERS = "server", "database", ("worker 1", "worker 2")


class System:
    """Each process runs once `start` was called, and again after `tend` if it has ended by itself.

    postgres: None = SQLite. hook: host and port of the receiver of webhooks. claim: see `program`.
    """

    def __init__(self, folder: Path, postgres: PostgresServer | None, hook: str, claim: float) -> None:
        self._postgres, self._claim = postgres, claim
        self._settings = {
            "store": postgres.create_database() if postgres else str(folder / "store"),
            "storage_url": str(folder / "files"),
            "admin_email": EMAIL,
            "admin_password": PASSWORD,
            "webhook_hosts": hook,
            "webhook_http": "true",
            "job_heartbeat": "2",
        }
        self.names = (SERVER, *WORKERS, DATABASE) if postgres else (SERVER,)
        self.running: dict[str, Server] = {}
        self.killed: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.logs: list[str] = []

    @property
    def settings(self) -> Settings:
        return Settings.of(store=self._settings["store"], storage_url=self._settings["storage_url"])

    @property
    def server(self) -> Server:
        return self.running[SERVER]

    def open_database(self) -> Database:
        return Database.of(self._settings["store"])

    def start(self, name: str) -> None:
        if name == DATABASE:
            self._start_database()
            return
        command = "serve" if name == SERVER else "worker"
        program = {"module": "tests.crash.program", "before": [str(self._claim)]}
        self.running[name] = Server(command=command, host="127.0.0.1", **program, **self._settings)  # type: ignore[arg-type]

    def start_all(self) -> None:
        """Start the server, wait until it serves, start the workers; the database runs."""
        self.start(SERVER)
        self.server.__enter__()
        for name in WORKERS if self._postgres else ():
            self.start(name)

    def kill(self, name: str) -> None:
        self.killed[name] += 1
        if name == DATABASE:
            assert self._postgres is not None
            self._postgres.stop(signal.SIGKILL)
            return
        self.running[name].process.kill()
        self._collect(name)

    def tend(self) -> None:
        """What a service manager does: start again what has ended, as a server does that finds no database."""
        for name, process in list(self.running.items()):
            if process.process.poll() is not None:
                self.ended[name] += 1
                self._collect(name)
                self.start(name)

    def stop_all(self) -> None:
        for name in list(self.running):
            self._collect(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_all()
        faults = [at for at, line in enumerate(self.logs) if line.startswith("Traceback")]
        print("\ntracebacks in the logs:", len(faults))
        for at in faults[:3]:
            print("".join(self.logs[max(0, at - 3) : at + 40]))

    def token(self) -> str:
        body = json.dumps({"credentials": {"email": EMAIL, "password": PASSWORD}}).encode()
        response = self.server.call("POST", "/api/authorize/auth/", body)
        assert response.status == 200, response
        return str(response.json()["access_token"])

    def _collect(self, name: str) -> None:
        ended = self.running.pop(name)
        ended.stop()
        self.logs += ended.log

    def _start_database(self) -> None:
        """The killed one's connections end by themselves, a moment later; until then PostgreSQL does not start."""
        assert self._postgres is not None
        deadline = time.monotonic() + 30
        while True:
            try:
                self._postgres.start()
                return
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
