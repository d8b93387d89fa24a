"""PNG, WebP, GIF, BMP and TIFF files that claim or expand to far more than their bytes."""

from __future__ import annotations

import struct
import zlib
from functools import cache, partial

from tests.hostile.jpeg import directory, looping_exif, profile, progressive
from tests.hostile.made import GRAY, MILLION, Hostile, encoded, gray

RUNS = (bytes((255, 0)) * 27 + bytes((115, 0, 0, 0))) * 7000 + b"\0\1"
"""Lines of 7,000 pixels of the first colour."""
PNG = b"\x89PNG\r\n\x1a\n"


@cache
def deflated(size: int, value: int = GRAY) -> bytes:
    """`size` equal bytes, for a thousandth of them."""
    packer, piece = zlib.compressobj(9), bytes([value]) * MILLION
    return b"".join(
        [packer.compress(piece[: min(MILLION, size - at)]) for at in range(0, size, MILLION)] + [packer.flush()]
    )


def chunk(name: bytes, contents: bytes = b"") -> bytes:
    return struct.pack(">I", len(contents)) + name + contents + struct.pack(">I", zlib.crc32(name + contents))


def png(width: int, height: int, *, depth: int = 8, colours: int = 0, interlaced: int = 0, before: bytes = b"",
        pixels: bytes | None = None) -> bytes:  # fmt: skip
    """before: chunks before the pixels. pixels: else rows of zero bytes, by the filter that takes the row before."""
    row = 1 + width * depth * {0: 1, 2: 3, 3: 1, 6: 4}[colours] // 8
    head = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, interlaced)
    packed = deflated(row * height + 8 * height, 0) if pixels is None else pixels
    return PNG + chunk(b"IHDR", head) + before + chunk(b"IDAT", packed) + chunk(b"IEND")


def small_png(before: bytes) -> bytes:
    data = encoded(gray(64, 64), "PNG")
    return data[:33] + before + data[33:]


def text_bomb(name: bytes, head: bytes, count: int = 1) -> bytes:
    return small_png(chunk(name, head + deflated(200 * MILLION)) * count)


def animated_png(frames: int) -> bytes:
    """A canvas of 7,000x7,000, and frames of one pixel."""
    dot = zlib.compress(b"\0\x80")
    control = struct.pack(">IIIIHHBB", 1, 1, 0, 0, 1, 10, 0, 0)
    rest = b"".join(
        chunk(b"fcTL", struct.pack(">I", 2 * n) + control) + chunk(b"fdAT", struct.pack(">I", 2 * n + 1) + dot)
        for n in range(frames)
    )
    data = png(7000, 7000, before=chunk(b"acTL", struct.pack(">II", frames, 0)))
    return data[:-12] + rest + data[-12:]


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def lossless(width: int, height: int) -> bytes:
    """One colour, which takes no bits for a pixel: the size is all that the header says."""
    data = bytearray(encoded(gray(16, 16), "WEBP", lossless=True))
    data[21:25] = struct.pack("<I", width - 1 | (height - 1) << 14)
    return bytes(data)


def lossy(width: int, height: int) -> bytes:
    data = bytearray(encoded(gray(16, 16), "WEBP"))
    data[26:30] = struct.pack("<HH", width, height)
    return bytes(data)


def extended(width: int, height: int, flags: int, *chunks: tuple[bytes, bytes]) -> bytes:
    return riff((b"VP8X", struct.pack("<I", flags) + _three(width - 1) + _three(height - 1)), *chunks)


def _three(number: int) -> bytes:
    return struct.pack("<I", number)[:3]


def animated_webp(side: int, frames: int, frame_side: int = 16) -> bytes:
    frame = lossless(frame_side, frame_side)[12:]
    head = bytes(6) + _three(frame_side - 1) * 2 + _three(100) + b"\0"
    return extended(side, side, 2, (b"ANIM", bytes(6)), *[(b"ANMF", head + frame)] * frames)


def gif(width: int, height: int, frames: int = 1, extra: bytes = b"") -> bytes:
    """Frames of one pixel on a canvas of any size."""
    dot = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
    palette = bytes([GRAY] * 6)
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + palette + extra + dot * frames + b";"


def long_gif(side: int) -> bytes:
    """One frame, all of one colour."""
    return encoded(gray(side, side, "P"), "GIF")


def bmp(width: int, height: int, *, bits: int = 8, packing: int = 0, data: bytes = b"", colours: int = 256) -> bytes:
    palette = bytes([GRAY, GRAY, GRAY, 0]) * min(colours, 256)
    start = 54 + len(palette)
    head = struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packing, len(data), 2835, 2835, colours, 0)
    return head + info + palette + data


def tiff(width: int, height: int, data: bytes, *, packing: int = 8, pieces: int = 1, tile: int = 0, bits: int = 8,
         samples: int = 1, rows: int | None = None, extra: tuple[tuple[int, int, int, int], ...] = (),
         following: int = 0) -> bytes:  # fmt: skip
    """A gray picture whose strips, or tiles, are all the same bytes. following: the place of the next directory."""
    lists = 8 + len(data)
    places, sizes = struct.pack("<I", 8) * pieces, struct.pack("<I", len(data)) * pieces
    at = (8, len(data)) if pieces == 1 else (lists, lists + len(places))
    layout = [(322, 4, 1, tile), (323, 4, 1, tile), (324, 4, pieces, at[0]), (325, 4, pieces, at[1])]
    if not tile:
        layout = [(273, 4, pieces, at[0]), (278, 4, 1, rows or -(-height // pieces)), (279, 4, pieces, at[1])]
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (259, 3, 1, packing), (262, 3, 1, 1),
            (277, 3, 1, samples), *layout, *extra]  # fmt: skip
    where = lists + len(places) + len(sizes)
    where += where % 2
    body = (data + places + sizes).ljust(where - 8, b"\0")
    return struct.pack("<2sHI", b"II", 42, where) + body + directory(*sorted(tags), following=following or 0)


def many_directories(count: int) -> bytes:
    data = tiff(64, 64, deflated(4096))
    at = len(data) + len(data) % 2
    data = tiff(64, 64, deflated(4096), following=at).ljust(at, b"\0")
    return data + b"".join(directory((256, 4, 1, 64), following=at + 18 * (n + 1)) for n in range(count))


def circle() -> bytes:
    data = tiff(64, 64, deflated(4096))
    (where,) = struct.unpack_from("<I", data, 4)
    return data[:-4] + struct.pack("<I", where)


def lzw_bomb(width: int, height: int) -> bytes:
    """By the real encoder, in one strip."""
    return encoded(gray(width, height, "L"), "TIFF", compression="tiff_lzw", tiffinfo={278: height})


def big_tiff() -> bytes:
    """64-bit counts: tags of 2**60 values."""
    rows = [(256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 16, 1 << 60, 16),
            (279, 16, 1 << 60, 16), (34675, 7, 1 << 40, 16)]  # fmt: skip
    table = struct.pack("<Q", len(rows)) + b"".join(struct.pack("<HHQQ", *row) for row in rows) + bytes(8)
    return struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16) + table


LOSSLESS = (b"VP8L", lossless(16, 16)[20:])
BAD = profile(1 << 30)
"""A colour profile."""
GIGABYTES = ((700, 7, 0xFFFFFFFF, 8), (34675, 7, 0xFFFFFFFF, 8))
"""Tags of a TIFF."""
_PNG = (
    ("PNG: flat, 49 megapixels", partial(png, 7000, 7000), 0),
    ("PNG: interlaced, 49 megapixels", partial(png, 7000, 7000, interlaced=1), 0),
    ("PNG: 16 bits and alpha, 49 megapixels", partial(png, 7000, 7000, depth=16, colours=6), 255),
    ("PNG: a billion pixels", partial(png, 30_000, 30_000, pixels=zlib.compress(b"")), None),
    ("PNG: more pixels than stated", partial(png, 64, 64, pixels=deflated(400 * MILLION, 0)), 0),
    ("PNG: 300,000 empty pieces", lambda: small_png(chunk(b"IDAT") * 300_000), GRAY),
    ("PNG: a colour profile that expands", partial(text_bomb, b"iCCP", b"x\0\0"), GRAY),
    ("PNG: a text that expands", partial(text_bomb, b"zTXt", b"x\0\0"), GRAY),
    ("PNG: texts that expand", partial(text_bomb, b"zTXt", b"x\0\0", 50), GRAY),
    ("PNG: an international text that expands", partial(text_bomb, b"iTXt", b"x\0\1\0\0\0"), GRAY),
    ("PNG: EXIF in circles", lambda: small_png(chunk(b"eXIf", looping_exif()[6:])), GRAY),
    ("PNG: curves of gigabytes", lambda: small_png(chunk(b"iCCP", b"x\0\0" + zlib.compress(BAD))), None),
    ("PNG: animation on a large canvas", partial(animated_png, 50_000), 0),
)
_WEBP = (
    ("WebP: lossless, 49 megapixels", partial(lossless, 7000, 7000), GRAY),
    ("WebP: lossless, 268 megapixels", partial(lossless, 16_383, 16_383), None),
    ("WebP: lossy, 49 megapixels stated", partial(lossy, 7000, 7000), None),
    ("WebP: animation on a large canvas", partial(animated_webp, 7000, 1), None),
    ("WebP: animation of 100,000 frames", partial(animated_webp, 64, 100_000), None),
    ("WebP: frames larger than the canvas", partial(animated_webp, 64, 10, 7000), None),
    ("WebP: a canvas larger than the picture", lambda: extended(7000, 7000, 0, LOSSLESS), None),
    ("WebP: a picture larger than the canvas", lambda: extended(16, 16, 0, (b"VP8L", lossless(7000, 7000)[20:])), None),
    ("WebP: curves of gigabytes", lambda: extended(16, 16, 0x20, (b"ICCP", BAD), LOSSLESS), None),
    ("WebP: 300,000 unknown chunks", lambda: extended(16, 16, 0, *[(b"XXXX", b"")] * 300_000, LOSSLESS), GRAY),
)  # fmt: skip
_GIF = (
    ("GIF: a screen of 65,535x65,535", partial(gif, 65_535, 65_535), None),
    ("GIF: a screen of 49 megapixels", partial(gif, 7000, 7000), GRAY),
    ("GIF: 100,000 frames", partial(gif, 2000, 2000, 100_000), GRAY),
    ("GIF: one colour, 36 megapixels", partial(long_gif, 6000), GRAY),
    ("GIF: 500,000 comments", partial(gif, 64, 64, 1, b"\x21\xfe\1a\0" * 500_000), GRAY),
)
_BMP = (
    ("BMP: packed, 49 megapixels", lambda: bmp(7000, 7000, packing=1, data=RUNS), GRAY),
    ("BMP: packed, jumps", lambda: bmp(7000, 7000, packing=1, data=b"\0\2\xff\xff" * 100_000 + b"\0\1"), None),
    ("BMP: packed, ends of lines", lambda: bmp(64, 64, packing=1, data=b"\0\0" * MILLION), None),
    ("BMP: 2 gigapixels", partial(bmp, 46_000, 46_000, bits=1, colours=2), None),
    ("BMP: a palette of gigabytes", partial(bmp, 64, 64, data=bytes(4096), colours=(1 << 31) - 1), None),
    ("DIB: packed, 49 megapixels", lambda: bmp(7000, 7000, packing=1, data=RUNS)[14:], GRAY),
)  # fmt: skip
_TIFF = (
    ("TIFF: a strip of 49 megapixels", lambda: tiff(7000, 7000, deflated(49 * MILLION)), GRAY),
    ("TIFF: a strip longer than the picture", lambda: tiff(64, 64, deflated(400 * MILLION), rows=6 * MILLION), GRAY),
    ("TIFF: a tile of 26,000x26,000", lambda: tiff(16, 16, deflated(4096), tile=26_000), None),
    ("TIFF: tiles that share bytes", lambda: tiff(7056, 7056, deflated(1008**2), tile=1008, pieces=49), GRAY),
    ("TIFF: 160,000 tiles", lambda: tiff(6400, 6400, deflated(256), tile=16, pieces=400**2), GRAY),
    ("TIFF: 49 megapixels of strips that share bytes", lambda: tiff(7000, 7000, deflated(7000), pieces=7000), GRAY),
    ("TIFF: LZW, 49 megapixels", partial(lzw_bomb, 7000, 7000), GRAY),
    ("TIFF: JPEG of 20,000 scans", lambda: tiff(1024, 1024, progressive(1024, 20_000), packing=7), GRAY),
    ("TIFF: JPEG larger than its strip", lambda: tiff(64, 64, progressive(4096, 1), packing=7), GRAY),
    ("TIFF: 65,535 samples", lambda: tiff(7000, 7000, deflated(4096), samples=65_535), None),
    ("TIFF: fax data", lambda: tiff(30_000, 1700, bytes(4096), packing=4, bits=1), None),
    ("TIFF: tags of gigabytes", lambda: tiff(64, 64, deflated(4096), extra=GIGABYTES), GRAY),
    ("TIFF: 200,000 directories", partial(many_directories, 200_000), GRAY),
    ("TIFF: directories in a circle", circle, GRAY),
    ("TIFF: 64-bit counts", big_tiff, None),
    ("TIFF: curves of gigabytes", lambda: tiff(64, 64, BAD * 2, packing=1, extra=((34675, 7, 3144, 8),)), None),
)  # fmt: skip
FILES = tuple(Hostile(name, "image", make, shade) for name, make, shade in (*_PNG, *_WEBP, *_GIF, *_BMP, *_TIFF))
