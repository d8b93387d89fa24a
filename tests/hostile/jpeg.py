"""JPEG files of very many scans or segments, and their neighbours: MPO, and JPEG in TIFF. Also used by videos."""

from __future__ import annotations

import struct
from functools import cache, partial
from itertools import pairwise

from tests.hostile.made import GRAY, Hostile, encoded, gray

PIECE = b"ICC_PROFILE\0\1\1" + bytes(50)
"""Of a colour profile, in a segment."""
BITS_OF_RUNS = 14
"""Of the length in a symbol that ends the bands of 2**14 blocks or more."""


def segment(marker: int, contents: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(contents) + 2) + contents


def bands(blocks: int) -> bytes:
    """Coded data that says of so many blocks that all their bands are zero, by the table in `empty_scan`."""
    bits, most = "", (2 << BITS_OF_RUNS) - 1
    while blocks > 0:
        run = max(min(blocks, most), 1 << BITS_OF_RUNS)
        bits += "0" + format(run - (1 << BITS_OF_RUNS), f"0{BITS_OF_RUNS}b")
        blocks -= run
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")


def empty_scan(blocks: int, component: int = 1) -> bytes:
    """A scan of a progressive JPEG in which the bands of all blocks are zero."""
    return segment(0xDA, bytes((1, component, 0, 1, 63, 0))) + bands(blocks)


@cache
def progressive(side: int, scans: int, mode: str = "L") -> bytes:
    """A progressive JPEG: its first scan by the real encoder, then scans that add nothing."""
    data = encoded(gray(side, side, mode), "JPEG", progressive=True, quality=50, subsampling=0)
    second = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
    table = segment(0xC4, bytes((0x10, 1, *[0] * 15, BITS_OF_RUNS << 4)))
    tables = data.rfind(b"\xff\xc4", 0, second)
    first = data[: tables if tables > data.index(b"\xff\xda") else second]
    return first + table + empty_scan(((side + 7) // 8) ** 2) * scans + b"\xff\xd9"


def arithmetic(side: int, scans: int) -> bytes:
    """Arithmetic coding: a scan without data is a scan, too."""
    tables = segment(0xDB, bytes((0, *[1] * 64)))
    frame = segment(0xCA, struct.pack(">BHHBBBB", 8, side, side, 1, 1, 0x11, 0))
    first = segment(0xDA, bytes((1, 1, 0, 0, 0, 0)))
    return b"\xff\xd8" + tables + frame + first + segment(0xDA, bytes((1, 1, 0, 1, 63, 0))) * scans + b"\xff\xd9"


def baseline(side: int, scans: int) -> bytes:
    """A baseline JPEG of three colours, one a scan, and the last one again and again."""
    one = encoded(gray(side, side), "JPEG", quality=50)
    at = one.index(b"\xff\xda")
    frame = one.index(b"\xff\xc0")
    head = one[:frame] + segment(0xC0, struct.pack(">BHH", 8, side, side) + b"\x03\1\x11\0\2\x11\0\3\x11\0") + one[
        frame + 4 + 15 : at
    ]  # fmt: skip
    data = encoded(gray(side, side, "L"), "JPEG", quality=50)
    coded = data[data.index(b"\xff\xda") + 10 : -2]
    return (
        head + b"".join(segment(0xDA, bytes((1, n, 0, 0, 63, 0))) + coded for n in (1, 2, *[3] * scans)) + b"\xff\xd9"
    )


def mpo(scans: int) -> bytes:
    """Two pictures in one file, both of very many scans."""
    two = encoded(gray(512, 512), "MPO", save_all=True, append_images=[gray(512, 512)], progressive=True)
    ends = [at for at in range(len(two) - 1) if two[at : at + 2] == b"\xff\xd9"]
    for end in reversed(ends):
        last = two.rindex(b"\xff\xda", 0, end)
        two = two[:end] + two[last:end] * scans + two[end:]
    return two


def stated(width: int, height: int) -> bytes:
    """Another size than the coded one."""
    data = bytearray(encoded(gray(64, 64), "JPEG", progressive=True))
    at = data.index(b"\xff\xc2")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def with_segments(segments: bytes, side: int = 64) -> bytes:
    """Progressive, so that it goes to the sandbox."""
    data = encoded(gray(side, side), "JPEG", progressive=True)
    return data[:2] + segments + data[2:]


def restarts(side: int, marks: int) -> bytes:
    """Restart markers in the scan's data where none is due."""
    data = encoded(gray(side, side), "JPEG", progressive=True)
    end = data.index(b"\xff\xda") + 14
    return data[:end] + bytes((0xFF, 0xD0)) * marks + data[end:]


def directory(*entries: tuple[int, int, int, int], following: int = 0) -> bytes:
    """A TIFF directory. entries: (tag, type, count, value)."""
    rows = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<H", len(entries)) + rows + struct.pack("<I", following)


def looping_exif() -> bytes:
    """Directories that name themselves as their own parts and followers."""
    loops = [(tag, 4, 1, 8) for tag in (0x8769, 0x8825, 0xA005, 0x014A)]
    return b"Exif\0\0" + struct.pack("<2sHI", b"II", 42, 8) + directory(*loops, following=8)


def large_exif() -> bytes:
    """Directories whose entries claim gigabytes."""
    rows = [(0x9000 + n, 7, 0xFFFFFFFF, 8) for n in range(5000)]
    return b"Exif\0\0" + struct.pack("<2sHI", b"II", 42, 8) + directory(*rows, following=8)


def profile(count: int, size: int = 3144) -> bytes:
    """A colour profile of matrices and curves; each curve claims `count` points."""
    tags = [(name, 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt")] + [(b"rTRC", 0), (b"gTRC", 0), (b"bTRC", 0)]
    start = 132 + 12 * len(tags)
    xyz, curve = (
        b"XYZ " + bytes(4) + struct.pack(">3i", 1 << 15, 1 << 15, 1 << 15),
        b"curv" + struct.pack(">II", 0, count),
    )
    rows = b"".join(
        struct.pack(">4sII", name, start if is_xyz else start + 20, 20 if is_xyz else size - start - 20)
        for name, is_xyz in tags
    )
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02400000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    body = head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + rows + xyz + curve
    return body.ljust(size, b"\x7f")[:size]


def profile_segments(data: bytes) -> bytes:
    pieces = [data[at : at + 65_000] for at in range(0, len(data), 65_000)]
    return b"".join(
        segment(0xE2, b"ICC_PROFILE\0" + bytes((n, len(pieces))) + piece) for n, piece in enumerate(pieces, 1)
    )


def xmp() -> bytes:
    """XML whose entities would expand to gigabytes."""
    names = "abcdefghij"
    rows = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise(names))
    text = f'<!DOCTYPE x [<!ENTITY a "{"A" * 1000}">{rows}]><x:xmpmeta xmlns:x="adobe:ns:meta/">&j;</x:xmpmeta>'
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + text.encode())


FILES = tuple(
    Hostile(f"JPEG: {name}", "image", make, shade)
    for name, make, shade in (
        ("100,000 scans", partial(progressive, 1024, 100_000), GRAY),
        ("100,000 scans in colour", partial(progressive, 1024, 100_000, "RGB"), GRAY),
        ("5,000 scans of 36 megapixels", partial(progressive, 6000, 5000), GRAY),
        ("100,000 scans, arithmetic", partial(arithmetic, 1024, 100_000), None),
        ("baseline, a scan again and again", partial(baseline, 512, 3000), GRAY),
        ("two pictures of 30,000 scans (MPO)", partial(mpo, 30_000), GRAY),
        ("65,500x65,500 stated", partial(stated, 65_500, 65_500), None),
        ("7,000x7,000 stated", partial(stated, 7000, 7000), None),
        ("no height", partial(stated, 64, 0), None),
        ("300,000 comments", lambda: with_segments(segment(0xFE, b"") * 300_000), GRAY),
        ("60,000 tables", lambda: with_segments(segment(0xDB, bytes((0, *[1] * 64))) * 60_000), None),
        ("a million restart markers", partial(restarts, 1024, 1_000_000), None),
        ("EXIF in circles", lambda: with_segments(segment(0xE1, looping_exif())), GRAY),
        ("EXIF of entries of gigabytes", lambda: with_segments(segment(0xE1, large_exif())), GRAY),
        ("XMP whose entities expand", lambda: with_segments(xmp()), GRAY),
        ("a profile of curves of gigabytes", lambda: with_segments(profile_segments(profile(1 << 30))), None),
        ("a profile of 15 MB", lambda: with_segments(profile_segments(profile(7_000_000, 15_000_000))), None),
        ("60,000 pieces of a profile", lambda: with_segments(segment(0xE2, PIECE) * 60_000), GRAY),
    )
)  # fmt: skip
