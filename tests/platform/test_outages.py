"""Database or file storage go away while the server runs: 503, nothing half-written, and all is well afterwards."""

from __future__ import annotations

import contextlib
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.platform.support import Caller, Site, distributed_site, error, sqlite_site
from tests.support_postgres import PostgresServer
from tests.support_s3 import FaultyProxy, S3Server
from tests.support_server import children
from tests.support_wire import read_response, wire

DATABASE, FILES = (503, 12, None), (503, 11, None)
QUALITY = {"analyses": [{"type": "quality"}]}
LONGEST = 60.0
"""Seconds within which a server must notice that something is away."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with sqlite_site(tmp_path / "store") as running:
        yield running


@pytest.fixture
def boss(site: Site) -> Caller:
    return site.user("CLIENT_ADMIN", site.company())


@contextlib.contextmanager
def full_disk(site: Site, size: int = 0) -> Iterator[None]:
    """The server's processes cannot make any file longer than that."""
    processes = [site.server.process.pid, *children(site.server.process.pid)]
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for process in processes:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        for process in processes:
            resource.prlimit(process, resource.RLIMIT_FSIZE, (hard, hard))


def files_of(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("facever.db")}


def works(boss: Caller, photo: bytes) -> dict[str, Any]:
    """A folder is analysed, and its files are there."""
    folder = boss.upload({"p": photo}, QUALITY)
    assert folder["resolution_status"] == "FINISHED"
    assert boss.http.get(folder["media"][0]["original_url"]).content == photo
    return folder


def again(call: Callable[[], httpx.Response], seconds: float = LONGEST) -> httpx.Response:
    """The first answer that is not 503."""
    deadline = time.monotonic() + seconds
    while (answer := call()).status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.2)
    return answer


def test_a_full_disk(site: Site, boss: Caller, photo: bytes, tmp_path: Path) -> None:
    folder = works(boss, photo)
    path, before = f"/api/folders/{folder['folder_id']}", files_of(tmp_path)
    with full_disk(site):
        answers = {
            "create": boss.call("POST", "/api/folders/", {"meta_data": {"a": 1}}),
            "change": boss.call("PATCH", f"{path}/", {"operator_comment": "c"}),
            "metadata": boss.call("POST", f"{path}/meta_data/", {"a": 1}),
            "analyse": boss.call("POST", f"{path}/analyses/", QUALITY),
            "clear": boss.call("DELETE", f"{path}/pi/"),
            "delete": boss.call("DELETE", f"{path}/"),
        }
        assert {name: error(answer) for name, answer in answers.items()} == dict.fromkeys(answers, DATABASE)
        for answer in answers.values():
            assert int(answer.headers["retry-after"]) > 0
        for target in ("/api/folders/", f"{path}/media/"):
            assert error(boss.form(target, {"q": photo}))[:2] in (FILES[:2], DATABASE[:2])
        assert boss.get(f"{path}/") == folder | {"media": boss.get(f"{path}/media/")} | {
            "analyses": boss.get(f"{path}/analyses/")
        }
    assert files_of(tmp_path) == before
    assert boss.get("/api/folders/")["total_count"] == 1
    assert boss.get(f"{path}/")["meta_data"] == {}
    assert len(boss.get(f"{path}/media/")) == 1
    works(boss, photo)


def test_a_disk_that_fills_up_within_a_file(
    site: Site, boss: Caller, photo: bytes, video: bytes, tmp_path: Path
) -> None:
    works(boss, photo)
    before = files_of(tmp_path)
    with full_disk(site, size=len(photo) + 50_000):  # the photo still fits, the video does not
        assert error(boss.form("/api/folders/", {"p": photo, "v": video}))[:2] in (FILES[:2], DATABASE[:2])
    assert files_of(tmp_path) == before
    assert boss.get("/api/folders/")["total_count"] == 1
    works(boss, photo)


def test_a_folder_of_files_that_is_away(site: Site, boss: Caller, photo: bytes, tmp_path: Path) -> None:
    folder = works(boss, photo)
    place = tmp_path / "store" / "files"
    away = place.rename(tmp_path / "away")
    place.write_bytes(b"no folder")
    try:
        assert error(boss.form("/api/folders/", {"p": photo})) == FILES
        assert error(boss.http.get(folder["media"][0]["original_url"])) == FILES
        assert boss.get("/api/folders/")["total_count"] == 1
    finally:
        place.unlink()
        away.rename(place)
    works(boss, photo)


def test_a_database_that_is_no_database(site: Site, boss: Caller, photo: bytes, tmp_path: Path) -> None:
    """The file of the database is damaged and then put back, as by an administrator."""
    works(boss, photo)
    database = tmp_path / "store" / "facever.db"
    shutil.copy(database, tmp_path / "copy")
    with database.open("r+b") as file:
        kept = file.read(4096)
        file.seek(0)
        file.write(b"\0" * 4096)
    answer = boss.call("GET", "/api/folders/")
    assert answer.status_code in (200, 503), answer.text
    assert answer.status_code == 200 or error(answer) == DATABASE
    with database.open("r+b") as file:
        file.write(kept)
    assert again(lambda: boss.call("GET", "/api/folders/")).status_code == 200


@pytest.mark.platform
def test_postgresql_that_is_away(postgres: PostgresServer, s3: S3Server, photo: bytes) -> None:
    with distributed_site(postgres, s3) as site:
        boss = site.user("CLIENT_ADMIN", site.company())
        folder = works(boss, photo)
        for number in (signal.SIGINT, signal.SIGQUIT):
            postgres.stop(number)
            try:
                started = time.monotonic()
                assert error(boss.call("GET", "/api/folders/")) == DATABASE
                assert error(boss.form("/api/folders/", {"p": photo})) == DATABASE
                assert (
                    error(
                        site.anyone.call(
                            "POST", "/api/authorize/auth/", {"credentials": {"email": "a@b.org", "password": "x"}}
                        )
                    )
                    == DATABASE
                )
                assert error(site.anyone.call("GET", "/api/healthcheck/")) == DATABASE
                assert error(site.anyone.call("GET", folder["media"][0]["original_url"])) == DATABASE
                assert time.monotonic() - started < LONGEST
            finally:
                postgres.start()
            assert again(lambda: boss.call("GET", "/api/folders/")).status_code == 200
            assert site.anyone.get("/api/healthcheck/") == {"status": "ok"}
        assert boss.get("/api/folders/")["total_count"] == 1
        works(boss, photo)


@pytest.mark.platform
def test_postgresql_that_goes_away_within_an_upload(postgres: PostgresServer, s3: S3Server, photo: bytes) -> None:
    """The request was accepted; at its end nothing of it is in the storage."""
    with distributed_site(postgres, s3) as site:
        boss = site.user("CLIENT_ADMIN", site.company())
        body = b'--b\r\nContent-Disposition: form-data; name="p"\r\n\r\n' + photo + b"\r\n--b--\r\n"
        head = (
            f"POST /api/folders/ HTTP/1.1\r\nHost: x\r\nX-Forensic-Access-Token: {boss.token}\r\n"
            f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with wire(site.server) as sock:
            sock.sendall(head.encode() + body[:1000])
            time.sleep(1)
            postgres.stop(signal.SIGINT)
            try:
                sock.sendall(body[1000:])
                answer = read_response(sock)
                assert (answer.status, answer.json()["error_code"]) == (503, 12)
            finally:
                postgres.start()
        assert again(lambda: boss.call("GET", "/api/folders/")).status_code == 200
        assert boss.get("/api/folders/")["total_count"] == 0
        works(boss, photo)


@pytest.mark.parametrize("fault", ["503", "403", "cut"])
@pytest.mark.platform
def test_s3_that_is_away(postgres: PostgresServer, s3: S3Server, proxy: FaultyProxy, photo: bytes, fault: str) -> None:
    with distributed_site(postgres, s3, s3_endpoint=proxy.endpoint) as site:
        boss = site.user("CLIENT_ADMIN", site.company())
        folder = works(boss, photo)
        proxy.fail(fault)
        try:
            assert error(boss.form("/api/folders/", {"p": photo})) == FILES
            assert error(boss.http.get(folder["media"][0]["original_url"])) == FILES
            assert boss.get("/api/folders/")["total_count"] == 1
            assert boss.post("/api/folders/", {})["resolution_status"] == "INITIAL"
        finally:
            proxy.repair()
        works(boss, photo)
        assert boss.get("/api/folders/")["total_count"] == 3
