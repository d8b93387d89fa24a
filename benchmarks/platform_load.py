"""Analyses per minute of kept folders, and the time of polls meanwhile: `python -m benchmarks.platform_load`.

SQLite with one process, PostgreSQL with a server and 1, 2 and 4 workers, each with two cores if there are no more. Each
analysis is QUALITY with a best shot of a 4-second clip in a folder of its own. In the same rounds a server without a
store runs the same analysis for two clients: the baseline.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
import sqlalchemy as sa

from benchmarks import samples, servers, wire
from benchmarks.catalogue import Request
from benchmarks.measure import Target, finish
from faceVer.storage.database import Database
from faceVer.storage.tables import groups
from tests.support_postgres import PostgresServer, postgres_programs

EMAIL, PASSWORD = "admin@example.com", "correct horse battery"
WORKERS = (1, 2, 4)
PER_SECOND = 6
"""Analyses put into the queue per second of measurement; more than two cores can run."""
POLLS = 25.0
"""GET /api/folders/{id} per second while analyses run."""
ANALYSIS = {"type": "quality", "params": {"extract_best_shot": True}}


@dataclass(slots=True)
class Result:
    """Of one system, by round: analyses per minute, the baseline's, and milliseconds of all polls."""

    rates: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)


class Kept:
    """A running server with a store, and folders whose analyses wait."""

    def __init__(self, server: servers.Server, database: Database) -> None:
        self.server, self._database = server, database
        body = json.dumps({"credentials": {"email": EMAIL, "password": PASSWORD}}).encode()
        self._token = json.loads(server.call("POST", "/api/authorize/auth/", body))["access_token"]

    @property
    def head(self) -> dict[str, str]:
        return {"X-Forensic-Access-Token": self._token}

    def fill(self, count: int) -> list[str]:
        """Post folders; their analyses are requested when all are there."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        form = b"--x\r\n" + wire.part("video1", samples.clip(), "video/mp4", "video1.mp4") + b"\r\n--x--\r\n"
        analyses = json.dumps({"analyses": [ANALYSIS]}).encode()

        def post(path: str, body: bytes, content_type: str) -> object:
            connection.request("POST", path, body, {"Content-Type": content_type, **self.head})
            response = connection.getresponse()
            document = json.loads(response.read())
            if response.status != 201:
                raise RuntimeError(f"POST {path} gave {response.status}: {document}")
            return document

        folders = []
        for _ in range(count):
            made = post("/api/folders/", form, "multipart/form-data; boundary=x")
            assert isinstance(made, dict)
            folders.append(str(made["folder_id"]))
        for folder in folders:
            post(f"/api/folders/{folder}/analyses/", analyses, "application/json")
        connection.close()
        return folders

    def finished(self) -> int:
        with self._database.read() as connection:
            return connection.scalar(sa.select(sa.func.count()).where(groups.c.finished.is_not(None))) or 0


@contextmanager
def kept(store: str, folder: Path, workers: int) -> Iterator[Kept]:
    """workers: processes that run the analyses; 0 = the server does."""
    variables = {
        "FACEVER_STORE": store,
        "FACEVER_STORAGE_URL": str(folder / "files"),
        "FACEVER_ADMIN_EMAIL": EMAIL,
        "FACEVER_ADMIN_PASSWORD": PASSWORD,
    }
    command = str(Path(sys.executable).with_name("facever"))
    serve = servers.Recipe("kept", servers.product(1).command, variables)
    work = servers.Recipe(
        "worker", lambda port: [command, "worker", "--health-port", str(port)], variables, ready="/readyz"
    )
    with ExitStack() as stack:
        server = stack.enter_context(servers.running(serve, folder))
        for _ in range(workers):
            stack.enter_context(servers.running(work, folder))
        database = Database.of(store)
        stack.callback(database.close)
        yield Kept(server, database)


def measure(system: Kept, folder: Path, seconds: float) -> tuple[float, list[float]]:
    """(analyses per minute, milliseconds of polls)."""
    count = int(PER_SECOND * (seconds + 2))
    polled = system.fill(count)[::7]
    requests = {one: Request(wire.request("GET", f"/api/folders/{one}/", headers=system.head), bool) for one in polled}
    target = Target(system.server, requests, folder)
    before, began = system.finished(), time.perf_counter()
    polls = finish(target.generator(polled, 1, seconds, interval=1 / POLLS), "kept")
    done, took = system.finished() - before, time.perf_counter() - began
    if before + done >= count:
        raise RuntimeError("the queue ran empty: raise PER_SECOND")
    return done / took * 60, polls["latencies"]


def baseline(folder: Path, seconds: float) -> float:
    """Analyses per minute of a server without a store, for two clients."""
    media = [
        wire.part("video1", samples.clip(), "video/mp4", "video1.mp4"),
        wire.part("payload", json.dumps({"analyses": [ANALYSIS]}).encode(), "application/json"),
    ]
    with servers.running(servers.product(1), folder) as server:
        target = Target(server, {"video": Request(wire.form(wire.LIVENESS + "detect", media), bool)}, folder)
        target.warm(["video"])
        return target.load(["video"], 2, seconds).rate * 60


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.platform_load", description=(__doc__ or "")[:80])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="of one measurement")
    options = parser.parse_args()
    results: dict[str, Result] = {}
    with PostgresServer(postgres_programs()[0], durable=True) as postgres:
        for number in range(options.rounds):
            print(f"round {number + 1}", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory() as scratch:
                without = baseline(Path(scratch), options.seconds)
            for workers in (0, *WORKERS):
                name = f"PostgreSQL, {workers} workers" if workers else "SQLite, one process"
                with tempfile.TemporaryDirectory() as scratch:
                    store = postgres.create_database() if workers else f"{scratch}/store"
                    with kept(store, Path(scratch), workers) as system:
                        rate, polls = measure(system, Path(scratch), options.seconds)
                result = results.setdefault(name, Result())
                result.rates.append(rate)
                result.ratios.append(rate / without)
                result.polls += polls
    print(f"{len(os.sched_getaffinity(0))} cores, {options.rounds} rounds of {options.seconds:g} s, {POLLS:g} polls/s")
    print("| system | analyses/min | of the baseline | poll p50 ms | p99 ms |\n| --- | --- | --- | --- | --- |")
    for name, one in results.items():
        p50, p99 = np.percentile(one.polls, (50, 99))
        print(f"| {name} | {median(one.rates):.0f} | {median(one.ratios):.2f} | {p50:.1f} | {p99:.1f} |")


if __name__ == "__main__":
    main()
