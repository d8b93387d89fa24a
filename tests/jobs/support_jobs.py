"""A process that runs jobs of the tests: `python -m tests.jobs.support_jobs STORE FOLDER`, until SIGTERM.

The tasks write what they do into the folder, one line per begun try, and their effects into the table `secrets`.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from faceVer.domain.errors import FilesUnavailableError, InternalError
from faceVer.jobs.open_queue import open_queue
from faceVer.jobs.queue import Arguments, Queue, Task, Worker
from faceVer.storage.database import Database
from faceVer.storage.tables import secrets

HEARTBEAT, TRIES, WAIT = 1.0, 2, 30.0


class Jobs:
    """A queue with the tasks of the tests. folder: what begins is written here."""

    def __init__(self, database: Database, folder: Path, threads: int = 2) -> None:
        self.database, self._folder = database, folder
        tasks = {
            name: Task(run, self._failed, TRIES)
            for name, run in {
                "mark": self._mark,
                "wait": self._wait,
                "raise": self._raise,
                "poison": self._poison,
                "files_away": self._files_away,
            }.items()
        }
        tasks["regular"] = Task(self._regular, period=0.5)
        self.queue: Queue
        self.worker: Worker
        self.queue, self.worker = open_queue(database, tasks, threads, HEARTBEAT)

    def enqueue(self, task: str, *names: str) -> None:
        with self.database.write() as connection:
            for name in names:
                self.queue.enqueue(connection, task, {"name": name})

    def begun(self) -> list[str]:
        """Name of the job of each try that began, in order."""
        path = self._folder / "begun"
        return path.read_text().split() if path.exists() else []

    def effects(self) -> dict[str, str]:
        """Name of each job that had its effect: "done", or why it was given up."""
        with self.database.read() as connection:
            rows = connection.execute(sa.select(secrets.c.name, secrets.c.value).where(secrets.c.name != "regular"))
            return {name: value.decode() for name, value in rows}

    def release(self) -> None:
        """Let the jobs of `wait` end."""
        (self._folder / "released").touch()

    def _mark(self, arguments: Arguments) -> None:
        self._begin(arguments)
        with self.database.write() as connection:
            _effect(connection, arguments["name"], "done")

    def _wait(self, arguments: Arguments) -> None:
        self._begin(arguments)
        until((self._folder / "released").exists)
        with self.database.write() as connection:
            _effect(connection, arguments["name"], "done")

    def _raise(self, arguments: Arguments) -> None:
        self._begin(arguments)
        raise InternalError("by request")

    def _poison(self, arguments: Arguments) -> None:
        self._begin(arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    def _files_away(self, arguments: Arguments) -> None:
        self._begin(arguments)
        if not (self._folder / "released").exists():
            raise FilesUnavailableError
        with self.database.write() as connection:
            _effect(connection, arguments["name"], "done")

    def _regular(self, _: Arguments) -> None:
        with (self._folder / "regular").open("a") as file:
            file.write("x")

    def _begin(self, arguments: Mapping[str, Any]) -> None:
        with (self._folder / "begun").open("a") as file:
            file.write(f"{arguments['name']}\n")

    def _failed(self, connection: Connection, arguments: Arguments, reason: str) -> None:
        _effect(connection, arguments["name"], reason)


def _effect(connection: Connection, name: str, value: str) -> None:
    """Idempotent, as tasks must be."""
    if connection.execute(sa.select(secrets.c.name).where(secrets.c.name == name)).first() is None:
        connection.execute(secrets.insert().values(name=name, value=value.encode()))


def start_worker(store: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", __spec__.name, store, folder])


def until(condition: Callable[[], object], seconds: float = WAIT) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition was not met")
        time.sleep(0.02)


def main() -> None:
    logging.basicConfig(level=logging.INFO)
    jobs = Jobs(Database.of(sys.argv[1]), Path(sys.argv[2]))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    jobs.worker.start()
    stop.wait()
    jobs.worker.stop(0.5)


if __name__ == "__main__":
    main()
