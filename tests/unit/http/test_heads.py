"""Cutting what arrives on a connection at the ends of heads and bodies."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from faceVer.http.server.heads import HeadCutter

REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab\r\n\r\ncd\r",
]


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
                    cutter.head_ended(9 if head.startswith(b"POST") else 0)
                    head = b""
    assert b"".join(pieces) == b"".join(requests)
    assert heads == [request[: request.index(b"\r\n\r\n") + 4] for request in requests]
    assert cutter.size == 0


def test_empty_lines_before_a_request_are_no_head() -> None:
    cutter = HeadCutter()
    assert cutter.cut(b"\r\n") == (b"\r\n", b"")
    assert cutter.size == 0
    assert cutter.cut(b"\r\nGET") == (b"\r\n", b"GET")
    cutter.cut(b"GET")
    assert cutter.size == 3


def test_a_head_that_begins_behind_a_body_of_unknown_length() -> None:
    cutter = HeadCutter()
    cutter.head_ended(None)
    assert cutter.cut(b"0\r\n\r\nGET / HT") == (b"0\r\n\r\nGET / HT", b"")
    cutter.open_body_ended(b"0\r\n\r\nGET / HT")
    assert (cutter.size, cutter.expects_head) == (8, True)
