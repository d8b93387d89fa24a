"""`facever storage` and what `facever doctor` says of stored files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from faceVer.settings.model import Settings
from faceVer.settings.storing import StoreSettings
from faceVer.storage.blobs.files import FileStorage
from faceVer.storage.blobs.names import new_key, path_of
from faceVer.storage.database import Database
from faceVer.storage.tables import companies
from faceVer.storage.tables import files as table
from faceVer.tools import doctor
from tests.cli.conftest import Run

COMPANY = "6f1f54d1-4a4f-4c0c-9d58-8a0a5c3f8b11"
OLD, NEW = "old:" + "aa" * 32, "new:" + "bb" * 32


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with all tables, named by FACEVER_STORE."""
    shutil.copy(sqlite_template, tmp_path)
    monkeypatch.setenv("FACEVER_STORE", str(tmp_path))
    return tmp_path


def test_without_a_store_there_is_nothing(facever: Run) -> None:
    result = facever("storage", "check")
    assert (result.status, "FACEVER_STORE is empty" in result.err) == (1, True)


def test_check(facever: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = facever("storage", "check")
    assert result.status == 0
    assert result.out.startswith(f"{folder}/files, ")
    assert "GB free, not encrypted" in result.out
    monkeypatch.setenv("FACEVER_STORAGE_KEY", f"{NEW},{OLD}")
    assert "encrypted with key new" in facever("storage", "check").out
    monkeypatch.setenv("FACEVER_STORAGE_URL", "s3://bucket")
    monkeypatch.setenv("FACEVER_S3_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("FACEVER_S3_ACCESS_KEY", "access")
    monkeypatch.setenv("FACEVER_S3_SECRET_KEY", "secret")
    failed = facever("storage", "check")
    assert (failed.status, "the storage fails: GenericError Connect" in failed.err) == (1, True)


def test_collect(facever: Run, folder: Path) -> None:
    files = FileStorage.of(StoreSettings(store=str(folder)))
    orphan, lost = files.put(new_key("jpg"), [b"x"]).key, new_key("jpg")
    database = Database.of(str(folder))
    with database.write() as connection:
        connection.execute(sa.insert(companies).values(company_id=COMPANY, name="c", created=0.0))
        row = {"key": lost, "company_id": COMPANY, "kind": "original", "mime": "image/jpeg", "created": 0.0}
        connection.execute(sa.insert(table).values(**row, md5="0" * 32, sha256=b"0" * 32, size=1))
    database.close()
    result = facever("storage", "collect")
    assert (result.status, result.out) == (1, f"missing {lost}\n0 files removed, 1 missing\n")
    os.utime(folder / "files" / path_of(orphan), (0, 0))
    files.put(lost, [b"x"])
    result = facever("storage", "collect")
    assert (result.status, result.out) == (0, "1 files removed, 0 missing\n")
    assert [key for key, _ in files.stored()] == [lost]


def test_reencrypt(facever: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FileStorage.of(StoreSettings(store=str(folder), storage_key=(OLD,))).put(key := new_key("jpg"), [b"x"])
    monkeypatch.setenv("FACEVER_STORAGE_KEY", f"{NEW},{OLD}")
    assert facever("storage", "reencrypt").out == "1 files encrypted, 0 were already, 0 cannot be read\n"
    assert facever("storage", "reencrypt").out == "0 files encrypted, 1 were already, 0 cannot be read\n"
    assert FileStorage.of(StoreSettings(store=str(folder), storage_key=(NEW,))).read(key) == b"x"
    monkeypatch.setenv("FACEVER_STORAGE_KEY", OLD)
    assert facever("storage", "reencrypt").status == 1


def test_doctor(tmp_path: Path) -> None:
    assert list(doctor._storage(Settings())) == []
    (plain,) = doctor._storage(Settings.of(store=str(tmp_path)))
    assert (plain.topic, plain.state, "not encrypted" in plain.text) == ("storage", "note", True)
    (sealed,) = doctor._storage(Settings.of(store=str(tmp_path), storage_key=(NEW,)))
    assert (sealed.state, "GB free, encrypted with key new" in sealed.text) == ("ok", True)
    found = doctor.examine(lambda: Settings.of(store=str(tmp_path), storage_url="/proc/nowhere", port=0))
    (bad,) = [finding for finding in found if finding.topic == "storage"]
    assert (bad.state, "STORAGE_URL" in bad.text) == ("bad", True)
