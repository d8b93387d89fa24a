"""`facever worker` with a server on PostgreSQL: real processes, models and media."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faceVer.services.platform import Platform
from faceVer.settings.model import Settings
from tests.jobs.support_jobs import until
from tests.support_postgres import PostgresServer
from tests.support_server import Response, Server

pytestmark = pytest.mark.platform
EMAIL, PASSWORD = "admin@example.com", "correct horse battery"


class Installation:
    """A server that runs no jobs, and the settings that its workers share with it."""

    def __init__(self, store: str, folder: Path) -> None:
        self.settings = {
            "host": "127.0.0.1",
            "store": store,
            "storage_url": str(folder),
            "admin_email": EMAIL,
            "admin_password": PASSWORD,
            "job_heartbeat": "2",
        }
        self.server = Server(**self.settings)

    def worker(self, **settings: str) -> Server:
        return Server(command="worker", **self.settings, **settings)

    def token(self) -> str:
        opened = Platform.open(Settings.of(**{**self.settings, "job_heartbeat": 2.0}), None, None)
        try:
            return opened.sessions.sign_in(EMAIL, PASSWORD, "127.0.0.1").access_token
        finally:
            opened.close(0)

    def post_folder(self, token: str, photo: bytes, webhook: str | None = None) -> str:
        """The id of a new folder with one photo, and a quality analysis of it."""
        payload = json.dumps({"resolution_endpoint": webhook}).encode()
        parts = [
            b'Content-Disposition: form-data; name="payload"\r\n\r\n' + payload,
            b'Content-Disposition: form-data; name="p"; filename="p.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' + photo,
        ]
        body = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"
        head = {"X-Forensic-Access-Token": token, "Content-Type": "multipart/form-data; boundary=x"}
        response = self.server.call("POST", "/api/folders/", body, head)
        assert response.status == 201, response
        folder_id = str(response.json()["folder_id"])
        analyses = json.dumps({"analyses": [{"type": "quality"}]}).encode()
        response = self.server.call(
            "POST", f"/api/folders/{folder_id}/analyses/", analyses, {"X-Forensic-Access-Token": token}
        )
        assert response.status == 201, response
        return folder_id

    def folder(self, token: str, folder_id: str) -> Any:
        response = self.server.call("GET", f"/api/folders/{folder_id}/", headers={"X-Forensic-Access-Token": token})
        assert response.status == 200, response
        return response.json()


@pytest.fixture
def installation(postgres: PostgresServer, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(postgres.create_database(), tmp_path / "files")
    with made.server:
        yield made


def _metrics(server: Server) -> dict[str, float]:
    lines = server.call("GET", "/metrics").body.decode().splitlines()
    found = (line.split(" ") for line in lines if line.startswith(("facever_jobs", "facever_webhooks")))
    return {name: float(value) for name, value in found}


def test_a_worker_runs_what_the_server_accepted(installation: Installation, astronaut: bytes) -> None:
    token = installation.token()
    folders = [installation.post_folder(token, astronaut) for _ in range(3)]
    assert installation.folder(token, folders[0])["resolution_status"] == "PROCESSING"
    assert _metrics(installation.server)["facever_jobs_waiting"] == 3
    with installation.worker() as worker:
        until(lambda: worker.call("GET", "/readyz").status == 200)
        assert worker.call("GET", "/livez").status == 200
        until(lambda: all(installation.folder(token, one)["resolution_status"] == "FINISHED" for one in folders), 90)
        until(lambda: set(_metrics(worker).values()) == {0.0})
        assert set(_metrics(worker)) == set(_metrics(installation.server))
        (analysis,) = installation.folder(token, folders[0])["analyses"]
        assert analysis["results_media"][0]["results_data"]["confidence_spoofing"] >= 0
        assert worker.stop() == 0


def test_a_killed_worker_s_analyses_are_taken_over(installation: Installation, astronaut: bytes) -> None:
    token = installation.token()
    with installation.worker() as worker:
        folders = [installation.post_folder(token, astronaut) for _ in range(12)]
        until(lambda: _metrics(worker)["facever_jobs_running"] > 0)
        worker.process.send_signal(9)
        worker.process.wait(10)
    with installation.worker() as worker:
        until(lambda: all(installation.folder(token, one)["resolution_status"] == "FINISHED" for one in folders), 90)
    assert all(len(installation.folder(token, one)["analyses"]) == 1 for one in folders)


def test_webhooks_are_listed_and_sent_again(installation: Installation, astronaut: bytes) -> None:
    head = {"X-Forensic-Access-Token": installation.token()}
    installation.post_folder(head["X-Forensic-Access-Token"], astronaut, "hook.invalid/in")

    def listed(query: str) -> Any:
        response = installation.server.call("GET", f"/api/webhooks/{query}", headers=head)
        assert response.status == 200, response
        return response.json()["items"]

    def resend(delivery_id: str) -> Response:
        return installation.server.call("POST", f"/api/webhooks/{delivery_id}/resend", headers=head)

    with installation.worker(webhook_hosts="hook.example"):
        until(lambda: listed("?state=DEAD"), 90)
        (dead,) = listed("?state=dead&sorting=time_created{asc}&total_omit=1")
        assert dead["url"] == "https://hook.invalid/in"
        assert dead["error"] == "host or port is not on the allow-list"
        assert listed("?state=DELIVERED,WAITING") == []
    again = resend(dead["delivery_id"])
    assert (again.status, again.json()["state"], again.json()["attempts"]) == (200, "WAITING", 0)
    assert listed("?state.exclude=WAITING") == []
    assert resend("00000000-0000-4000-8000-000000000000").status == 404
    assert installation.server.call("GET", "/api/webhooks/").status == 401
    assert installation.server.call("GET", "/api/webhooks/?state=GONE", headers=head).status == 400


def test_a_worker_needs_a_store(tmp_path: Path) -> None:
    worker = Server(command="worker")
    assert worker.process.wait(60) == 1
    assert worker.logged("FACEVER_STORE is empty")
    worker.stop()
