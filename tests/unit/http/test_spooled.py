"""Forms whose files go to disk: the same parts as of forms in memory, in bounded memory, and nothing stays."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
import tracemalloc
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from faceVer.domain.errors import FilesUnavailableError, PayloadError, RequestTypeError, SampleError, TooLargeError
from faceVer.http.pipeline.forms.part_headers import PAYLOAD, MalformedBodyError
from faceVer.http.pipeline.forms.spooled import HEAD, IN_MEMORY, SpooledFile, SpoolingParser
from faceVer.http.pipeline.forms.transfer_encoding import Base64Decoder, Encoding, unbase64
from faceVer.settings.model import Settings
from tests.unit.http.test_form_parser import (
    BOUNDARY,
    DASHED,
    DISPOSITION,
    MAX_BASE64_SIZE,
    MAX_PARTS,
    MAX_SIZE,
    cuts,
    edits,
    form,
    forms,
    own,
)

FILE = DISPOSITION + b'"video1"; filename="a.mp4"'
MIB = 1024 * 1024


def parser_of(folder: str | None = None, *, size: int = MAX_SIZE, encoded: bool = False) -> SpoolingParser:
    sizes = {"max_size": size, "max_base64_size": max(size, MAX_BASE64_SIZE)}
    return SpoolingParser(BOUNDARY, max_parts=MAX_PARTS, **sizes, form_is_base64=encoded, folder=folder)


def pieces(body: bytes, at: Sequence[int]) -> Iterator[bytes]:
    edges = [0, *sorted({cut % len(body) for cut in at if body} - {0}), len(body)]
    return (body[start:end] for start, end in pairwise(edges))


def feed(parser: SpoolingParser, chunks: Sequence[bytes]) -> None:
    for chunk in chunks:
        parser.feed(chunk)


def content(file: SpooledFile) -> bytes:
    with file.open() as stream:
        return stream.read()


def spooled(body: bytes, at: Sequence[int], *, encoded: bool = False, often: bool = False) -> object:
    """What the parser makes of a body, in the form of `own`. often: whether it writes after each piece."""
    parser = parser_of(encoded=encoded)
    try:
        for piece in pieces(body, at):
            parser.feed(piece)
            if often:
                parser.write_out()
        parts = parser.close()
        parser.write_out()
        files = iter(parser.files)
        found = []
        for part in parts:
            if part.name == PAYLOAD:
                found.append(part)
                continue
            file = next(files)
            data = content(file)
            assert (file.name, file.filename, file.content_type) == (part.name, part.filename or "", part.content_type)
            assert (file.size, file.head) == (len(data), data[:HEAD])
            assert file.md5 == hashlib.md5(data, usedforsecurity=False).hexdigest()
            found.append(part._replace(data=data))
        assert next(files, None) is None
        return found
    except (MalformedBodyError, TooLargeError, RequestTypeError, PayloadError) as error:
        return type(error)
    finally:
        parser.discard()


@hypothesis_settings(max_examples=300)
@given(forms, edits, cuts, st.booleans(), st.booleans())
def test_files_on_disk_are_those_of_the_form_in_memory(
    body: bytes, changes: list[tuple[int, int, bytes]], at: list[int], encoded: bool, often: bool
) -> None:
    for start, length, text in changes[:2]:
        start %= len(body) + 1
        body = body[:start] + text + body[start + length :]
    found = spooled(body, at, encoded=encoded, often=often)
    if found is PayloadError:
        assert body.count(PAYLOAD.encode()) > 1
    else:
        assert found == own(body, at, encoded)


texts = st.one_of(
    st.binary(max_size=400).map(base64.b64encode),
    st.binary(max_size=400).map(base64.urlsafe_b64encode),
    st.binary(max_size=60).map(base64.encodebytes),
    st.lists(st.sampled_from([b"QUI=", b"QUJD", b"QQ", b"=", b"-_", b"+/", b" ", b"\r\n", b"!", b"\xff"])).map(
        b"".join
    ),
    st.binary(max_size=30),
)
starts = st.sampled_from(
    [
        b"",
        b"\xef\xbb\xbf",
        b"\xef\xbb",
        b" \r\n",
        b"data:image/jpeg;base64,",
        b" data:;BASE64,",
        b"data:" + b"x" * 201,
        b"\xef\xbb\xbf\n DATA:x;base64,",
        b"data:a,b;base64,",
        b" " * 500 + b"data:;base64,",
        b"data:;base64;base64,",
    ]
)


@hypothesis_settings(max_examples=500)
@given(starts, texts, st.binary(max_size=2), cuts)
@example(b"", b"QQ==QQ==", b"", [])
@example(b"", b"", b"====", [])
def test_base64_in_pieces_is_decoded_like_the_whole(start: bytes, text: bytes, end: bytes, at: list[int]) -> None:
    whole, decoder, found = start + text + end, Base64Decoder(), b""
    try:
        expected = unbase64(whole)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011 - the decoder's own text does not matter
            [*map(decoder.feed, pieces(whole, at)), decoder.close()]
        return
    for piece in pieces(whole, at):
        found += decoder.feed(piece)
    assert found + decoder.close() == expected


class Receiver:
    """Makes files of forms; discards them at the end of the test."""

    def __init__(self) -> None:
        self._parsers: list[SpoolingParser] = []

    def parser(self, folder: Path | None = None, *, encoded: bool = False) -> SpoolingParser:
        self._parsers.append(parser_of(folder and str(folder), size=200 * MIB, encoded=encoded))
        return self._parsers[-1]

    def __call__(
        self, data: bytes, header: bytes = b"", *, encoded: bool = False, folder: Path | None = None
    ) -> SpooledFile:
        parser, body = self.parser(folder, encoded=encoded), form((FILE + header, data))
        for start in range(0, len(body), IN_MEMORY):
            parser.feed(body[start : start + IN_MEMORY])
            if parser.is_due:
                parser.write_out()
        parser.close()
        parser.write_out()
        return parser.files[0]

    def discard(self) -> None:
        for parser in self._parsers:
            parser.discard()


@pytest.fixture
def received() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.discard()


BASE64 = b"\r\nContent-Transfer-Encoding: base64"


@pytest.mark.parametrize("size", [0, 10, IN_MEMORY, 3 * IN_MEMORY + 1])
@pytest.mark.parametrize(
    ("header", "encoded", "is_text"),
    [
        (b"", False, False),
        (BASE64, False, True),
        (b"", True, True),
        (b"\r\nContent-Transfer-Encoding: binary", True, True),
        (b"\r\nContent-Transfer-Encoding: binary", True, False),
    ],
)
def test_the_transfer_encoding_is_undone(
    received: Receiver, size: int, header: bytes, encoded: bool, is_text: bool
) -> None:
    plain = b"\xff" + os.urandom(size)
    file = received(base64.encodebytes(plain) if is_text else plain, header, encoded=encoded)
    for _ in range(2):
        file.decode(Settings())
        assert content(file) == plain
        assert (file.size, file.head) == (len(plain), plain[:HEAD])
        assert file.md5 == hashlib.md5(plain, usedforsecurity=False).hexdigest()


def test_what_is_not_base64_or_too_large_is_rejected(received: Receiver) -> None:
    file = received(b"!" * 3 * IN_MEMORY, BASE64)
    with pytest.raises(SampleError, match="not base64"):
        file.decode(Settings())
    for extra in (1, 2 * IN_MEMORY):
        file = received(base64.b64encode(bytes(1024 + extra)), BASE64)
        with pytest.raises(TooLargeError):
            file.decode(Settings.of(max_file_bytes=1024))


def test_memory_does_not_grow_with_the_file(received: Receiver, tmp_path: Path) -> None:
    chunk = os.urandom(IN_MEMORY)
    parser = received.parser(tmp_path)
    parser.feed(DASHED + b"\r\n" + FILE + b"\r\n\r\n")
    tracemalloc.start()
    try:
        for _ in range(40 * MIB // len(chunk)):
            parser.feed(chunk)
            if parser.is_due:
                parser.write_out()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    parser.feed(b"\r\n" + DASHED + b"--")
    parser.close()
    parser.write_out()
    assert parser.files[0].size == 40 * MIB
    assert peak < 8 * IN_MEMORY
    assert list(tmp_path.iterdir()) == []  # the file has no name


@pytest.mark.parametrize("header", [b"", BASE64])
def test_a_payload_is_limited_while_it_arrives(received: Receiver, header: bytes) -> None:
    parser = received.parser()
    parser.feed(DASHED + b"\r\n" + DISPOSITION + b'"payload"' + header + b"\r\n\r\n")
    with pytest.raises(TooLargeError):
        feed(parser, [bytes(IN_MEMORY)] * 20)


def test_a_second_payload_is_rejected_while_it_arrives() -> None:
    parser = parser_of()
    with pytest.raises(PayloadError, match="twice"):
        parser.feed(form(*[(DISPOSITION + b'"payload"', b"{}")] * 2))


@pytest.fixture
def small(received: Receiver, tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.system(f"mount -t tmpfs -o size=64k tmpfs {folder} 2> /dev/null"):
        pytest.skip("mounting is not allowed")
    try:
        yield folder
        received.discard()
        assert list(folder.iterdir()) == []
    finally:
        assert not os.system(f"umount {folder}")  # it is busy as long as a file is open


def test_a_full_disk_is_an_unavailable_storage(received: Receiver, small: Path) -> None:
    for data, header in ((bytes(3 * IN_MEMORY), b""), (base64.b64encode(bytes(45_000)) * 2, BASE64)):
        with pytest.raises(FilesUnavailableError, match="ENOSPC"):
            received(data, header, folder=small)


def test_a_folder_that_is_gone_is_an_unavailable_storage(received: Receiver, tmp_path: Path) -> None:
    with pytest.raises(FilesUnavailableError, match="ENOENT"):
        received(bytes(3 * IN_MEMORY), folder=tmp_path / "gone")
    assert content(received(bytes(IN_MEMORY // 2), folder=tmp_path / "gone")) == bytes(IN_MEMORY // 2)


def test_files_that_a_thread_still_writes_are_closed_when_it_ends(tmp_path: Path) -> None:
    go, begun = threading.Event(), threading.Event()
    parser = parser_of(str(tmp_path), size=MIB)
    parser.feed(DASHED + b"\r\n" + FILE + b"\r\n\r\n" + bytes(3 * IN_MEMORY))
    (file,) = parser._all()

    class Slow(list[bytes]):
        def __iter__(self) -> Iterator[bytes]:
            begun.set()
            go.wait(10)
            return super().__iter__()

    file.pending = Slow(file.pending)
    thread = threading.Thread(target=parser.write_out)
    thread.start()
    begun.wait(10)
    parser.discard()
    assert not file._content.file.closed
    go.set()
    thread.join()
    assert file._content.file.closed


def test_a_file_that_is_closed_while_it_is_decoded_stays_closed(received: Receiver) -> None:
    file = received(base64.b64encode(b"abc"), BASE64)
    opened = file.open

    def closing() -> object:
        stream = opened()
        file._is_closed = True
        return stream

    file.open = closing  # type: ignore[method-assign, assignment]
    file.decode(Settings())
    assert file._content.file.closed
    assert file._encoding is Encoding.NONE
