"""A server with a store as its clients see it: users, companies, folders, over HTTP only."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.support_postgres import PostgresServer
from tests.support_s3 import S3Server
from tests.support_server import Server

EMAIL, PASSWORD = "admin@example.org", "correct horse battery"
HEADER = "X-Forensic-Access-Token"
NOBODY = "00000000-0000-4000-8000-000000000000"
STORAGE_KEY = "k1:" + "ab" * 32
WAIT_SECONDS = 60.0
numbers = itertools.count(1)
Files = Mapping[str, bytes | tuple[str, bytes]]


class Caller:
    """A user of a server, with one connection that is kept."""

    def __init__(self, url: str, user: Mapping[str, Any] | None = None, token: str = "") -> None:
        self.url, self.user, self.token = url, dict(user or {}), token
        self.http = httpx.Client(base_url=url, headers={HEADER: token} if token else {}, timeout=60, trust_env=False)

    @property
    def user_id(self) -> str:
        return str(self.user["user_id"])

    @property
    def company_id(self) -> str:
        return str(self.user["company_id"])

    def call(self, method: str, path: str, body: Any = None, headers: Any = None) -> httpx.Response:
        """body: bytes as they are, anything else as JSON."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.request(method, path, content=content, headers=headers)

    def get(self, path: str) -> Any:
        return self._done(self.call("GET", path), 200)

    def post(self, path: str, body: Any = None, status: int = 201) -> Any:
        return self._done(self.call("POST", path, body), status)

    def patch(self, path: str, body: Any) -> Any:
        return self._done(self.call("PATCH", path, body), 200)

    def delete(self, path: str) -> None:
        response = self.call("DELETE", path)
        assert (response.status_code, response.content) == (204, b""), response.text

    def form(self, path: str, files: Files, payload: Any = None) -> httpx.Response:
        """Send a form. files: by the names of the parts, with a file name or without; payload: its JSON."""
        parts: list[tuple[str, Any]] = [
            (name, (name, data) if isinstance(data, bytes) else data) for name, data in files.items()
        ]
        if payload is not None:
            parts.append(("payload", (None, json.dumps(payload).encode())))
        return self.http.post(path, files=parts)

    def upload(self, files: Files, payload: Any = None, path: str = "/api/folders/") -> Any:
        return self._done(self.form(path, files, payload), 201)

    def analyse(self, folder_id: str, *analyses: Mapping[str, Any], **more: Any) -> list[dict[str, Any]]:
        return list(self.post(f"/api/folders/{folder_id}/analyses/", {"analyses": list(analyses), **more}))

    def finished(self, folder_id: str) -> dict[str, Any]:
        """A folder, when its analyses have ended."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            folder = dict(self.get(f"/api/folders/{folder_id}/"))
            if folder["resolution_status"] != "PROCESSING":
                return folder
            assert time.monotonic() < deadline, folder
            time.sleep(0.1)

    @staticmethod
    def _done(response: httpx.Response, status: int) -> Any:
        assert response.status_code == status, response.text
        return response.json()


class Site:
    """A running server and its administrator."""

    def __init__(self, server: Server) -> None:
        self.server, self.url = server, server.url
        self.callers: list[Caller] = []
        self.anyone = self.caller()
        self.admin = self.sign_in(EMAIL)

    def caller(self, token: str = "", user: Mapping[str, Any] | None = None) -> Caller:
        """Someone with that access token; its connection is closed with the site."""
        self.callers.append(Caller(self.url, user, token))
        return self.callers[-1]

    def sign_in(self, email: str, password: str = PASSWORD) -> Caller:
        found = self.anyone.post("/api/authorize/auth/", credentials(email, password), 200)
        return self.caller(found["access_token"], found["user"])

    def company(self) -> str:
        return str(self.admin.post("/api/companies/", {"name": f"company {next(numbers)}"})["company_id"])

    def user(self, user_type: str, company_id: str | None = None, **profile: Any) -> Caller:
        """A new user, signed in."""
        body = new_user(user_type, company_id, **profile)
        self.admin.post("/api/users/", body)
        return self.sign_in(body["credentials"]["email"])

    def close(self) -> None:
        for caller in self.callers:
            caller.http.close()


def credentials(email: str, password: str = PASSWORD) -> dict[str, Any]:
    return {"credentials": {"email": email, "password": password}}


def new_user(user_type: str, company_id: str | None = None, **profile: Any) -> dict[str, Any]:
    """The body of a creation."""
    names = {"user_type": user_type, "company_id": company_id, "first_name": "Ann", "last_name": "Lee"}
    return credentials(f"user{next(numbers)}@example.org") | {"profile": names | profile}


@contextlib.contextmanager
def sqlite_site(folder: Path, **settings: str) -> Iterator[Site]:
    """A server that keeps everything in a folder."""
    with _running(Server(store=str(folder), **_SETTINGS, **settings)) as site:
        yield site


@contextlib.contextmanager
def distributed_site(postgres: PostgresServer, s3: S3Server, **settings: str) -> Iterator[Site]:
    """A server on PostgreSQL and S3, whose analyses a worker process runs."""
    shared = {
        "store": postgres.create_database(),
        "storage_url": f"s3://{s3.create_bucket()}/prefix",
        "s3_endpoint": s3.endpoint,
        "s3_access_key": "access",
        "s3_secret_key": "secret",
        "storage_key": STORAGE_KEY,
        "api_secret": "0123456789abcdef" * 4,
        **settings,
    }
    with (
        _running(Server(**shared, **_SETTINGS)) as site,
        Server(command="worker", host="127.0.0.1", **shared),
    ):
        yield site


_SETTINGS = {"admin_email": EMAIL, "admin_password": PASSWORD, "login_attempts": "10000", "language": "en"}


@contextlib.contextmanager
def _running(server: Server) -> Iterator[Site]:
    with server:
        site = Site(server)
        try:
            yield site
        finally:
            site.close()


def error(response: httpx.Response) -> tuple[int, int, str | None]:
    """(HTTP status, error code, key path); checks the shape of the error."""
    assert response.headers["content-type"].startswith("application/json"), response.text
    assert response.content.startswith(b'{"error_code": '), response.text
    document = response.json()
    assert list(document) == ["error_code", "error_message", "details"]
    assert isinstance(document["error_code"], int)
    assert isinstance(document["error_message"], str)
    assert document["error_message"]
    details = document["details"]
    assert details is None or list(details) == ["key_path"]
    return response.status_code, document["error_code"], details and details["key_path"]


def with_and_without_slash(path: str) -> Sequence[str]:
    """Both spellings of a path, its query string kept."""
    path, mark, query = path.partition("?")
    return [path.rstrip("/") + mark + query, path.rstrip("/") + "/" + mark + query]
