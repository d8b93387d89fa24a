"""The metrics of background work: what the database says, within a bounded time."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from pathlib import Path

import pytest

from faceVer.domain.errors import DatabaseUnavailableError
from faceVer.domain.webhooks import DeliveryState, WebhookDelivery
from faceVer.http.ops import background_metrics
from faceVer.http.ops.background_metrics import BackgroundMetrics
from faceVer.services.background import BackgroundWork, background_work
from faceVer.storage import deliveries
from faceVer.storage.database import Database
from faceVer.storage.tables import companies
from tests.jobs.support_jobs import Jobs


def _values(metrics: BackgroundMetrics) -> dict[str, float]:
    return {sample.name: sample.value for metric in metrics.collect() for sample in metric.samples}


def test_they_say_what_waits(database: Database, tmp_path: Path) -> None:
    jobs, company = Jobs(database, tmp_path), str(uuid.uuid4())
    with database.write() as connection:
        jobs.queue.enqueue(connection, "mark", {"name": "due"})
        jobs.queue.enqueue(connection, "mark", {"name": "later"}, time.time() + 3600)
        connection.execute(companies.insert().values(company_id=company, name="a", created=0.0))
        for state in (DeliveryState.WAITING, DeliveryState.DEAD, DeliveryState.DEAD, DeliveryState.DELIVERED):
            ids = [str(uuid.uuid4()) for _ in range(3)]
            deliveries.insert(connection, WebhookDelivery(*ids, company, "https://a.test:443/", state, 0.0, 0.0))
    metrics = BackgroundMetrics(lambda: background_work(database))
    assert _values(metrics) == {}
    time.sleep(0.1)
    asyncio.run(metrics.refresh())
    values = _values(metrics)
    assert 0.1 <= values.pop("facever_jobs_oldest_seconds") < 30
    assert values == {
        "facever_jobs_waiting": 1,
        "facever_jobs_running": 0,
        "facever_webhooks_waiting": 1,
        "facever_webhooks_dead": 2,
    }


def test_a_database_that_does_not_answer_delays_a_scrape_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_metrics, "READ_SECONDS", 0.1)
    answer, calls = threading.Event(), []

    def read() -> BackgroundWork:
        calls.append(1)
        answer.wait(30)
        raise DatabaseUnavailableError

    async def scenario() -> None:
        metrics = BackgroundMetrics(read)
        for _ in range(3):
            begin = time.monotonic()
            await metrics.refresh()
            assert time.monotonic() - begin < 5
            assert _values(metrics) == {}
        answer.set()

    asyncio.run(scenario())
    assert len(calls) == 1  # no further thread for each scrape


def test_a_database_that_is_away_leaves_them_out() -> None:
    def read() -> BackgroundWork:
        raise DatabaseUnavailableError

    metrics = BackgroundMetrics(read)
    asyncio.run(metrics.refresh())
    assert _values(metrics) == {}
