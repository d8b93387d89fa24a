"""What an Oz client repeats, renews and keeps secret, against a scripted server."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from faceVer.client import OzClient, ProtocolError, TransportError, Unauthorized

FOLDER = {"folder_id": "f", "resolution_status": "FINISHED", "system_resolution": "SUCCESS"}


class Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False


class Script:
    """A server: tokens are numbered, and only the last one is valid."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.issued, self.lock = 0, threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        with self.lock:
            self.requests.append(f"{request.method} {request.url.path}")
            if request.url.path.startswith("/api/authorize/"):
                assert json.loads(body)
                self.issued += 1
                tokens = {"access_token": f"access{self.issued}", "expire_token": f"expire{self.issued}"}
                return httpx.Response(200, json=tokens)
            if request.headers["x-forensic-access-token"] != f"access{self.issued}":
                return httpx.Response(401, json={"error_code": 8, "error_message": "expired", "details": None})
        return httpx.Response(201 if request.method == "POST" else 200, json=FOLDER)


def client(answer: Callable[[httpx.Request], httpx.Response]) -> OzClient:
    return OzClient("http://x", "a@x.org", "a long password", transport=httpx.MockTransport(answer))


def test_threads_sign_in_and_renew_once() -> None:
    script = Script()
    with client(script) as oz, ThreadPoolExecutor(8) as threads:
        for _ in range(2):
            assert {one.folder_id for one in threads.map(oz.folder, ["f"] * 32)} == {"f"}
            script.issued += 1  # the token in use is not valid any more
    assert script.requests.count("POST /api/authorize/auth/") == 1
    assert script.requests.count("POST /api/authorize/refresh/") == 1


def test_a_stream_that_is_half_read_is_not_sent_again() -> None:
    script = Script()
    with client(script) as oz:
        oz.sign_in()
        script.issued += 1
        with pytest.raises(Unauthorized):
            oz.create_folder({"a": Unseekable(b"photo")})
        assert oz.create_folder({"a": io.BytesIO(b"photo")}).folder_id == "f"
    assert script.requests.count("POST /api/folders/") == 2


def test_a_deletion_is_not_repeated() -> None:
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        raise httpx.ReadError("the connection broke")

    transport = httpx.MockTransport(answer)
    with OzClient("http://x", token="t", transport=transport) as oz, pytest.raises(TransportError) as caught:
        oz.delete_folder("f")
    assert (len(sent), caught.value.sent) == (1, True)


def test_errors_hold_neither_tokens_nor_signatures() -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/static/a.jpg":
            raise httpx.ConnectError("refused")
        if request.url.path == "/api/authorize/auth/":
            return httpx.Response(200, json={"access_token": "eyAccess", "expire_token": "e"})
        return httpx.Response(502, text=f"headers: {request.headers['x-forensic-access-token']}")

    with client(echo) as oz:
        with pytest.raises(ProtocolError) as echoed:
            oz.folder("f")
        with pytest.raises(TransportError) as refused:
            oz.download("http://x/static/a.jpg?signature=secret", timeout=0.1)
    assert "eyAccess" not in str(echoed.value)
    assert "http://x/static/a.jpg: " in str(refused.value)
    assert "secret" not in str(refused.value)
