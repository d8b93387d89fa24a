"""1:N over galleries that are larger than a request, or than memory should be."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from pathlib import Path

import httpx
import pytest

from faceVer.client import BadTemplate, Client, Match, NoFace
from faceVer.client.calls import MAX_PARTS
from tests import support_faces as faces
from tests.client.faulty import SAME, Faulty
from tests.client.flavours import Blocking, Connect
from tests.support_server import Server

MANY, TRACED = 50_000, 10_000
TEMPLATE = b"FVTP" + bytes(1114)
ROW = json.dumps({"filename": "x", "score": 0.5, "decision": "declined"})


class Counting(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers compare_n, and keeps the numbers of the parts."""

    def __init__(self) -> None:
        self.parts: list[int] = []

    def _answer(self, mark: bytes, blocks: list[bytes]) -> httpx.Response:
        count = b"".join(blocks).count(b"--" + mark + b"\r\n")
        self.parts.append(count)
        return httpx.Response(200, content=f'{{"results": [{", ".join([ROW] * (count - 1))}]}}')

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        return self._answer(mark(request), list(request.stream))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        return self._answer(mark(request), [block async for block in request.stream])


def mark(request: httpx.Request) -> bytes:
    return request.headers["Content-Type"].partition("boundary=")[2].encode()


def test_in_order_over_the_whole(connect: Connect, server: Server, template: bytes, other_template: bytes) -> None:
    client = connect(server.url)
    gallery = [template if number % 3 == 0 else ("no", other_template) for number in range(11)]
    found = list(client.search(template, iter(gallery), batch=4))
    assert [match.index for match in found] == list(range(11))
    assert [match.index for match in found if match.approved] == [0, 3, 6, 9]
    assert [match.filename for match in found][:4] == ["1", "no", "no", "4"]
    assert list(client.search(template, iter(gallery), batch=11)) == found
    assert list(client.search(template, [])) == []


def test_an_image_is_extracted_once(
    connect: Connect, server: Server, tmp_path: Path, stranger: bytes, template: bytes, other_template: bytes
) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(stranger)
    client = connect(server.url)
    found = list(client.search(photo, [template, other_template, template], batch=1, request_id="hunt-1"))
    assert [match.approved for match in found] == [False, True, False]
    assert found == list(client.search(other_template, [template, other_template, template]))


def test_files_of_a_gallery(connect: Connect, server: Server, tmp_path: Path, template: bytes) -> None:
    (tmp_path / "a.fvt").write_bytes(template)
    assert [match.filename for match in connect(server.url).search(template, tmp_path.iterdir())] == ["a.fvt"]


def test_errors_end_it(connect: Connect, server: Server, template: bytes) -> None:
    client = connect(server.url)
    with pytest.raises(BadTemplate):
        list(client.search(template, [template, b"junk"]))
    with pytest.raises(NoFace):
        list(client.search(faces.jpeg(faces.no_face()), [template]))
    with pytest.raises(FileNotFoundError):
        client.search("none.jpg", [])
    with pytest.raises(ValueError, match="batch"):
        client.search(template, [], batch=0)


def test_a_gallery_is_read_as_its_matches_are_taken() -> None:
    read: list[int] = []

    def gallery() -> Iterator[bytes]:
        for number in range(100):
            read.append(number)
            yield TEMPLATE

    with Client("http://127.0.0.1:1", transport=Counting()) as client:
        matches = client.search(TEMPLATE, gallery(), batch=10)
        assert not read
        assert next(matches) == Match("x", 0.5, "declined", 0)
        assert len(read) == 10


def test_an_asynchronous_gallery() -> None:
    async def gallery() -> AsyncIterator[bytes]:
        for _ in range(25):
            yield TEMPLATE

    transport = Counting()
    with Blocking("http://127.0.0.1:1", transport=transport) as client:
        found = client.search(TEMPLATE, gallery(), batch=10)
    assert [match.index for match in found] == list(range(25))
    assert transport.parts == [11, 11, 6]


def test_memory_does_not_grow_with_the_gallery() -> None:
    transport = Counting()
    with Client("http://127.0.0.1:1", transport=transport) as client:
        gallery = (TEMPLATE[:-8] + number.to_bytes(8) for number in range(MANY))
        matches = client.search(TEMPLATE, gallery, batch=500)
        assert [match.index for match in islice(matches, MANY - TRACED)] == list(range(MANY - TRACED))
        tracemalloc.start()  # it is slow, and what grows, grows to the end
        try:
            last = sum(1 for _ in matches)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert last == TRACED
    assert transport.parts == [501] * (MANY // 500)
    assert peak < 4 * 1024 * 1024 < TRACED * len(TEMPLATE)


def test_a_batch_fits_into_a_request(connect: Connect) -> None:
    transport = Counting()
    client = connect("http://127.0.0.1:1", transport=transport, max_parts=6)
    assert len(list(client.search(TEMPLATE, [TEMPLATE] * 12, batch=10**6))) == 12
    assert transport.parts == [6, 6, 3]


def test_too_many_for_one_request_are_not_sent(connect: Connect) -> None:
    with Faulty(SAME) as server:
        client = connect(server.url)
        with pytest.raises(ValueError, match=r"20100 files .* search\(\) sends a gallery of any size in batches"):
            client.compare_n(TEMPLATE, [b""] * MAX_PARTS)
        assert not server.seen


def test_as_many_as_a_server_takes(server: Server, template: bytes) -> None:
    with Client(server.url) as client:
        found = client.compare_n(template, [template] * (MAX_PARTS - 1))
    assert (len(found), found[-1]) == (MAX_PARTS - 1, Match(str(MAX_PARTS - 1), 1.0, "approved", MAX_PARTS - 2))
