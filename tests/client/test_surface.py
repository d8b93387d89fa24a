"""What the client is from outside: its imports, signatures, settings, and threads that share it."""

from __future__ import annotations

import asyncio
import inspect
import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

import faceVer.client
from faceVer import __version__
from faceVer.client import AsyncClient, Client, ClientError, TransportError
from tests.client import faulty
from tests.client.faulty import SAME, Faulty, answer
from tests.client.flavours import Connect
from tests.support_server import Server

TEMPLATE = b"FVTP" + bytes(100)


def loaded(statement: str) -> set[str]:
    """The modules that a fresh interpreter has after the statement."""
    code = f"import sys; {statement}; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split())


def test_importing_it_costs_little() -> None:
    assert not loaded("import faceVer.client") & {"httpx", "asyncio", "numpy", "ssl", "aiohttp"}


def test_it_needs_nothing_of_the_server() -> None:
    modules = loaded("from faceVer.client import AsyncClient, Client; Client('http://localhost')")
    ours = {name for name in modules if name.startswith("faceVer.")}
    assert {name for name in ours if not name.startswith("faceVer.client")} == set()
    assert not modules & {"numpy", "aiohttp", "pybase64"}


def test_all_names_are_there() -> None:
    assert all(hasattr(faceVer.client, name) for name in faceVer.client.__all__)
    assert faceVer.client.__all__ == sorted(faceVer.client.__all__, key=lambda name: (not name.isupper(), name))
    with pytest.raises(AttributeError, match="Nothing"):
        _ = faceVer.client.Nothing


def public(kind: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(method)
        for name, method in vars(kind).items()
        if inspect.isfunction(method) and not name.startswith("_") and name not in ("close", "aclose", "search")
    }


def test_both_clients_have_the_same_methods() -> None:
    assert public(Client) == public(AsyncClient)
    assert list(inspect.signature(Client).parameters) == list(inspect.signature(AsyncClient).parameters)
    assert all(vars(kind)[name].__doc__ for kind in (Client, AsyncClient) for name in public(kind))
    assert list(inspect.signature(Client.search).parameters) == list(inspect.signature(AsyncClient.search).parameters)


class TestSettings:
    @pytest.mark.parametrize(
        "url", ["127.0.0.1:8080", "ftp://host", "http://", "http://host/?a=b", "http://host/#a", ""]
    )
    def test_an_address_that_cannot_be(self, connect: Connect, url: str) -> None:
        with pytest.raises(ValueError, match="URL"):
            connect(url)

    def test_a_path_before_the_apis(self, connect: Connect) -> None:
        with Faulty(SAME) as server:
            connect(server.url + "/behind/a%20proxy/").compare(TEMPLATE, TEMPLATE)
            assert server.seen[0].path == "/behind/a%20proxy/v1/face/pattern/compare"

    def test_headers(self, connect: Connect) -> None:
        with Faulty(SAME) as server:
            connect(server.url, "key-1", headers={"X-Tenant": "a", "user-agent": "b"}).compare(TEMPLATE, TEMPLATE)
            sent = server.seen[0].headers
            assert (sent["x-tenant"], sent["user-agent"], sent["authorization"]) == ("a", "b", "Bearer key-1")
            assert len(sent["x-request-id"]) == 32
            connect(server.url, "key-1", headers={"authorization": "Basic eA=="}).compare(TEMPLATE, TEMPLATE)
            sent = server.seen[1].headers
            assert (sent["authorization"], sent["x-api-key"]) == ("Basic eA==", "key-1")
            assert sent["user-agent"] == f"faceVer-client/{__version__}"

    def test_nothing_of_the_key_is_shown(self, connect: Connect) -> None:
        client = connect("http://us%40er:passw0rd@127.0.0.1:1/x", "key-1")
        with pytest.raises(TransportError) as caught:
            client.compare(TEMPLATE, TEMPLATE)
        chain: BaseException | None = caught.value
        while chain is not None:
            assert not isinstance(chain, httpx.HTTPError), "it holds the request, and so the key"
            chain = chain.__cause__ or chain.__context__
        shown = f"{caught.value} {caught.value!r} {getattr(client, 'client', client)!r}"
        assert "127.0.0.1:1/x" in shown
        assert not [secret for secret in ("passw0rd", "key-1") if secret in shown]

    @pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "ftp://127.0.0.1:1", "http://[::1"])
    def test_a_proxy_that_cannot_be_used(self, connect: Connect, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ALL_PROXY", proxy)
        with pytest.raises(ValueError, match="ALL_PROXY"):
            connect("http://127.0.0.1:1")

    def test_a_file_of_certificates_is_named(self, connect: Connect, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"none\.pem"):
            connect("https://127.0.0.1:1", verify=str(tmp_path / "none.pem"))

    def test_any_time(self, connect: Connect) -> None:
        with Faulty(SAME) as server:
            assert connect(server.url, timeout=1e10).compare(TEMPLATE, TEMPLATE).approved

    def test_a_certificate_that_is_not_trusted_is_not_tried_again(
        self, connect: Connect, certificate: tuple[Path, Path]
    ) -> None:
        cert, key = certificate
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(cert, key)
        with Faulty(answer({"core": "1"}), tls=tls) as server:
            for trusted in (str(cert), ssl.create_default_context(cafile=cert), False):
                assert connect(server.url, verify=trusted).version().core == "1"
            assert server.connections == 3
            with pytest.raises(TransportError, match="CERTIFICATE_VERIFY_FAILED"):
                connect(server.url).version()
            assert server.connections == 4

    def test_a_closed_client_says_so(self, connect: Connect) -> None:
        client = connect("http://127.0.0.1:1")
        client.aclose() if hasattr(client, "client") else client.close()
        with pytest.raises(RuntimeError, match="closed"):
            client.version()


def test_threads_share_a_client(server: Server, template: bytes, other_template: bytes) -> None:
    start = threading.Barrier(8)
    with Client(server.url, limits=httpx.Limits(max_connections=3)) as client:

        def work(number: int) -> list[Any]:
            start.wait()
            mine = template if number % 2 else other_template
            return [client.compare(mine, template).approved for _ in range(20)]

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(work, range(8)))
    assert found == [[bool(number % 2)] * 20 for number in range(8)]


def test_tasks_share_a_client(server: Server, template: bytes, other_template: bytes) -> None:
    async def main() -> list[bool]:
        async with AsyncClient(server.url, limits=httpx.Limits(max_connections=3)) as client:
            calls = [client.compare(template if number % 2 else other_template, template) for number in range(60)]
            return [found.approved for found in await asyncio.gather(*calls)]

    assert asyncio.run(main()) == [bool(number % 2) for number in range(60)]


def test_a_task_that_is_cancelled_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(bytes(100_000))

    async def main(url: str) -> None:
        async with AsyncClient(url, limits=httpx.Limits(max_connections=1)) as client:
            task = asyncio.create_task(client.compare(path, path))
            assert await asyncio.to_thread(server.arrived.wait, faulty.PATIENCE)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await client.compare(path, path)).approved

    with Faulty(faulty.silence, SAME) as server:
        asyncio.run(main(server.url))


def test_connections_are_kept(connect: Connect) -> None:
    with Faulty(SAME, answer({"code": "BPE-002004", "message": "no"}, 400), SAME) as server:
        client = connect(server.url)
        for _ in range(3):
            try:
                client.compare(TEMPLATE, TEMPLATE)
            except ClientError:
                continue
        assert (len(server.seen), server.connections) == (3, 1)
