"""Bodies of requests about what is stored: JSON under any label, forms whose files go to disk, faults in between."""

from __future__ import annotations

import asyncio
import errno
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from faceVer.http.endpoints import OPERATIONS
from faceVer.http.oz.errors import OZ_STORED
from faceVer.http.pipeline.endpoint import Access, Body, Endpoint, EndpointTable, Lane
from faceVer.http.pipeline.forms.spooled import SpooledFile
from faceVer.http.pipeline.kept_bodies import json_object, received_form
from faceVer.http.pipeline.responses import json_response
from faceVer.http.server.app import create_app
from faceVer.settings.model import Settings
from tests.support_server import form, part

T = TypeVar("T")
FORM = {"Content-Type": "multipart/form-data; boundary=72468"}
SMALL = Settings.of(max_file_bytes=300_000, max_request_bytes=1_000_000, max_media=3, body_timeout=0.5)


async def echo_json(request: web.Request) -> web.Response:
    """Respond with the body."""
    return json_response(await json_object(request))


async def show_form(request: web.Request) -> web.Response:
    """Respond with what the form holds."""
    async with received_form(request) as received:
        files = [[file.name, file.filename, file.content_type, file.size] for file in received.files]
        return json_response({"payload": received.payload, "files": files})


async def hold_form(request: web.Request) -> web.Response:
    """Respond a long time after the form has arrived."""
    async with received_form(request):
        await asyncio.sleep(30)
    return json_response({})


def row(path: str, handler: Any, body: Body) -> Endpoint:
    return Endpoint(
        method="POST",
        path=path,
        handler=handler,
        family=OZ_STORED,
        access=Access.ANYONE,
        lane=Lane.STORAGE,
        body=body,
    )


TABLE = EndpointTable(
    [
        row("/api/json/", echo_json, Body.JSON),
        row("/api/form/", show_form, Body.JSON_OR_FORM),
        row("/api/hold/", hold_form, Body.FORM),
    ],
    [("/api/", OZ_STORED), ("/", OPERATIONS)],
)


def run(talk: Callable[[TestClient[web.Request, web.Application]], Awaitable[T]], settings: Settings = SMALL) -> T:
    async def main() -> T:
        app = create_app(settings, Mock(infos=(), backend=Mock(providers=())), folders=Mock(infos=()), table=TABLE)
        async with TestClient(TestServer(app, handler_cancellation=True)) as client:
            return await talk(client)

    return asyncio.run(main())


def post(path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """(HTTP status, JSON; of an error [code, key path])"""

    async def talk(client: TestClient[web.Request, web.Application]) -> tuple[int, Any]:
        data = body if body is None else io.BytesIO(body)
        async with client.post(path, data=data, headers=headers, skip_auto_headers=["Content-Type"]) as response:
            found = json.loads(await response.read())
            if response.status == 200:
                return 200, found
            assert list(found) == ["error_code", "error_message", "details"]
            return response.status, [found["error_code"], found["details"] and found["details"]["key_path"]]

    return run(talk)


@pytest.mark.parametrize(
    "label",
    [None, "application/json", "application/x-www-form-urlencoded", "text/plain; charset=x", "nonsense", "a/b;=;"],
)
@pytest.mark.parametrize("path", ["/api/json/", "/api/form/", "/api/json/?", "/api/form/?&&=x"])
def test_json_is_read_under_any_label(path: str, label: str | None) -> None:
    headers = {"Content-Type": label} if label else {}
    wrapped: Callable[[Any], Any] = (lambda root: {"payload": root, "files": []}) if "form" in path else (lambda x: x)
    for text, root in ((b'{"a": [1, "\xc3\xa4"]}', {"a": [1, "ä"]}), (b"", {}), (b" \r\n", {}), (None, {})):
        assert post(path, text, headers) == (200, wrapped(root))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"{", [3, "payload"]),
        (b"a=b", [3, "payload"]),
        (b"\xff", [3, "payload"]),
        (b"[]", [3, "payload"]),
        (b'"x"', [3, "payload"]),
        (b'{"a": NaN}', [4, "a"]),
        (b'{"a": 1e999}', [4, "a"]),
        (b'{"a": "\\ud800"}', [4, "a"]),
        (b'{"a": "\\u0000"}', [4, "a"]),
        (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", [3, "a"]),
        (b"[" * 100_000, [3, "payload"]),
        (b'{"a": ' + b"1" * 5000 + b"}", [3, "payload"]),
        (b'{"a": "' + b"x" * 300_000 + b'"}', [4, None]),
    ],
)
@pytest.mark.parametrize("path", ["/api/json/", "/api/form/"])
def test_what_is_not_a_json_object_is_rejected(path: str, text: bytes, error: list[Any]) -> None:
    assert post(path, text) == (400, error)
    if path == "/api/form/":
        assert post(path, form([part("payload", text)]), FORM) == (400, error)


PHOTO, VIDEO = part("photo", b"p" * 70_000, "image/jpeg", "ä.jpg"), part("video", b"v" * 10)
PAYLOAD = part("payload", b'{"a": 1}', "application/json")


@pytest.mark.parametrize("parts", [[PAYLOAD, PHOTO, VIDEO], [PHOTO, PAYLOAD, VIDEO], [PHOTO, VIDEO, PAYLOAD]])
def test_the_payload_may_come_after_files(parts: list[bytes]) -> None:
    files = [["photo", "ä.jpg", "image/jpeg", 70_000], ["video", "", None, 10]]
    assert post("/api/form/", form(parts), FORM) == (200, {"payload": {"a": 1}, "files": files})
    assert post("/api/form/", form([PHOTO]), FORM) == (200, {"payload": {}, "files": files[:1]})


@pytest.mark.parametrize(
    ("body", "headers", "error"),
    [
        (form([PAYLOAD, PHOTO, PAYLOAD]), FORM, [3, "payload"]),
        (form([PHOTO])[:-10], FORM, [4, None]),
        (b"nothing", FORM, [4, None]),
        (form([part("", b"x")]), FORM, [4, None]),
        (form([part("a\x00", b"x")]), FORM, [4, None]),
        (form([part("a", b"x", "application/pdf")]), FORM, [5, None]),
        (form([VIDEO] * 5), FORM, [4, None]),
        (form([part("a", bytes(300_001))]), FORM, [4, None]),
        (form([part("a", bytes(290_000))] * 4), FORM, [4, None]),
        (form([part("payload", b" " * 300_000)]), FORM, [4, None]),
        (form([PHOTO]), {"Content-Type": "multipart/form-data"}, [5, None]),
        (form([PHOTO]), {**FORM, "Content-Transfer-Encoding": "x"}, [5, None]),
    ],
)
def test_a_wrong_form_is_rejected(body: bytes, headers: dict[str, str], error: list[Any]) -> None:
    assert post("/api/form/", body, headers) == (400, error)


class Watch:
    """The files of all parsers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files: list[SpooledFile] = []
        begin = SpooledFile.__init__

        def made(file: SpooledFile, *arguments: Any) -> None:
            begin(file, *arguments)
            self.files.append(file)

        monkeypatch.setattr(SpooledFile, "__init__", made)

    @property
    def closed(self) -> list[bool]:
        return [file._content.file.closed for file in self.files]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


def test_files_are_discarded_after_a_response_and_an_error(watch: Watch) -> None:
    assert post("/api/form/", form([PHOTO, VIDEO]), FORM)[0] == 200
    assert post("/api/form/", form([PHOTO, VIDEO])[:-10], FORM)[0] == 400
    assert watch.closed == [True] * 4


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not become true")


@pytest.mark.parametrize("path", ["/api/form/", "/api/hold/"])
def test_files_are_discarded_when_the_client_disconnects(watch: Watch, path: str) -> None:
    body = form([PHOTO, VIDEO, PHOTO])
    sent = body if path == "/api/hold/" else body[:-20_000]

    async def talk(client: TestClient[web.Request, web.Application]) -> None:
        _, writer = await asyncio.open_connection(client.host, client.port)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nContent-Type: {FORM['Content-Type']}"
        writer.write(f"{head}\r\n\r\n".encode() + sent)
        await until(lambda: len(watch.files) == 3)
        writer.close()
        await writer.wait_closed()
        await until(lambda: all(watch.closed))

    run(talk, SMALL.changed(body_timeout=30))
    assert watch.closed == [True] * 3


def test_files_are_discarded_when_the_body_stops_arriving(watch: Watch) -> None:
    async def talk(client: TestClient[web.Request, web.Application]) -> bytes:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        head = f"POST /api/form/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\nContent-Type: {FORM['Content-Type']}"
        writer.write(f"{head}\r\n\r\n".encode() + form([VIDEO])[:-5])
        answer = await asyncio.wait_for(reader.readline(), 10)
        writer.close()
        await writer.wait_closed()
        return answer

    assert b" 400 " in run(talk)
    assert watch.closed == [True]


def test_a_disk_that_is_full_is_503_and_recovers(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tempfile.SpooledTemporaryFile.write", fail)
        assert post("/api/form/", form([PHOTO]), FORM) == (503, [11, None])
    assert post("/api/form/", form([PHOTO]), FORM)[0] == 200
    assert watch.closed == [True] * 2
