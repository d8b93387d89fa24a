"""Bodies: what is read back out of a form is what was put in; files are read while they are sent."""

from __future__ import annotations

import os
import tracemalloc
from binascii import b2a_base64
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multipart import MultipartSegment, PushMultipartParser

from faceVer.client import TEMPLATE_MAGIC
from faceVer.client.content_types import image_type, is_template, media_type
from faceVer.client.files import BLOCK, Source, load
from faceVer.client.form import Body, Part, form
from faceVer.http.pipeline.forms.content_types import boundary_of
from faceVer.http.pipeline.forms.parser import FormParser
from faceVer.matching.template import MAGIC
from faceVer.media.sniffing import identify
from tests import support_faces as faces
from tests.client.flavours import Connect
from tests.client.streams import Stream
from tests.support_media import encode_video, face_frames, make_tar, make_zip

MIB = 1024 * 1024
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text("\"\\%2D0A\r\n; =*'", max_size=20)
names = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\%") | st.sampled_from('"\r\n'))
files = st.binary(max_size=200) | st.sampled_from([b"\r\n--", b"--", b"\r\n\r\n", b"-" * 99])


def whole(body: Body) -> bytes:
    data = b"".join(body.blocks())
    assert body.length in (len(data), None)
    return data


def read_back(body: Body, *, encoded: bool) -> list[tuple[str, str | None, str | None, bytes]]:
    """Name, file name, type and data of each part, as the server's own parser reads them."""
    parser = FormParser(
        boundary_of(body.content_type), max_parts=99, max_size=MIB, max_base64_size=MIB, form_is_base64=encoded
    )
    parser.feed(whole(body))
    assert all(part.encoding == (encoded and part.filename is not None) for part in parser.close())
    return [(part.name, part.filename, part.content_type, part.data) for part in parser.close()]


@given(st.lists(st.tuples(names, texts, files), max_size=5), st.booleans())
def test_the_server_reads_the_same_back(parts: list[tuple[str, str, bytes]], encoded: bool) -> None:
    body = form([Part(name, Source.of(data), "image/png", filename) for name, filename, data in parts], encoded=encoded)
    expected = [
        (name, filename, "image/png", b2a_base64(data, newline=False) if encoded else data)
        for name, filename, data in parts
    ]
    assert body.repeatable
    if parts:
        assert read_back(body, encoded=encoded) == expected


@given(st.lists(st.tuples(st.text("ab c.Яж🙂'=;*", min_size=1, max_size=40), files), min_size=1, max_size=5))
def test_so_does_another_parser(parts: list[tuple[str, bytes]]) -> None:
    body = form([Part("templates_n", Source.of(data), "image/png", name) for name, data in parts], encoded=False)
    found: list[tuple[str | None, bytes]] = []
    with PushMultipartParser(boundary_of(body.content_type), content_length=body.length) as parser:
        for event in parser.parse(whole(body)):
            if isinstance(event, MultipartSegment):
                found.append((event.filename, b""))
            elif event:
                found[-1] = found[-1][0], found[-1][1] + event
    assert found == parts


@given(texts)
def test_a_name_is_carried_as_it_is_or_not_at_all(name: str) -> None:
    try:
        body = form([Part(name, Source.of(b"x"), "image/png", "f")], encoded=False)
    except ValueError:
        return
    assert read_back(body, encoded=False) == [(name, "f", "image/png", b"x")]


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("size", [0, 1, 2, 3, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7])
def test_every_source_gives_its_bytes(tmp_path: Path, size: int, encoded: bool) -> None:
    data = os.urandom(size)
    path = tmp_path / "file"
    path.write_bytes(data)
    expected = b2a_base64(data, newline=False) if encoded else data
    with path.open("rb") as stream, Stream(data) as pipe:
        for source in (load(data), load(path), load(stream), load(pipe)):
            body = Body("image/png", ((source, encoded),))
            assert whole(body) == expected
            if body.repeatable:
                assert whole(body) == expected
        assert (body.repeatable, body.length) == (False, None)


def test_large_files_are_never_whole_in_memory(connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as stream:
        stream.truncate(40 * MIB)
    with path.open("rb") as opened:
        client = connect("http://127.0.0.1:1", transport=Swallowing())
        tracemalloc.start()
        try:
            assert client.compare(path, opened).score == 1
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 4 * MIB


class Swallowing(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Takes a body block by block, and keeps nothing of it."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        assert sum(map(len, request.stream)) == int(request.headers["Content-Length"]) > 80 * MIB
        return httpx.Response(200, json={"score": 1, "decision": "approved"})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        sizes = [len(block) async for block in request.stream]
        assert sum(sizes) == int(request.headers["Content-Length"]) > 80 * MIB
        return httpx.Response(200, json={"score": 1, "decision": "approved"})


def test_kinds_are_told_as_the_server_tells_them() -> None:
    frames = face_frames(2, 64, 64)
    for kind, name in (("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp"), ("BMP", "bmp"), ("TIFF", "tiff")):
        assert image_type(faces.encoded(faces.astronaut(), kind)) == f"image/{name}"
    media = [encode_video(frames, codec, container) for codec, container in CONTAINERS]
    media += [make_zip([("a", b"x")]), make_tar([("a", b"x")]), make_tar([("a", b"x")], gzip=True)]
    for medium in media:
        assert media_type(medium[:512]) == identify(medium)[1]
        assert image_type(medium[:512]) == ""
    assert media_type(b"anything") == "application/octet-stream"


CONTAINERS = (("libx264", "mp4"), ("libx264", "mov"), ("libvpx", "webm"), ("libx264", "mkv"), ("mjpeg", "avi"))


@given(st.binary(max_size=600))
def test_any_bytes_are_of_some_kind(head: bytes) -> None:
    assert "/" in media_type(head)
    assert is_template(head) or image_type(head)


def test_the_magic_of_templates_is_the_servers() -> None:
    assert TEMPLATE_MAGIC == MAGIC


def test_ftyp_brands() -> None:
    brands = {b"heic": "image/heic", b"mif1": "image/heif", b"avif": "image/heif", b"isom": "", b"qt  ": ""}
    assert {brand: image_type(b"\0\0\0\x18ftyp" + brand) for brand in brands} == brands
