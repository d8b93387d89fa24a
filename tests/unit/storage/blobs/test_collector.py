"""Collection of orphaned files, on each database and each storage, after crashes at each step."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from faceVer.domain.errors import FilesUnavailableError
from faceVer.settings.storing import StoreSettings
from faceVer.storage.blobs.collector import Collected, collect
from faceVer.storage.blobs.files import FileStorage, StoredFile
from faceVer.storage.blobs.names import new_key, path_of
from faceVer.storage.database import Database
from faceVer.storage.tables import companies
from faceVer.storage.tables import files as table
from tests.unit.storage.blobs.support import MIB, keys_of

COMPANY = "6f1f54d1-4a4f-4c0c-9d58-8a0a5c3f8b11"
STRANGER = "11111111-1111-4111-8111-111111111111"
HOUR = 3600.0


@pytest.fixture
def in_folder(tmp_path: Path) -> FileStorage:
    return FileStorage.of(StoreSettings(store=str(tmp_path)))


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.platform)])
def files(request: pytest.FixtureRequest) -> FileStorage:
    if request.param == "folder":
        return request.getfixturevalue("in_folder")
    return FileStorage.of(request.getfixturevalue("s3").settings(request.getfixturevalue("bucket")))


@pytest.fixture(autouse=True)
def company(database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.insert(companies).values(company_id=COMPANY, name="c", created=0.0))


def upload(database: Database, files: FileStorage, key: str = "", company: str = COMPANY) -> StoredFile:
    """As a request does it: first the file, then its row."""
    stored = files.put(key or new_key("jpg"), [b"x"])
    row = {"key": stored.key, "md5": stored.md5, "sha256": stored.sha256, "size": stored.size, "created": time.time()}
    with database.write() as connection:
        query = sa.insert(table).values(company_id=company, kind="original", mime="image/jpeg", **row)
        connection.execute(query)
    return stored


def test_files_with_a_row_stay(database, files):
    keys = {upload(database, files).key for _ in range(5)}
    assert collect(database, files, time.time() + 2 * HOUR) == Collected((), ())
    assert set(keys_of(files)) == keys


def test_a_crash_between_file_and_row(database, files):
    kept = upload(database, files).key
    orphan = files.put(new_key("jpg"), [b"x"]).key
    assert collect(database, files, time.time()) == Collected((), ())
    assert collect(database, files, time.time() + 2 * HOUR) == Collected((orphan,), ())
    assert keys_of(files) == [kept]


def test_a_transaction_that_was_rolled_back(database, files):
    kept = upload(database, files).key
    with pytest.raises(sa.exc.IntegrityError):
        upload(database, files, company=STRANGER)
    (orphan,) = set(keys_of(files)) - {kept}
    assert collect(database, files, time.time() + 2 * HOUR).removed == (orphan,)


def test_a_crash_between_the_row_s_deletion_and_the_file_s(database, files):
    kept, erased = upload(database, files).key, upload(database, files).key
    with database.write() as connection:
        connection.execute(sa.delete(table).where(table.c.key == erased))
    assert collect(database, files, time.time() + 2 * HOUR).removed == (erased,)
    assert keys_of(files) == [kept]


def test_a_row_without_its_file_is_reported(database, files, caplog):
    upload(database, files)
    lost = upload(database, files).key
    files.delete([lost])
    assert collect(database, files, time.time()) == Collected((), ())
    with caplog.at_level(logging.ERROR):
        assert collect(database, files, time.time() + 2 * HOUR) == Collected((), (lost,))
    assert lost[:8] in caplog.text
    assert lost not in caplog.text


def test_an_empty_table_removes_nothing(database, files):
    """A storage with files, at a database that was just made: a wrong FACEVER_STORE must not cost the files."""
    key = files.put(new_key("jpg"), [b"x"]).key
    assert collect(database, files, time.time() + 2 * HOUR) == Collected((), ())
    assert keys_of(files) == [key]


def test_every_shard_is_collected(database, in_folder):
    upload(database, in_folder)
    orphans = [f"{shard}{'0' * 29}.jpg" for shard in ("000", "0ff", "7a5", "9ff", "a00", "f00", "fff")]
    for key in orphans:
        in_folder.put(key, [b"x"])
    rest = upload(database, in_folder, "ff" + "f" * 30 + ".jpg").key
    assert collect(database, in_folder, time.time() + 2 * HOUR).removed == tuple(orphans)
    assert rest in keys_of(in_folder)


def test_uploads_at_the_same_time_are_safe(database, in_folder, monkeypatch):
    """An upload that ends between the listing of files and the query for rows, and an erasure there."""
    upload(database, in_folder)
    old = upload(database, in_folder).key
    listed = in_folder.stored
    done: list[str] = []

    def stored(shard: str):
        yield from listed(shard)
        if not done:
            done.append(upload(database, in_folder, f"{shard}{'1' * 30}.jpg").key)

    monkeypatch.setattr(in_folder, "stored", stored)
    assert collect(database, in_folder, time.time()) == Collected((), ())
    assert in_folder.read(done[0]) == in_folder.read(old) == b"x"


def test_a_storage_that_is_away_removes_nothing(database, in_folder):
    upload(database, in_folder)
    in_folder.folder.rename(in_folder.folder.with_name("elsewhere"))
    with pytest.raises(FilesUnavailableError):
        collect(database, in_folder, time.time() + 2 * HOUR)


_WRITER = """
import itertools, sys
from faceVer.settings.storing import StoreSettings
from faceVer.storage.blobs.files import FileStorage

def source():
    for number in itertools.count():
        if number == 8:
            print("writing", flush=True)
        yield bytes(2**20)

FileStorage.of(StoreSettings(store=sys.argv[1])).put(sys.argv[2], source())
"""


def test_a_writer_that_was_killed_leaves_nothing_readable(database, in_folder):
    upload(database, in_folder)
    key = new_key("mp4")
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(in_folder.folder.parent), key], stdout=subprocess.PIPE
    )
    with writer:
        assert writer.stdout.readline() == b"writing\n"
        os.kill(writer.pid, signal.SIGKILL)
    partial = in_folder.folder / path_of(key)
    left = list(partial.parent.glob(f"{key}*"))
    assert [path.name for path in left] == [f"{key}#1"]
    assert left[0].stat().st_size > MIB
    assert key not in keys_of(in_folder)
    assert collect(database, in_folder, time.time()) == Collected((), ())
    assert left[0].exists()
    collect(database, in_folder, time.time() + 2 * HOUR)
    assert not left[0].exists()
