"""Limits of files and media over HTTP, and decompression bombs, which the server rejects with little memory."""

from __future__ import annotations

import contextlib
import io
import struct
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.http.support_folders import DETECT, LIVE, ROUTES, folder, photo, post_folder, states, video
from tests.support_liveness import blank, selfie
from tests.support_media import encode_video, make_zip
from tests.support_processes import family
from tests.support_server import JPEG, Response, Server
from tests.unit.media.test_video import huge_h264, huge_mjpeg

LIMIT = 15 << 20
GIB = 1 << 30
GROWTH = 150
"""Most MB by which the server's peak memory may grow over a rejected media item."""
_BLOCK = bytes(1 << 24)


@pytest.fixture(scope="module")
def warm_server() -> Iterator[Server]:
    """A server for this module that has served requests, so that its growth is the memory that the media take."""
    with Server(threads="1") as running:
        assert post_folder(running, {"v": video(), "p": photo()}).status == 200
        yield running


class Cost:
    """growth: MB by which the peak of resident memory exceeds the memory before."""

    growth = 0.0


@contextlib.contextmanager
def measured_cost(server: Server, what: str) -> Iterator[Cost]:
    """Measure the peak memory of the server and its helper during the block, and print it (`pytest -s` shows it)."""
    processes = [Path(f"/proc/{process}") for process in family(server.process.pid)]
    for process in processes:
        with contextlib.suppress(OSError):  # resets the peak; without permission an earlier peak counts
            (process / "clear_refs").write_text("5")
    before, started, cost = sum(_memory(one, "VmRSS") for one in processes), time.perf_counter(), Cost()
    yield cost
    seconds = time.perf_counter() - started
    peak = sum(_memory(Path(f"/proc/{process}"), "VmHWM") for process in family(server.process.pid))
    cost.growth = peak - before
    print(f"{what:40} {seconds:6.3f} s, {before:4.0f} MB before, {peak:4.0f} MB at the peak, + {cost.growth:.0f} MB")


def _memory(process: Path, key: str) -> float:
    (line,) = (line for line in (process / "status").read_text().splitlines() if line.startswith(key + ":"))
    return int(line.split()[1]) / 1024


def padded(size: int) -> bytes:
    """A JPEG of that many bytes."""
    return photo().ljust(size, b"\0")


def assert_rejected(response: Response, status: int, code: str) -> None:
    assert (response.status, response.code) == (status, code), response


class TestCounts:
    @ROUTES
    def test_a_folder_may_have_ten_files_but_not_eleven(self, server: Server, route: str) -> None:
        document = folder(server, {f"m{n}": photo() for n in range(10)}, None, route)
        assert len(document["analyses"][0]["results_media"]) == 10
        response = post_folder(server, {f"m{n}": photo() for n in range(11)}, None, route)
        assert response.status == 413
        assert response.json().get("code", "LDE-002007") == "LDE-002007"

    def test_eleven_files_are_rejected_regardless_of_their_content(self, server: Server) -> None:
        assert_rejected(post_folder(server, {f"m{n}": b"junk" for n in range(11)}, b"{nope"), 413, "LDE-002007")

    def test_the_payload_does_not_count_as_media(self, server: Server) -> None:
        assert folder(server, {f"m{n}": photo() for n in range(10)}, {})["resolution_status"] == "FINISHED"


class TestSizes:
    def test_a_file_may_have_15_mib_but_no_byte_more(self, warm_server: Server) -> None:
        with measured_cost(warm_server, "a file of 15 MiB") as cost:
            assert states(folder(warm_server, {"m": padded(LIMIT)}))[0] == "FINISHED"
        assert cost.growth < GROWTH
        with measured_cost(warm_server, "a file of 15 MiB and a byte") as cost:
            assert_rejected(post_folder(warm_server, {"m": padded(LIMIT + 1)}), 413, "LDE-002007")
        assert cost.growth < GROWTH

    def test_a_single_image_may_have_15_mib_but_no_byte_more(self, warm_server: Server) -> None:
        assert warm_server.call("POST", DETECT, padded(LIMIT), JPEG).status == 200
        assert_rejected(warm_server.call("POST", DETECT, padded(LIMIT + 1), JPEG), 413, "LDE-002007")

    def test_a_folder_may_have_ten_files_of_15_mib(self, warm_server: Server) -> None:
        with measured_cost(warm_server, "ten files of 15 MiB") as cost:
            document = folder(warm_server, {f"m{n}": padded(LIMIT - n) for n in range(10)})
        assert len(document["media"]) == 10
        assert cost.growth < 2 * 150 + GROWTH, "the files, and a second copy while they are read from the body"


def zeros(size: int, head: bytes = b"") -> bytes:
    """Raw deflate of `head` and zeros, together `size` bytes; repeats one compressed block of zeros to save time."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    count, rest = divmod(size - len(head), len(_BLOCK))
    start = compressor.compress(head) + compressor.flush(zlib.Z_FULL_FLUSH)
    block = compressor.compress(_BLOCK) + compressor.flush(zlib.Z_FULL_FLUSH)
    return start + block * count + compressor.compress(bytes(rest)) + compressor.flush(zlib.Z_FINISH)


@cache
def _crc_of_gib(head: bytes) -> int:
    crc, left = zlib.crc32(head), GIB - len(head)
    while left > 0:
        crc = zlib.crc32(_BLOCK[:left], crc)
        left -= len(_BLOCK)
    return crc


def zip_bomb(members: int, *, shared: bool, claimed: int = GIB) -> bytes:
    """A zip of members of 1 GiB, each a JPEG and zeros. shared: all members use the same megabyte of the file. claimed:
    the size that the headers state."""
    head = photo()
    packed, crc = zeros(GIB, head), _crc_of_gib(head)
    body, directory, at = bytearray(), bytearray(), 0
    for number in range(members):
        name = f"{number}.jpg".encode()
        fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, crc, len(packed), claimed, len(name), 0)
        if number == 0 or not shared:
            at = len(body)
            body += b"PK\x03\x04" + fields + name + packed
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, at) + name
    end = struct.pack("<HHHHIIH", 0, 0, members, members, len(directory), len(body), 0)
    return bytes(body + directory + b"PK\x05\x06" + end)


def gzip_bomb(size: int) -> bytes:
    """A tar.gz of one member."""
    info = tarfile.TarInfo("0.jpg")
    info.size = min(size, 8 * GIB) - 512  # the most that a header can state
    packed = zeros(size, info.tobuf(tarfile.GNU_FORMAT) + photo())
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + packed + struct.pack("<II", 0, size & 0xFFFFFFFF)


def huge_png(side: int = 50_000) -> bytes:
    """A complete PNG of side x side black pixels of one bit."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = side * (-(-side // 8) + 1)
    stream = b"\x78\xda" + zeros(size) + struct.pack(">I", size % 65521 << 16 | 1)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", stream) + chunk(b"IEND", b"")


def huge_mp4() -> bytes:
    """An mp4 whose track header and sample entry declare 30000x30000."""
    data = bytearray(encode_video([blank(320, 240)] * 2, "mjpeg", "mov"))
    entry = data.find(b"jpeg", data.find(b"stsd"))
    data[entry + 28 : entry + 32] = struct.pack(">HH", 30_000, 30_000)
    track = data.find(b"tkhd")
    data[track + 80 : track + 88] = struct.pack(">II", 30_000 << 16, 30_000 << 16)
    at = 0
    while (at := data.find(b"\xff\xc0\x00\x11\x08", at)) >= 0:
        data[at + 5 : at + 9] = struct.pack(">HH", 30_000, 30_000)
        at += 9
    return bytes(data)


def declared(codec: str, container: str) -> bytes:
    """A video of 300x400 whose container declares 30000x30000."""
    data = bytearray(encode_video([selfie(LIVE)] * 3, codec, container))
    side = struct.pack(">H", 30_000)
    if container in ("webm", "mkv"):
        for name in (b"\xb0\x82", b"\xba\x82"):  # width and height, two bytes long
            at = data.find(name, data.find(b"\x16\x54\xae\x6b")) + 2
            data[at : at + 2] = side
    elif container == "avi":
        at = data.find(b"strf") + 12
        data[at : at + 8] = struct.pack("<ii", 30_000, -30_000)
    else:
        entry = data.find(b"stsd") + 44
        data[entry : entry + 4] = side + side
    return bytes(data)


def three_hours(codec: str, container: str) -> bytes:
    """A silent video of three hours, twelve frames and no face."""
    times = [900.0 * number for number in range(13)]
    return encode_video([blank(160, 120)] * len(times), codec, container, times=times)


def empty_elements(count: int) -> bytes:
    """A webm followed by void elements of two bytes, each of which a parser reads."""
    return encode_video([blank(160, 120)] * 3, "libvpx", "webm") + b"\xec\x80" * count


def empty_boxes(count: int) -> bytes:
    return encode_video([blank(160, 120)] * 3, "mpeg4", "mov") + b"\0\0\0\x08free" * count


def shared_tables(count: int) -> bytes:
    """A mov with `count` sample tables, each of which claims the bytes after it."""
    tables = struct.pack(">I4sII", 16, b"stsc", 0, count) * count + bytes(12 * count)
    return encode_video([blank(160, 120)] * 3, "mpeg4", "mov") + tables


# Description -> (text in the log, function that makes it).
BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "zip, 1 MB that expands to 10 GB": ("share bytes", lambda: zip_bomb(10, shared=True)),
    "zip, 1 MB, 10 GB, and denies it": ("share bytes", lambda: zip_bomb(10, shared=True, claimed=len(photo()))),
    "zip, 1 MB that expands to 1 GB": ("expands to more bytes", lambda: zip_bomb(1, shared=False)),
    "zip, 1 MB, 1 GB, and denies it": ("", lambda: zip_bomb(1, shared=False, claimed=len(photo()))),
    "zip, 10 MB that expands to 10 GB": ("expands to more bytes", lambda: zip_bomb(10, shared=False)),
    "zip in a zip": ("is not an image", lambda: make_zip([("0.zip", zip_bomb(1, shared=False))])),
    "tar.gz, 1 MB that expands to 1 GB": ("expands to more bytes", lambda: gzip_bomb(GIB)),
    "tar.gz, 10 MB that expands to 10 GB": ("expands to more bytes", lambda: gzip_bomb(10 * GIB)),
    "avi, pictures of 30000x30000": ("larger than allowed", huge_mjpeg),
    "avi, a stream of 30000x30000": ("no frame of the video can be decoded", huge_h264),
    "mov, declared as 30000x30000": ("larger than allowed", huge_mp4),
    "mp4, three hours": ("longer than 180 s", lambda: three_hours("libx264", "mp4")),
    "mov, three hours": ("longer than 180 s", lambda: three_hours("mpeg4", "mov")),
    "webm, three hours": ("longer than 180 s", lambda: three_hours("libvpx", "webm")),
    "mkv, three hours": ("longer than 180 s", lambda: three_hours("libx265", "mkv")),
    "png of 50000x50000": ("50000x50000", huge_png),
    "png of 50000x50000 in a zip": ("50000x50000", lambda: make_zip([("0.png", huge_png())])),
}


# Description -> function that makes it. Players show these, and decoding them takes what their frames take.
ODD: dict[str, Callable[[], bytes]] = {
    "mp4 of 300x400, declared as 30000x30000": lambda: declared("libx264", "mp4"),
    "mov of 300x400, declared as 30000x30000": lambda: declared("mpeg4", "mov"),
    "webm of 300x400, declared as 30000x30000": lambda: declared("libvpx", "webm"),
    "mkv of 300x400, declared as 30000x30000": lambda: declared("libx265", "mkv"),
    "avi of 300x400, declared as 30000x30000": lambda: declared("mpeg4", "avi"),
    "webm with seven million elements": lambda: empty_elements(7_000_000),
    "mov with 1.9 million boxes": lambda: empty_boxes(1_900_000),
    "mov with tables that share bytes": lambda: shared_tables(500_000),
}


class TestBombs:
    @pytest.mark.parametrize("name", BOMBS)
    def test_a_bomb_is_rejected_with_little_memory(self, warm_server: Server, name: str) -> None:
        reason, make = BOMBS[name]
        bomb = make()
        assert len(bomb) <= LIMIT
        with measured_cost(warm_server, name) as cost:
            response = post_folder(warm_server, {"m": bomb})
        assert_rejected(response, 400, "LDE-002004")
        assert cost.growth < GROWTH
        (line,) = warm_server.logged(response.headers["x-request-id"])
        assert reason in line

    @pytest.mark.parametrize("name", ODD)
    def test_an_odd_container_costs_no_more_than_its_frames(self, warm_server: Server, name: str) -> None:
        media = ODD[name]()
        with measured_cost(warm_server, name) as cost:
            document = folder(warm_server, {"m": media}, {"analyses": []})
        assert document["media"][0]["info"]["video"]["FPS"] > 0
        assert cost.growth < GROWTH

    def test_bombs_expand_to_their_stated_size(self) -> None:
        assert len(zip_bomb(10, shared=True)) < 1.2e6
        decompressor, size = zlib.decompressobj(-15), 0
        packed = io.BytesIO(zeros(20 * len(_BLOCK) + 7, b"head"))
        while piece := packed.read(1 << 12):
            size += len(decompressor.decompress(piece))
        assert (size, decompressor.eof) == (20 * len(_BLOCK) + 7, True)

    def test_a_bomb_as_a_single_image_is_rejected(self, warm_server: Server) -> None:
        with measured_cost(warm_server, "png of 50000x50000 as a single image") as cost:
            assert_rejected(
                warm_server.call("POST", DETECT, huge_png(), {"Content-Type": "image/png"}), 400, "LDE-002004"
            )
        assert cost.growth < GROWTH

    def test_ten_bombs_in_one_request_are_rejected(self, warm_server: Server) -> None:
        with measured_cost(warm_server, "ten bombs in a request") as cost:
            assert_rejected(post_folder(warm_server, {f"m{n}": gzip_bomb(GIB) for n in range(10)}), 400, "LDE-002004")
        assert cost.growth < GROWTH

    def test_sizes_declared_by_other_tracks_are_ignored(self, warm_server: Server) -> None:
        data = bytearray(encode_video([selfie(LIVE)] * 3, audio=True))
        entry = data.find(b"mp4a", data.find(b"soun"))
        data[entry + 28 : entry + 32] = struct.pack(">HH", 30_000, 30_000)  # where a video track has its size
        assert folder(warm_server, {"m": bytes(data)})["system_resolution"] == "SUCCESS"

    def test_a_large_payload_is_echoed_within_bounds(self, warm_server: Server) -> None:
        numbers = b",".join([b"1e-320", b"0.00002", b'"1e-7"'] * 9_000)
        payload = (
            b'{"media:meta_data": {"m": {"n": [' + numbers + b']}}, "analyses": [' + b",".join([b"{}"] * 16) + b"]}"
        )
        with measured_cost(warm_server, "metadata of 0.2 MB, echoed 17 times") as cost:
            response = post_folder(warm_server, {"m": photo()}, payload)
        assert response.status == 200
        assert len(response.body) < 20 * len(payload)
        assert cost.growth < GROWTH
        echoed = response.json()["media"][0]["meta_data"]["n"]
        assert echoed == [1e-320, 0.00002, "1e-7"] * 9_000
        assert b" 0.00002, " in response.body

    def test_the_server_works_after_the_bombs(self, warm_server: Server) -> None:
        assert states(folder(warm_server, {"m": photo(), "v": video()})) == (
            "FINISHED",
            "SUCCESS",
            "FINISHED",
            "SUCCESS",
        )
        assert warm_server.process.poll() is None

    def test_a_video_just_below_the_limit_is_accepted(self, warm_server: Server) -> None:
        times = [0, 1, 2, 179.0]
        with measured_cost(warm_server, "webm of just under three minutes"):
            clip = encode_video([selfie(LIVE, shift=4 * n) for n in range(4)], "libvpx", "webm", times=times)
            assert folder(warm_server, {"m": clip})["media"][0]["info"]["video"]["duration"] == pytest.approx(
                179, abs=1
            )
