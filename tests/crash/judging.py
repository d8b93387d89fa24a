"""What must hold after crashes, by what the API, the database, the files and the receiver of webhooks say."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import sqlalchemy as sa

from faceVer.services.background import background_work
from faceVer.storage.blobs.collector import collect
from faceVer.storage.blobs.files import FileStorage
from faceVer.storage.blobs.names import path_of
from faceVer.storage.database import Database
from faceVer.storage.tables import deliveries, files, groups
from tests.crash.posting import Client
from tests.crash.receiver import Receiver
from tests.crash.system import System


def is_at_rest(database: Database) -> bool:
    """Whether all groups have ended and all webhooks are delivered or given up."""
    work = background_work(database)
    with database.read() as connection:
        unfinished = connection.scalar(sa.select(sa.func.count()).where(groups.c.finished.is_(None)))
    return not (unfinished or work.webhooks_waiting or work.jobs.waiting or work.jobs.running)


def folders_at_rest(client: Client) -> Counter[str]:
    """Statuses of the accepted folders, by the API. Raises AssertionError."""
    found: Counter[str] = Counter()
    for folder_id in client.accepted:
        response = client.get(f"/api/folders/{folder_id}/")
        if folder_id in client.deleted:
            assert response.status == 404
            found["deleted"] += 1
            continue
        assert response.status == 200, response
        folder = response.json()
        status = str(folder["resolution_status"])
        assert status in ("FINISHED", "FAILED"), folder
        assert (status == "FAILED") == any(one["error_message"] and one["error_code"] for one in folder["analyses"])
        assert len(folder["analyses"]) == len(folder["media"]), "analyses were asked for once"
        found["cleared" if folder_id in client.cleared else status] += 1
        for item in folder["media"]:
            if folder_id not in client.cleared:
                url = urlsplit(item["original_url"])
                data = client.get(f"{url.path}?{url.query}").body
                assert hashlib.md5(data).hexdigest() == item["info"]["original"]["md5"]
    return found


def webhooks(database: Database, receiver: Receiver) -> int:
    """Number of finished groups, each of which was announced. Raises AssertionError."""
    with database.read() as connection:
        rows = connection.execute(sa.select(deliveries.c.group_id, deliveries.c.delivery_id, deliveries.c.state)).all()
        known = set(connection.scalars(sa.select(groups.c.group_id)))
    announced = Counter(str(row.group_id) for row in rows)
    assert set(announced) == {str(one) for one in known}, "each group has its webhook"
    assert set(announced.values()) == {1}, "and no group a second one"
    assert {row.state for row in rows} == {"DELIVERED"}
    assert not [row for row in rows if not receiver.confirmed[str(row.delivery_id)]]
    assert not receiver.wrong
    return len(rows)


def storage(system: System, database: Database) -> tuple[int, int]:
    """(files with a row, files that the collector removed), when all processes have ended. Raises AssertionError."""
    stored = FileStorage.of(system.settings.store)
    collected = collect(database, stored, time.time() + 1, 0.0)
    assert not collected.missing
    with database.read() as connection:
        keys = set(connection.scalars(sa.select(files.c.key)))
    assert set(_paths(stored)) == {path_of(key) for key in keys}
    return len(keys), len(collected.removed)


def _paths(stored: FileStorage) -> Iterator[str]:
    assert stored.folder is not None
    for path in stored.folder.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(stored.folder))
