"""Videos whose tables, elements, streams or coded sizes cost more than their bytes: MP4, Matroska, AVI."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from fractions import Fraction
from functools import cache, partial
from typing import Any

import av
import numpy as np

from tests.hostile.jpeg import progressive
from tests.hostile.made import GRAY, MILLION, Hostile, box, boxes, full_box, replaced, table
from tests.support_media import MUXERS, encode_video

TRACK = [b"moov", b"trak"]
STBL = [*TRACK, b"mdia", b"minf", b"stbl"]
MANY = 60 * MILLION
IN_BAND = {
    "libx264": {"x264-params": "repeat-headers=1:annexb=1"},
    "libx265": {"x265-params": "log-level=none:pools=1:repeat-headers=1"},
}
"""Options by which an encoder writes the size into the stream again."""


@cache
def film(codec: str = "libx264", container: str = "mp4", side: int = 64, frames: int = 3, *,
         fragmented: bool = False) -> bytes:  # fmt: skip
    """A gray film by the real encoder."""
    options = {"movflags": "frag_keyframe+empty_moov"} if fragmented else {}
    pictures = [np.full((side, side, 3), GRAY, np.uint8)] * frames
    return encode_video(pictures, codec, container, 10, codec_options=IN_BAND.get(codec), options=options)


def packed(container: str, codec: str, packets: list[bytes], side: int = 64, rate: int = 10) -> bytes:
    """A container with the given packets, all key frames."""
    target = io.BytesIO()
    with av.open(target, "w", format=MUXERS[container]) as out:
        stream: Any = out.add_stream(codec, rate=rate)
        stream.width = stream.height = side
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number, data in enumerate(packets):
            packet = av.Packet(data)
            packet.stream, packet.is_keyframe = stream, True
            packet.pts = packet.dts = number
            packet.time_base = Fraction(1, rate)
            out.mux(packet)
    return target.getvalue()


def growing(codec: str, container: str, side: int) -> bytes:
    """Two small frames, then frames of another size in the same stream."""
    small, large = film(codec, container), film(codec, container, side)
    target = io.BytesIO()
    with (
        av.open(io.BytesIO(small)) as first, av.open(io.BytesIO(large)) as second,
        av.open(target, "w", format=MUXERS[container]) as out,
    ):  # fmt: skip
        stream: Any = out.add_stream_from_template(first.streams.video[0], opaque=True)
        for number, packet in enumerate(p for source in (first, second) for p in source.demux(video=0) if p.size):
            packet.stream = stream
            packet.pts = packet.dts = number
            packet.time_base = Fraction(1, 10)
            out.mux(packet)
    return target.getvalue()


def stating(codec: str, side: int, stated: int) -> bytes:
    """Another size in the tables of an MP4 than in its stream."""
    data = bytearray(film(codec, "mp4", side))
    at = data.index(b"stsd") + 12
    data[at + 32 : at + 36] = struct.pack(">HH", stated, stated)
    at = data.index(b"tkhd") + 4 + 76
    data[at : at + 8] = struct.pack(">II", stated << 16, stated << 16)
    return bytes(data)


def tabled(path: list[bytes], new: bytes) -> bytes:
    return replaced(film(), path, new)


def fragment(new: bytes) -> bytes:
    return replaced(film(fragmented=True), [b"moof", b"traf", b"trun"], new)


def nested(name: bytes, depth: int) -> bytes:
    sizes = (8 * (depth - n) for n in range(depth))
    return film() + b"".join(struct.pack(">I4s", size, name) for size in sizes)


def tiny_packets(count: int, size: int) -> bytes:
    """Samples that all lie in one chunk. size: bytes of each; far more together than the file has."""
    data = film()
    at = data.index(b"stsz")
    first = int.from_bytes(data[at + 12 : at + 16], "big")
    data = replaced(data, [*STBL, b"stts"], table(b"stts", 1, count, 1))
    data = replaced(data, [*STBL, b"stsc"], table(b"stsc", 1, 1, count, 1))
    return replaced(data, [*STBL, b"stsz"], table(b"stsz", size or first, count))


def shared_samples(count: int) -> bytes:
    """Chunks of one sample, all at the same place."""
    data = film()
    at = data.index(b"stco")
    place = int.from_bytes(data[at + 12 : at + 16], "big")
    first = int.from_bytes(data[data.index(b"stsz") + 16 :][:4], "big") or 1000
    data = replaced(data, [*STBL, b"stts"], table(b"stts", 1, count, 1))
    data = replaced(data, [*STBL, b"stsc"], table(b"stsc", 1, 1, 1, 1))
    data = replaced(data, [*STBL, b"stsz"], table(b"stsz", first, count))
    return replaced(data, [*STBL, b"stco"], table(b"stco", count, *[place] * count))


def many_tracks(count: int) -> bytes:
    data = film()
    moov = dict(boxes(data))[b"moov"]
    track = box(b"trak", dict(boxes(moov))[b"trak"])
    return replaced(data, TRACK, track * count)


def compressed_header() -> bytes:
    """`cmov`: a header that expands to 400 MB."""
    packer, piece = zlib.compressobj(9), bytes(MILLION)
    inner = b"".join([packer.compress(piece) for _ in range(100)] + [packer.flush()])
    body = box(b"dcom", b"zlib") + box(b"cmvd", struct.pack(">I", 400 * MILLION) + inner)
    return box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"moov", box(b"cmov", body))


def index_boxes(count: int) -> bytes:
    """Indices that each claim to be 65,535 long, over the same bytes."""
    one = full_box(b"sidx", struct.pack(">IIIIHH", 1, 1000, 0, 0, 0, 0xFFFF))
    return film(fragmented=True) + one * count + bytes(12 * 65_535)


def element(number: str, contents: bytes, size: int | None = None) -> bytes:
    """Of Matroska. size: as claimed, -1 for unknown."""
    claimed = (1 << 56) - 1 if size == -1 else len(contents) if size is None else size
    return bytes.fromhex(number) + (1 << 56 | claimed).to_bytes(8, "big") + contents


EBML = element("1A45DFA3", element("4282", b"matroska"))
SEGMENT, CLUSTER, TAGS, TRACKS = "18538067", "1F43B675", "1254C367", "1654AE6B"


def track(codec: bytes, *more: bytes, number: int = 1) -> bytes:
    size = element("E0", element("B0", b"\0\x40") + element("BA", b"\0\x40"))
    head = element("D7", struct.pack(">H", number)) + element("73C5", b"\1") + element("83", b"\1")
    return element("AE", head + element("86", codec) + size + b"".join(more))


def block(data: bytes, time: int = 0, lacing: int = 0) -> bytes:
    return element("A3", b"\x81" + struct.pack(">hB", time, 0x80 | lacing) + data)


def matroska(*parts: bytes, tracks: bytes = b"") -> bytes:
    return EBML + element(SEGMENT, element(TRACKS, tracks or track(b"V_MJPEG")) + b"".join(parts), -1)


@cache
def still(side: int = 64) -> bytes:
    return progressive(side, 1)


def compressed_blocks(count: int, size: int) -> bytes:
    """Blocks of zlib data that expand a thousand times."""
    packed_still = zlib.compress(still() + bytes(size), 9)
    coding = element("6D80", element("6240", element("5034", element("4254", b"\0"))))
    return matroska(element(CLUSTER, element("E7", b"\0") + b"".join(block(packed_still, n) for n in range(count))),
                    tracks=track(b"V_MJPEG", coding))  # fmt: skip


def laced(count: int) -> bytes:
    """Blocks of 256 frames without bytes, or of one."""
    empty = block(b"\xff" + b"\0" * 255, 0, 2) + block(b"\xff" + b"\1" * 255 + b"\0" * 256, 0, 2)
    return matroska(element(CLUSTER, element("E7", b"\0") + block(still()) + empty * count))


def stacked(depth: int) -> bytes:
    """Tags within tags, of unknown size."""
    return matroska(b"".join(bytes.fromhex(TAGS) + b"\xff" + bytes.fromhex("7373") + b"\xff" for _ in range(depth)))


def avi_chunk(name: bytes, contents: bytes) -> bytes:
    return name + struct.pack("<I", len(contents)) + contents + b"\0" * (len(contents) % 2)


def avi(streams: int = 1, rest: bytes = b"", form: bytes = b"", width: int = 64) -> bytes:
    """Streams of motion JPEG with one frame. rest: after the frames. form: in place of a stream's format."""
    main = struct.pack("<14I", 100_000, 0, 0, 0x10, 1, 0, streams, 0, width, width, *[0] * 4)
    head = b"vidsMJPG" + struct.pack("<12I", 0, 0, 0, 1, 10, 0, 1, 0, 0xFFFFFFFF, 0, 0, 0)
    form = form or struct.pack("<IiiHH4sIiiII", 40, width, width, 1, 24, b"MJPG", 0, 0, 0, 0, 0)
    stream = avi_chunk(b"LIST", b"strl" + avi_chunk(b"strh", head) + avi_chunk(b"strf", form))
    body = b"AVI " + avi_chunk(b"LIST", b"hdrl" + avi_chunk(b"avih", main) + stream * streams)
    return avi_chunk(b"RIFF", body + avi_chunk(b"LIST", b"movi" + avi_chunk(b"00dc", still())) + rest)


def large_index(entries: int) -> bytes:
    """All of its entries name the one frame."""
    return avi(rest=avi_chunk(b"idx1", struct.pack("<4sIII", b"00dc", 0x10, 4, len(still())) * entries))


def _mp4() -> Iterator[tuple[str, Any, int | None]]:
    for name, path, new in (
        ("stsz", [*STBL, b"stsz"], table(b"stsz", 1, MANY)),
        ("stz2", [*STBL, b"stsz"], table(b"stz2", 8, MANY)),
        ("stts", [*STBL, b"stts"], table(b"stts", 1, MANY, 1)),
        ("stts entries", [*STBL, b"stts"], table(b"stts", MANY)),
        ("ctts", [*STBL, b"stss"], table(b"ctts", 1, MANY, 1)),
        ("stss", [*STBL, b"stss"], table(b"stss", MANY)),
        ("stsc", [*STBL, b"stsc"], table(b"stsc", 1, 1, 2_000_000_000, 1)),
        ("stsc entries", [*STBL, b"stsc"], table(b"stsc", MANY)),
        ("stco", [*STBL, b"stco"], table(b"stco", MANY)),
        ("co64", [*STBL, b"stco"], table(b"co64", MANY)),
        ("elst", [*TRACK, b"edts"], box(b"edts", table(b"elst", 80 * MILLION, *[1] * 9))),
        ("sbgp", [*STBL, b"stss"], table(b"sbgp", int.from_bytes(b"rap ", "big"), MANY)),
        ("keys", [b"moov", b"udta"], box(b"meta", table(b"keys", 2 * MANY))),
        ("trun outside a fragment", [b"moov", b"udta"], table(b"trun", MANY)),
    ):
        yield f"MP4: a false count in {name}", partial(tabled, path, new), None
    yield "MP4: a false count in trun", partial(fragment, table(b"trun", MANY)), None
    yield "MP4: a false count in trun of sizes", partial(fragment, table(b"trun", MANY) + bytes(100)), None
    yield "MP4: 500 indices over the same bytes", partial(index_boxes, 500), GRAY
    for name in (b"moov", b"trak", b"udta", b"wave", b"free"):
        yield f"MP4: {name.decode()} in {name.decode()}, 100,000 deep", partial(nested, name, 100_000), None
    yield "MP4: a compressed header", compressed_header, None
    yield "MP4: 5,000 tracks", partial(many_tracks, 5000), GRAY
    yield "MP4: 100,000 samples of a byte", partial(tiny_packets, 100_000, 1), None
    yield "MP4: 19,000 samples of a byte", partial(tiny_packets, 19_000, 1), None
    yield "MP4: 19,000 samples at one place", partial(shared_samples, 19_000), GRAY


def _others() -> Iterator[tuple[str, Any, int | None]]:
    scans = progressive(1024, 50_000)
    yield "AVI: frames of 50,000 scans", lambda: packed("avi", "mjpeg", [scans] * 2), GRAY
    yield "MOV: frames of 50,000 scans", lambda: packed("mov", "mjpeg", [scans] * 2), GRAY
    yield "Matroska: frames of 50,000 scans", lambda: packed("mkv", "mjpeg", [scans] * 2), GRAY
    yield "AVI: a frame of 64 megapixels", lambda: packed("avi", "mjpeg", [progressive(8000, 1)]), None
    yield "AVI: 10,000 streams", partial(avi, 10_000), GRAY
    yield "AVI: an index of 900,000 entries", partial(large_index, 900_000), GRAY
    yield (
        "AVI: a format of 14 MB",
        lambda: avi(form=struct.pack("<IiiHH4sIiiII", 40, 64, 64, 1, 24, b"MJPG", *[0] * 5) + bytes(14 * MILLION)),
        GRAY,
    )
    yield "AVI: 46,000x46,000 stated", partial(avi, width=46_000), GRAY
    yield "AVI: a million chunks", lambda: avi(rest=avi_chunk(b"JUNK", b"") * MILLION), GRAY
    yield (
        "Matroska: 300,000 tags",
        lambda: matroska(
            element(TAGS, element("7373", b"") * 300_000), element(CLUSTER, element("E7", b"\0") + block(still()))
        ),
        GRAY,
    )
    yield "Matroska: tags in tags", partial(stacked, 200_000), None
    yield (
        "Matroska: 200,000 clusters",
        lambda: matroska(element(CLUSTER, element("E7", b"\0") + block(still())), element(CLUSTER, b"") * 200_000),
        GRAY,
    )
    yield (
        "Matroska: 20,000 tracks",
        lambda: matroska(
            element(CLUSTER, element("E7", b"\0") + block(still())),
            tracks=b"".join(track(b"V_MJPEG", number=n + 1) for n in range(20_000)),
        ),
        None,
    )
    yield (
        "Matroska: settings of a codec of 14 MB",
        lambda: matroska(
            element(CLUSTER, element("E7", b"\0") + block(still())),
            tracks=track(b"V_MJPEG", element("63A2", bytes(14 * MILLION))),
        ),
        GRAY,
    )
    yield (
        "Matroska: settings of a terabyte",
        lambda: matroska(tracks=track(b"V_MPEG4/ISO/AVC", element("63A2", bytes(1000), 1 << 40))),
        None,
    )
    yield "Matroska: blocks that expand", partial(compressed_blocks, 200, 5 * MILLION), GRAY
    yield "Matroska: 2,000 blocks of empty frames", partial(laced, 2000), None
    yield (
        "Matroska: 19,000 tiny frames",
        lambda: packed("mkv", "mjpeg", [still(16)] + [b"\xff"] * 19_000, 16, 200),
        GRAY,
    )


def _sizes() -> Iterator[tuple[str, Any, int | None]]:
    for codec, side in (("libx264", 3000), ("libx265", 3000), ("libsvtav1", 2048), ("libvpx-vp9", 2048)):
        yield f"{codec}: {side} coded, 64 stated", partial(stating, codec, side, 64), GRAY
        yield f"{codec}: 64 coded, 16,000 stated", partial(stating, codec, 64, 16_000), GRAY
    for codec, container, side in (
        ("libx264", "avi", 4096), ("libx265", "mkv", 4096), ("libvpx", "webm", 2048), ("libvpx-vp9", "webm", 2048),
        ("libsvtav1", "mkv", 2048), ("mpeg4", "avi", 2048), ("mjpeg", "avi", 4096),
    ):  # fmt: skip
        yield f"{codec} in {container}: grows to {side}", partial(growing, codec, container, side), GRAY


FILES = tuple(
    Hostile(name, "video", make, shade) for found in (_mp4(), _others(), _sizes()) for name, make, shade in found
)
