"""Archives that expand to, list or overlap far more than their bytes: zip, tar, gzip."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from functools import partial

from tests.hostile.jpeg import progressive
from tests.hostile.made import GRAY, MILLION, Hostile, encoded, gray
from tests.hostile.pictures import deflated, lossless, png
from tests.support_media import make_tar, make_zip

DOT = encoded(gray(16, 16), "PNG")
STORED = zipfile.ZIP_STORED


def zeros(size: int) -> bytes:
    return DOT + bytes(size)


def layers(depth: int) -> bytes:
    """A zip in a zip in a zip …"""
    data = make_zip([("a.png", zeros(10 * MILLION))])
    for _ in range(depth):
        data = make_zip([("a.zip", data)])
    return data


def overlapping(count: int) -> bytes:
    """A directory whose entries all lead to the same bytes, which expand a thousand times."""
    one = make_zip([("a.png", zeros(10 * MILLION))])
    start = one.rindex(b"PK\1\2")
    end = one.rindex(b"PK\5\6")
    directory = one[start:end] * count
    return one[:start] + directory + struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, count, count, len(directory), start, 0)


def directory_within(count: int) -> bytes:
    """Entries that begin within each other, as a quine's do: each contains the headers of all that follow."""
    packed = deflated(10 * MILLION)
    heads = [struct.pack("<4s5H3IHH", b"PK\3\4", 20, 0, 8, 0, 0, 0, len(packed), 10 * MILLION, 5, 0) + b"%05d" % n
             for n in range(count)]  # fmt: skip
    size = len(heads[0])
    rows = b"".join(
        struct.pack("<4s6H3I5HII", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, len(packed) + size * (count - n - 1),
                    10 * MILLION, 5, 0, 0, 0, 0, 0, size * n) + b"%05d" % n
        for n in range(count)
    )  # fmt: skip
    body = b"".join(heads) + packed
    return body + rows + struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, count, count, len(rows), len(body), 0)


def zip64(entries: int) -> bytes:
    """Sizes and counts of 64 bits."""
    one = make_zip([("a.png", DOT)])
    end = one.rindex(b"PK\5\6")
    large = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, 1 << 62, 0)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    return (
        one[:end] + large + locator + struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, 65_535, 65_535, 2**32 - 1, 2**32 - 1, 0)
    )


def false_size() -> bytes:
    """A member that says it has one byte, and expands to many."""
    data = bytearray(make_zip([("a.png", zeros(100 * MILLION))]))
    for place in (22, data.rindex(b"PK\1\2") + 24):
        data[place : place + 4] = struct.pack("<I", len(DOT))
    return bytes(data)


def many_empty_tar(count: int) -> bytes:
    return make_tar([(f"{n}.png", b"") for n in range(100)], form=tarfile.USTAR_FORMAT)[:51_200] * (count // 100)


def long_header(size: int) -> bytes:
    return make_tar([("n" * size + ".png", DOT)], form=tarfile.GNU_FORMAT)


def many_headers(count: int) -> bytes:
    """Extended headers without a member."""
    one = make_tar([("é" * 200 + ".png", DOT)])[:1536]
    return one * count + make_tar([("a.png", DOT)])


def huge_member(size: int) -> bytes:
    """A tar whose member claims gigabytes."""
    info = tarfile.TarInfo("a.png")
    info.size = size
    return info.tobuf() + DOT


def gzip_bomb() -> bytes:
    info = tarfile.TarInfo("a.png")
    info.size = 400 * MILLION
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as out:
        out.write(info.tobuf() + DOT)
        for _ in range(100):
            out.write(bytes(MILLION))
    return target.getvalue()


def gzip_members(count: int) -> bytes:
    return gzip.compress(b"", mtime=0) * count + gzip.compress(make_tar([("a.png", DOT)]), mtime=0)


def pictures(count: int, data: bytes) -> bytes:
    return make_zip([(f"{n:03}.png", data) for n in range(count)], STORED)


FILES = tuple(
    Hostile(name, "shots_set", make, shade)
    for name, make, shade in (
        ("zip: a member of 14 MB", lambda: make_zip([("a.png", zeros(14 * MILLION))]), GRAY),
        ("zip: a member of 100 MB", lambda: make_zip([("a.png", zeros(100 * MILLION))]), None),
        ("zip: 12 members of 14 MB", lambda: make_zip([(f"{n}.png", zeros(14 * MILLION)) for n in range(12)]), None),
        ("zip: eight zips in each other", partial(layers, 8), None),
        ("zip: 300 entries over the same bytes", partial(overlapping, 300), None),
        ("zip: entries that begin within each other", partial(directory_within, 300), None),
        ("zip: 60,000 entries", partial(overlapping, 60_000), None),
        ("zip: false counts of 64 bits", partial(zip64, 1 << 60), None),
        ("zip: a false size", false_size, None),
        ("zip: 300 pictures of 49 megapixels", lambda: pictures(300, png(7000, 7000)), None),
        ("zip: 300 WebP of 49 megapixels", lambda: pictures(300, lossless(7000, 7000)), None),
        ("zip: 10 JPEG of 30,000 scans", lambda: pictures(10, progressive(1024, 30_000)), None),
        ("zip: LZMA", lambda: make_zip([("a.png", zeros(10 * MILLION))], zipfile.ZIP_LZMA), None),
        ("tar: 100,000 empty members", partial(many_empty_tar, 100_000), None),
        ("tar: a name of a megabyte", partial(long_header, MILLION), None),
        ("tar: 5,000 headers without a member", partial(many_headers, 5000), None),
        ("tar: a member of gigabytes", partial(huge_member, 8 << 30), None),
        ("tar.gz: 100 MB of zeros", gzip_bomb, None),
        ("tar.gz: 500,000 empty streams", partial(gzip_members, 500_000), None),
        ("tar.gz: 9,000 empty streams", partial(gzip_members, 9000), GRAY),
    )
)  # fmt: skip
