"""What is sent again and what is not, against a server that fails as configured."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import pytest

from faceVer.client import (
    ClientError,
    Comparison,
    Health,
    Inoperative,
    Overloaded,
    ProtocolError,
    Retries,
    ServerError,
    Timeout,
    Timeouts,
    TransportError,
)
from faceVer.client.calls import Calls
from faceVer.client.exchange import Exchange, Failure
from faceVer.client.response import Response
from tests.client import faulty
from tests.client.faulty import Fault, Faulty, answer
from tests.client.flavours import Connect
from tests.client.streams import Stream
from tests.support_server import free_port

TEMPLATE = b"FVTP" + bytes(100)
RIGHT = Comparison(1.0, "approved")
FOLDER = answer(
    {"folder_id": "1", "resolution_status": "FINISHED", "system_resolution": "SUCCESS", "media": [], "analyses": []}
)
ENDPOINT = "https://example.com/hook"
BREAKS: dict[str, Fault] = {
    "hang up": faulty.hang_up,
    "reset": faulty.reset,
    "answer cut short": faulty.CUT,
    "not HTTP": faulty.garbage,
    "busy": faulty.BUSY,
}
FINAL: dict[str, tuple[Fault, type[ClientError]]] = {
    "busy for no stated time": (faulty.BUSY_UNTOLD, Overloaded),
    "a proxy's page": (faulty.PROXY, ProtocolError),
    "a defect": (answer({"code": "BPE-001001", "message": "Internal bioprocessor error"}, 500), ServerError),
    "no inference": (answer({"code": "BPE-001002", "message": "TFSS error"}, 400), Inoperative),
    "half a document": (answer(b'{"score": 1.0, "decis'), ProtocolError),
}


@pytest.mark.parametrize("fault", BREAKS.values(), ids=BREAKS)
def test_a_break_is_repeated_under_the_same_id(connect: Connect, fault: Fault) -> None:
    with Faulty(fault, fault, fault, faulty.SAME) as server:
        assert connect(server.url).compare(TEMPLATE, TEMPLATE, request_id="one-1") == RIGHT
        assert server.ids == ["one-1"] * 4
        assert len({seen.body for seen in server.seen}) == 1


@pytest.mark.parametrize("fault", BREAKS.values(), ids=BREAKS)
def test_only_so_often(connect: Connect, fault: Fault) -> None:
    with Faulty(fault) as server:
        with pytest.raises((TransportError, Overloaded)) as caught:
            connect(server.url).compare(TEMPLATE, TEMPLATE)
        assert len(server.seen) == 4
        assert {caught.value.request_id} == set(server.ids)


@pytest.mark.parametrize("fault", BREAKS.values(), ids=BREAKS)
def test_not_where_retries_are_off(connect: Connect, fault: Fault) -> None:
    with Faulty(fault, faulty.SAME) as server:
        with pytest.raises((TransportError, Overloaded)):
            connect(server.url, retries=0).compare(TEMPLATE, TEMPLATE)
        assert len(server.seen) == 1


@pytest.mark.parametrize(("fault", "error"), FINAL.values(), ids=FINAL)
def test_what_is_an_answer_is_final(connect: Connect, fault: Fault, error: type[ClientError]) -> None:
    with Faulty(fault, faulty.SAME) as server:
        with pytest.raises(error) as caught:
            connect(server.url).compare(TEMPLATE, TEMPLATE)
        assert len(server.seen) == 1
        assert caught.value.request_id == server.ids[0]


@pytest.mark.parametrize("fault", BREAKS.values(), ids=BREAKS)
def test_a_folder_with_an_endpoint_is_sent_once(connect: Connect, fault: Fault) -> None:
    with Faulty(fault, FOLDER) as server:
        client = connect(server.url)
        with pytest.raises((TransportError, Overloaded)) as caught:
            client.analyse({"a": b"x"}, resolution_endpoint=ENDPOINT)
        assert len(server.seen) == 1
        assert getattr(caught.value, "sent", True)
    with Faulty(fault, FOLDER) as server:
        assert connect(server.url).analyse({"a": b"x"}).passed
        assert len(server.seen) == 2


@pytest.mark.parametrize("fault", BREAKS.values(), ids=BREAKS)
def test_a_stream_is_sent_once(connect: Connect, fault: Fault) -> None:
    with Faulty(fault, faulty.SAME) as server:
        with pytest.raises((TransportError, Overloaded)):
            connect(server.url).compare(TEMPLATE, Stream(TEMPLATE))
        assert len(server.seen) == 1
        assert server.seen[0].headers["transfer-encoding"] == "chunked"
        assert TEMPLATE in server.seen[0].body
    with Faulty(fault, faulty.SAME) as server:
        assert connect(server.url).compare(TEMPLATE, io.BytesIO(TEMPLATE)) == RIGHT
        assert server.seen[0].body == server.seen[1].body


@pytest.fixture
def late_server() -> Iterator[str]:
    """A server that is up only after a while."""
    port = free_port()
    server = Faulty(FOLDER, port=port)
    timer = threading.Timer(0.2, server.__enter__)
    timer.start()
    yield f"http://127.0.0.1:{port}"
    timer.join()
    server.__exit__()


def test_whatever_was_not_sent_is_repeated(connect: Connect, late_server: str) -> None:
    client = connect(late_server, retries=Retries(count=200, first=0.05, most=0.05))
    assert client.analyse({"a": Stream(b"x")}, resolution_endpoint=ENDPOINT).passed


def test_nobody_there(connect: Connect) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(TransportError, match="no connection") as caught:
        connect(url).compare(TEMPLATE, TEMPLATE)
    assert not caught.value.sent
    assert caught.value.request_id
    assert url in str(caught.value)


class TestTime:
    def test_a_silent_server(self, connect: Connect) -> None:
        with Faulty(faulty.silence) as server:
            with pytest.raises(Timeout, match=r"no response in time|longer than its timeout") as caught:
                connect(server.url, timeout=0.3).compare(TEMPLATE, TEMPLATE)
            assert len(server.seen) == 1
            assert caught.value.sent

    def test_a_read_time_out_is_repeated(self, connect: Connect) -> None:
        with Faulty(faulty.silence, faulty.SAME) as server:
            client = connect(server.url, timeout=Timeouts(total=20, read=0.2))
            assert client.compare(TEMPLATE, TEMPLATE) == RIGHT
            assert len(server.seen) >= 2
        with Faulty(faulty.silence, FOLDER) as server:
            client = connect(server.url, timeout=Timeouts(total=20, read=0.2))
            with pytest.raises(Timeout, match="no response in time"):
                client.analyse({"a": b"x"}, resolution_endpoint=ENDPOINT)
            assert len(server.seen) == 1

    def test_an_answer_that_never_ends(self, connect: Connect) -> None:
        with Faulty(faulty.drip) as server:
            with pytest.raises(Timeout, match="longer than its timeout"):
                connect(server.url, timeout=30).compare(TEMPLATE, TEMPLATE, timeout=0.3)
            assert len(server.seen) == 1

    def test_a_server_that_asks_for_more_time_than_there_is(self, connect: Connect) -> None:
        with Faulty(answer({"code": "LDE-001003", "message": "busy"}, 503, Retry_After="60")) as server:
            with pytest.raises(Overloaded) as caught:
                connect(server.url, timeout=10).liveness(b"x")
            assert len(server.seen) == 1
            assert caught.value.retry_after == 60

    def test_a_body_that_nobody_takes(self, connect: Connect) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = connect(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.3)
            with pytest.raises(Timeout) as caught:
                client.extract(bytes(20_000_000))
        assert caught.value.sent


def test_an_ill_server_is_told_and_not_asked_again(connect: Connect) -> None:
    with Faulty(answer({"status": 3, "message": "no models"}, 503, Retry_After="0")) as server:
        assert connect(server.url).health() == Health(3, "no models")
        assert not connect(server.url).liveness_health().ok
        assert len(server.seen) == 2
    with Faulty(faulty.BUSY, answer({"status": 0, "message": ""})) as server:
        assert connect(server.url).health().ok


def test_a_server_is_given_the_time_it_asks_for() -> None:
    exchange = Exchange(Calls(encoded=False, max_parts=9).version(), "id", Timeouts(60), Retries(2, 0.5, 0.5))
    refusal = Response(503, {"retry-after": "7"}, b"<html>")
    assert exchange.settle(refusal) == 7
    date = formatdate(time.time() + 20, usegmt=True)
    assert 15 < (exchange.settle(Response(503, {"retry-after": date}, b"")) or 0) <= 20
    with pytest.raises(ProtocolError):
        exchange.settle(refusal)


def test_the_deadline_is_that_of_all_attempts_together(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("faceVer.client.retry.time", SimpleNamespace(monotonic=lambda: clock[0]))
    call = Calls(encoded=False, max_parts=9).compare(TEMPLATE, TEMPLATE)
    exchange = Exchange(call, "id", Timeouts(60), Retries(10**6, 5, 5))
    lost, attempts = Failure(TransportError("reset", "id", True)), 0

    def keep_trying() -> None:
        nonlocal attempts
        while True:
            attempts += 1
            longest = exchange.attempt().timeouts.read
            assert longest is not None
            assert longest <= 1060 - clock[0]
            clock[0] += min(longest, 1)
            clock[0] += exchange.settle(lost) or 0

    with pytest.raises(TransportError, match="reset"):
        keep_trying()
    assert 10 <= attempts <= 18
    assert clock[0] <= 1060


def test_what_was_sent_once_counts_as_sent() -> None:
    exchange = Exchange(Calls(encoded=False, max_parts=9).version(), "id", Timeouts(60), Retries(9))
    assert not exchange.attempt().sent
    exchange.settle(Failure(TransportError("no connection", "id", False)))
    assert not exchange.attempt().late(connected=False).error.args[2]
    exchange.settle(Failure(TransportError("reset", "id", True)))
    assert exchange.attempt().late(connected=False).error.args[2]


def test_pauses_grow_up_to_a_bound() -> None:
    retries = Retries(count=9, first=0.5, most=3.0)
    for number, longest in enumerate([0.5, 1.0, 2.0, 3.0, 3.0]):
        drawn = [retries.pause(number) for _ in range(100)]
        assert longest / 2 <= min(drawn) < max(drawn) <= longest
    assert 1.5 <= retries.pause(10**9) <= 3.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"retries": -1},
        {"timeout": 0},
        {"timeout": -1.0},
        {"timeout": Timeouts},
        {"max_parts": 1},
        {"api_key": "two words"},
        {"api_key": "ключ"},
    ],
    ids=str,
)
def test_settings_that_cannot_be(connect: Connect, wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        connect("http://127.0.0.1:1", **wrong)
    assert str(wrong.get("api_key")) not in str(caught.value)
