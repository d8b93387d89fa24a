"""Endpoints that need an access token: who is accepted, before the body is read, within limits; and their lane."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from unittest.mock import Mock

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from faceVer.domain.accounts import Principal, Role, User
from faceVer.domain.errors import (
    CredentialExpiredError,
    CredentialInvalidError,
    DatabaseUnavailableError,
    UserBlockedError,
)
from faceVer.http.endpoints import OPERATIONS
from faceVer.http.oz.errors import OZ_INSTANT, OZ_STORED
from faceVer.http.pipeline.authentication import new_key
from faceVer.http.pipeline.context import EXECUTOR
from faceVer.http.pipeline.endpoint import Access, Body, Endpoint, EndpointTable, Lane
from faceVer.http.pipeline.principals import AUTHENTICATE, principal
from faceVer.http.pipeline.responses import json_response
from faceVer.http.server.app import create_app
from faceVer.settings.model import Settings
from tests.support_endpoints import TABLE as STATELESS

T = TypeVar("T")
TOKEN = "X-Forensic-Access-Token"
ERRORS = {
    "gone": CredentialInvalidError("unknown"),
    "old": CredentialExpiredError("expired"),
    "blocked": UserBlockedError("blocked"),
    "lost": DatabaseUnavailableError("away"),
}
KEY, LINE = new_key("partner")


def sender(token: str, address: str) -> Principal:
    """Tokens are `<user>-<number>`, or the name of an error."""
    if token in ERRORS:
        raise type(ERRORS[token])(str(ERRORS[token]))
    user_id, _, number = token.partition("-")
    if user_id not in ("ann", "bob"):
        raise CredentialInvalidError("unknown")
    return Principal(User(user_id, "c", Role.CLIENT, "a@b", "A", "B"), number, address)


async def show(request: web.Request) -> web.Response:
    """Show the sender and the length of the body."""
    who = principal(request)
    return json_response({"user": who.user.user_id, "address": who.address, "size": len(await request.read())})


async def work(request: web.Request) -> web.Response:
    """Run something on the endpoint's lane."""
    return json_response({"thread": await request.app[EXECUTOR].run(lambda: threading.current_thread().name)})


async def nothing(request: web.Request) -> web.Response:
    """Respond."""
    return json_response({})


def endpoint(method: str, path: str, handler: Any, **options: Any) -> Endpoint:
    options = {"family": OZ_STORED, "access": Access.TOKEN, "lane": Lane.STORAGE, **options}
    return Endpoint(method=method, path=path, alternatives=(path.rstrip("/"),), handler=handler, **options)


TABLE = EndpointTable(
    [
        endpoint("POST", "/api/things/", show, body=Body.JSON),
        endpoint("PATCH", "/api/things/", show, body=Body.JSON),
        endpoint("DELETE", "/api/things/", nothing),
        endpoint("GET", "/api/work/", work),
        endpoint("GET", "/api/image/", work, lane=Lane.INFERENCE, access=Access.ANYONE),
        endpoint("POST", "/api/instant/", nothing, access=Access.TOKEN_OR_KEY, family=OZ_INSTANT, lane=Lane.INFERENCE),
        endpoint("POST", "/api/sign_in/", nothing, access=Access.ANYONE),
    ],
    [("/api/", OZ_STORED), ("/", OPERATIONS)],
)


def run(
    talk: Callable[[TestClient[web.Request, web.Application], web.Application], Awaitable[T]],
    settings: Settings | None = None,
    authenticate: Callable[[str, str], Principal] = sender,
    table: EndpointTable = TABLE,
) -> T:
    async def main() -> T:
        engine = Mock(infos=(), backend=Mock(providers=()))
        app = create_app(settings or Settings(), engine, folders=Mock(infos=()), table=table)
        app[AUTHENTICATE] = authenticate
        async with TestClient(TestServer(app)) as client:
            return await talk(client, app)

    return asyncio.run(main())


async def code_of(response: ClientResponse) -> tuple[int, int]:
    """(HTTP status, error code)"""
    return response.status, json.loads(await response.read())["error_code"]


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (None, (401, 6)),
        ("", (401, 6)),
        ("nonsense", (401, 7)),
        ("gone", (401, 7)),
        ("old", (401, 8)),
        ("blocked", (401, 1401)),
        ("lost", (503, 12)),
    ],
)
@pytest.mark.parametrize("path", ["/api/things/", "/api/things", "/api/instant/", "/api/instant"])
def test_a_request_without_a_good_token_is_refused_before_its_body(
    path: str, token: str | None, expected: tuple[int, int]
) -> None:
    async def talk(client: TestClient[web.Request, web.Application], _: web.Application) -> tuple[int, int]:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        header = "" if token is None else f"{TOKEN}: {token}\r\n"
        # The body never arrives: the response does not wait for it.
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n{header}\r\n".encode())
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]
            return int(head.split()[1]), json.loads(await reader.readexactly(length))["error_code"]
        finally:
            writer.close()
            await writer.wait_closed()

    assert run(talk) == expected


def test_the_handler_gets_the_sender() -> None:
    async def talk(client: TestClient[web.Request, web.Application], _: web.Application) -> list[Any]:
        found = []
        for headers in ({TOKEN: "ann-1"}, {"Authorization": "Bearer ann-1"}):
            for method in ("POST", "PATCH"):
                async with client.request(method, "/api/things/", data=b"abc", headers=headers) as response:
                    found.append(await response.json())
        return found

    assert run(talk) == [{"user": "ann", "address": "127.0.0.1", "size": 3}] * 4


def test_the_log_names_the_user_or_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "faceVer.access")

    async def talk(client: TestClient[web.Request, web.Application], _: web.Application) -> None:
        for token in ("ann-secret", KEY, "gone"):
            async with client.post("/api/instant/", headers={TOKEN: token}):
                pass

    run(talk, Settings.of(api_keys=(LINE,)))
    lines = [line.rpartition("key=")[2] for line in caplog.messages if "key=" in line]
    assert lines == ["ann", "partner"]
    assert "secret" not in caplog.text


def test_instant_takes_keys_only_where_there_are_any() -> None:
    async def talk(client: TestClient[web.Request, web.Application], _: web.Application) -> list[int]:
        found = []
        for headers in ({TOKEN: KEY}, {"X-API-Key": KEY}, {TOKEN: "ann-1"}, {TOKEN: "wrong"}, {}):
            async with client.post("/api/instant/", headers=headers) as response:
                found.append(response.status)
        async with client.get("/api/work/", headers={TOKEN: KEY}) as response:
            found.append(response.status)
        return found

    assert run(talk, Settings.of(api_keys=(LINE,))) == [200, 200, 200, 401, 401, 401]
    assert run(talk) == [401, 401, 200, 401, 401, 401]


def test_the_rate_limit_is_for_each_user_whatever_the_session() -> None:
    async def talk(client: TestClient[web.Request, web.Application], _: web.Application) -> list[Any]:
        found: list[Any] = []
        for token in ("ann-1", "ann-2", "ann-3", "bob-1", "wrong", "wrong", "wrong", "bob-2"):
            async with client.get("/api/work/", headers={TOKEN: token}) as response:
                found.append(response.status if response.status == 200 else await code_of(response))
                assert ("Retry-After" in response.headers) == (response.status == 429)
        return found

    assert run(talk, Settings.of(rate_limit=0.01, rate_burst=2)) == [
        *(200, 200, (429, 101), 200),
        *((401, 7), (401, 7), (429, 101), 200),
    ]


def test_endpoints_for_anyone_are_limited_by_address() -> None:
    async def talk(client: TestClient[web.Request, web.Application], _: web.Application) -> list[int]:
        found = []
        for _number in range(3):
            async with client.post("/api/sign_in/", headers={TOKEN: "ann-1"}) as response:
                found.append(response.status)
        return found

    assert run(talk, Settings.of(rate_limit=0.01, rate_burst=2, api_keys=(LINE,))) == [200, 200, 429]


def test_a_database_that_hangs_while_authenticating_ends_at_the_time_limit() -> None:
    go = threading.Event()

    def hang(token: str, address: str) -> Principal:
        go.wait(30)
        raise CredentialInvalidError("late")

    async def talk(client: TestClient[web.Request, web.Application], _: web.Application) -> tuple[int, int]:
        try:
            async with client.get("/api/work/", headers={TOKEN: "ann-1"}) as response:
                return await code_of(response)
        finally:
            go.set()

    assert run(talk, Settings.of(request_timeout=0.3), hang) == (503, 0)


def test_storage_never_waits_behind_inference() -> None:
    go, begun = threading.Event(), threading.Event()

    def block() -> None:
        begun.set()
        go.wait(30)

    async def talk(client: TestClient[web.Request, web.Application], app: web.Application) -> tuple[str, int]:
        executor = app[EXECUTOR]
        blocked = [asyncio.create_task(executor.inference.run(block)) for _ in range(executor.threads + 5)]
        await asyncio.to_thread(begun.wait, 10)
        executor.inference.requests = 10_000
        try:
            async with client.get("/api/work", headers={TOKEN: "ann-1"}) as response:
                thread = (await response.json())["thread"]
            async with client.get("/api/image") as response:
                return thread, response.status
        finally:
            go.set()
            await asyncio.gather(*blocked)

    thread, status = run(talk)
    assert thread.startswith("storage")
    assert status == 503


def test_without_a_store_no_thread_for_storage_starts() -> None:
    async def talk(client: TestClient[web.Request, web.Application], _: web.Application) -> list[str]:
        async with client.get("/livez") as response:
            assert response.status == 200
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("storage")]

    assert run(talk, table=STATELESS) == []


@pytest.mark.parametrize("table", [TABLE, STATELESS])
def test_a_preflight_allows_the_methods_and_headers_that_endpoints_take(table: EndpointTable) -> None:
    async def talk(client: TestClient[web.Request, web.Application], _: web.Application) -> tuple[str, str]:
        headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "PATCH"}
        async with client.options("/api/things/", headers=headers) as response:
            assert response.status == 204
            return response.headers["Access-Control-Allow-Methods"], response.headers["Access-Control-Allow-Headers"]

    methods, allowed = run(talk, table=table)
    stored = table is TABLE
    assert methods == ("GET, HEAD, POST, PATCH, DELETE, OPTIONS" if stored else "GET, HEAD, POST, OPTIONS")
    assert (TOKEN in allowed) is stored
