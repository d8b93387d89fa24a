"""Folders posted while processes are killed at random (`make crash`): nothing is lost, left running or left over."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import support_faces as faces
from tests.crash import judging
from tests.crash.posting import Client
from tests.crash.receiver import Receiver
from tests.crash.system import System
from tests.support_postgres import PostgresServer

ROUNDS, FOLDERS = int(os.environ.get("ROUNDS", "20")), int(os.environ.get("FOLDERS", "500"))
CLIENTS, LONGEST_ROUND, LONGEST_ABSENCE = 6, 3.0, 1.5
CLAIM = 60.0
"""Seconds of a claimed attempt to send a webhook, as the product has it."""
REST = 240.0
"""Seconds after the last crash in which all must have come to rest."""


def test_few_crashes(tmp_path: Path) -> None:
    _crash(tmp_path, None, rounds=2, folders=20, claim=2.0)


@pytest.mark.slow
def test_sqlite(tmp_path: Path) -> None:
    _crash(tmp_path, None, ROUNDS, FOLDERS, CLAIM)


@pytest.mark.slow
def test_postgresql(tmp_path: Path, postgres: PostgresServer) -> None:
    _crash(tmp_path, postgres, ROUNDS, FOLDERS, CLAIM)


def _crash(folder: Path, postgres: PostgresServer | None, rounds: int, folders: int, claim: float) -> None:
    began, chance = time.monotonic(), random.Random(1)
    photos = [faces.jpeg(faces.person(2)), faces.jpeg(faces.person(2).resize((240, 240)))]
    with (
        Receiver() as receiver,
        System(folder, postgres, receiver.host, claim) as system,
        ThreadPoolExecutor(CLIENTS) as threads,
    ):
        system.start_all()
        client = Client(system, system.token(), receiver.url, photos)
        posted = []
        for one in range(rounds):
            numbers = range(folders * one // rounds, folders * (one + 1) // rounds)
            posted += [threads.submit(client.post, number) for number in numbers]
            _wait(system, chance.uniform(0.2, LONGEST_ROUND))
            victims = chance.sample(system.names, chance.randint(1, len(system.names)))
            for name in victims:
                system.kill(name)
            time.sleep(chance.uniform(0, LONGEST_ABSENCE))
            for name in reversed([name for name in system.names if name in victims]):  # the database first
                system.start(name)
        _until(system, lambda: all(future.done() for future in posted))
        for future in posted:
            future.result()
        database = system.open_database()
        _until(system, lambda: judging.is_at_rest(database))
        statuses, took = judging.folders_at_rest(client), time.monotonic() - began
        system.stop_all()
        groups = judging.webhooks(database, receiver)
        kept, removed = judging.storage(system, database)
        database.close()
    assert set(client.statuses) <= {0, 200, 201, 204, 404, 503}
    repeated = sum(count > 1 for count in receiver.confirmed.values())
    print(f"\n{rounds} rounds, {took:.0f} s; killed: {dict(system.killed)}; ended: {dict(system.ended)}")
    print(f"responses (0 = none): {dict(client.statuses)}; accepted folders: {dict(statuses)}")
    print(f"groups: {groups}; webhooks confirmed: {len(receiver.confirmed)}, {repeated} of them more than once")
    print(f"files with a row: {kept}; without one, collected: {removed}")


def _wait(system: System, seconds: float) -> None:
    end = time.monotonic() + seconds
    _until(system, lambda: time.monotonic() > end)


def _until(system: System, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + REST
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("not at rest:\n" + "".join(system.logs[-50:]))
        system.tend()
        time.sleep(0.1)
