"""Cutting what arrives on a connection at the ends of heads and bodies."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from faceVer.http.server.heads import HeadCutter
from tests.fuzz.heads import handled

REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab\r\n\r\ncd\r",
    b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0A;x=y\r\n0\r\n\r\n12345\r\n1\r\n\n\r\n00\r\nA: b\r\n\r\n",
]
BODIES: dict[bytes, int | None] = {b"GET": 0, b"POS": 9, b"PUT": None}


@given(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=6), st.lists(st.integers(1, 60), max_size=40))
def test_pieces_end_with_heads_and_bodies_however_they_arrive(requests: list[bytes], sizes: list[int]) -> None:
    data, cutter = b"".join(requests), HeadCutter()
    heads, pieces, head = [], [], b""
    while data:
        size = sizes.pop() if sizes else len(data)
        segment, data = data[:size], data[size:]
        while segment:
            in_head = cutter.expects_head
            piece, segment = cutter.cut(segment)
            pieces.append(piece)
            if in_head:
                head += piece
                assert cutter.size == len(head)
                if head.endswith(b"\r\n\r\n"):
                    heads.append(head)
                    cutter.head_ended(BODIES[head[:3]])
                    head = b""
    assert b"".join(pieces) == b"".join(requests)
    assert heads == [request[: request.index(b"\r\n\r\n") + 4] for request in requests]
    assert cutter.size == 0
    assert cutter.expects_head


def test_empty_lines_before_a_request_are_no_head() -> None:
    cutter = HeadCutter()
    assert cutter.cut(b"\r\n") == (b"\r\n", b"")
    assert cutter.size == 0
    assert cutter.cut(b"\r\nGET") == (b"\r\n", b"GET")
    cutter.cut(b"GET")
    assert cutter.size == 3


@given(st.binary(max_size=200), st.lists(st.integers(1, 60), max_size=40))
def test_malformed_chunks_lose_nothing(data: bytes, sizes: list[int]) -> None:
    cutter, pieces, rest = HeadCutter(), [], data
    cutter.head_ended(None)
    while rest:
        size = sizes.pop() if sizes else len(rest)
        segment, rest = rest[:size], rest[size:]
        while segment:
            piece, segment = cutter.cut(segment)
            assert piece
            pieces.append(piece)
    assert b"".join(pieces) == data


UPGRADE = b"Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
PIPELINED = [
    *REQUESTS,
    b"GET / HTTP/1.1\r\n" + UPGRADE + b"\r\n",
    b"POST / HTTP/1.1\r\n" + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n1;q=1\r\na\r\n0\r\nA: b\r\n\r\n",
    b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
]


@given(st.lists(st.sampled_from(PIPELINED), max_size=45), st.integers(1, 255))
def test_every_pipelined_request_is_handled_however_they_arrive(requests: list[bytes], step: int) -> None:
    """More than aiohttp queues."""
    data = b"".join(requests)
    methods = [request.split()[0].decode() for request in requests]
    assert [found[0] for found in handled(data, step)] == methods
    assert handled(data, step) == handled(data, len(data) or 1)
