"""A worker whose database goes away and comes back."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from faceVer.services.background import background_work
from faceVer.storage.database import Database
from tests.jobs.support_jobs import Jobs, until
from tests.support_postgres import PostgresServer


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
@pytest.mark.platform
def test_the_end_of_a_job_that_the_database_did_not_see_is_repeated(
    postgres: PostgresServer, tmp_path: Path, number: signal.Signals
) -> None:
    database = Database.of(postgres.create_database())
    jobs = Jobs(database, tmp_path)
    jobs.worker.start()
    jobs.enqueue("wait", "a")
    until(lambda: jobs.begun() == ["a"])
    postgres.stop(number)
    until(lambda: not jobs.worker.is_ready)
    jobs.release()
    postgres.start()
    until(lambda: jobs.effects() == {"a": "done"})
    until(lambda: background_work(database).jobs.running == 0 and background_work(database).jobs.waiting == 0)
    jobs.worker.stop(5)
    database.close()
