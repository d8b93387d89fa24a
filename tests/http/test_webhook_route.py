"""`resolution_endpoint` through the routes: echoed, and sent only where settings and address policy allow it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.http.support_folders import ROUTES, folder, normalized, photo, post_folder
from tests.support_server import Server


@pytest.fixture(scope="module")
def receiver() -> Iterator[socket.socket]:
    """A listener on the loopback interface that the server must not connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture(scope="module")
def hooked(receiver: socket.socket) -> Iterator[Server]:
    """A server whose allow-list has names of the loopback interface."""
    port = receiver.getsockname()[1]
    hosts = f"127.0.0.1:{port},localhost:{port}"
    with Server(webhook_hosts=hosts, webhook_http="true", webhook_secret="s", webhook_grace="2") as running:
        yield running


def is_unused(receiver: socket.socket) -> bool:
    """Whether no client has connected."""
    try:
        connection, _ = receiver.accept()
    except BlockingIOError:
        return True
    connection.close()
    return False


@ROUTES
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_private_address_is_refused_without_effect_on_the_client(
    hooked: Server, receiver: socket.socket, route: str, host: str
) -> None:
    endpoint = f"http://{host}:{receiver.getsockname()[1]}/hook?token=secret-token"
    document = folder(hooked, {"m": photo()}, {"resolution_endpoint": endpoint}, route)
    (line,) = hooked.logged(f"webhook refused: .*{document['folder_id']}")
    assert "the address is not a public one" in line
    assert is_unused(receiver)
    assert document["resolution_endpoint"] == endpoint
    assert normalized(document) | {"resolution_endpoint": None} == normalized(folder(hooked, {"m": photo()}, {}, route))
    assert "secret-token" not in "".join(hooked.log)


@ROUTES
@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("http://hook.example/x", "not on the allow-list"),
        ("http://127.0.0.1:1/x", "not on the allow-list"),
        ("http://127.0.0.1@hook.example/", "not a plain absolute https URL"),
        ("ftp://127.0.0.1/", "not a plain absolute https URL"),
        ("not a URL\r\nat all", "not a plain absolute https URL"),
    ],
)
def test_other_endpoints_are_echoed_and_refused(
    hooked: Server, receiver: socket.socket, route: str, endpoint: str, reason: str
) -> None:
    document = folder(hooked, {"m": photo()}, {"resolution_endpoint": endpoint}, route)
    assert document["resolution_endpoint"] == endpoint
    (line,) = hooked.logged(f"webhook refused: .*{document['folder_id']}")
    assert reason in line
    assert is_unused(receiver)


@ROUTES
def test_a_rejected_request_sends_nothing(hooked: Server, receiver: socket.socket, route: str) -> None:
    payload = {"resolution_endpoint": f"http://127.0.0.1:{receiver.getsockname()[1]}/"}
    answer = post_folder(hooked, {"m": b"junk" * 9}, payload, route)
    assert answer.status == 400
    ident = answer.headers["x-request-id"]
    assert hooked.logged(ident)
    assert not [line for line in hooked.log if ident in line and "webhook" in line]


@ROUTES
@pytest.mark.parametrize("endpoint", ["{}", "", "https://hook.example/x", "javascript:alert(1)", "юникод"])
def test_by_default_it_is_only_echoed(server: Server, receiver: socket.socket, route: str, endpoint: str) -> None:
    endpoint = endpoint.replace("{}", f"http://127.0.0.1:{receiver.getsockname()[1]}/")
    answer = post_folder(server, {"m": photo()}, {"resolution_endpoint": endpoint}, route)
    assert answer.json()["resolution_endpoint"] == endpoint
    assert is_unused(receiver)
    ident = answer.headers["x-request-id"]
    assert server.logged(ident)
    assert not [line for line in server.log if ident in line and "webhook" in line]
