"""Bytes made worse: blind changes that fit anything, and changes that know how a format is put together."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from random import Random

INTERESTING = (0, 1, 2, 7, 8, 16, 64, 100, 127, 128, 255, 256, 1000, 4095, 4096, 32767, 32768, 65535, 65536, 2**24,
               2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)  # fmt: skip
MOST = 1 << 20
"""Bytes that no mutation makes a file longer than."""
_BOX = re.compile(rb"(?=(.{4})([a-z]{3}[a-z0-9 ]))", re.DOTALL)


def blind(rng: Random, data: bytes, most: int = 6) -> bytes:
    """A few changes anywhere, mostly near the beginning, where headers are."""
    out = bytearray(data)
    for _ in range(rng.randint(1, most)):
        _one(rng, out)
    return bytes(out[:MOST])


def _place(rng: Random, size: int) -> int:
    """A place in 0..size; near the beginning half of the time."""
    return min(size, int(rng.expovariate(1 / 40))) if rng.random() < 0.5 else rng.randint(0, size)


def _one(rng: Random, out: bytearray) -> None:
    at = _place(rng, len(out))
    span = min(len(out) - at, 1 + int(rng.expovariate(1 / 12)))
    match rng.randrange(9):
        case 0 if at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        case 1 if at < len(out):
            out[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        case 2:
            del out[at : at + span]
        case 3:
            out[at:at] = out[at : at + span] * rng.choice((1, 1, 2, 50))
        case 4:
            out[at:at] = rng.randbytes(span or 1)
        case 5:
            del out[at:]
        case 6:
            there = _place(rng, len(out))
            out[at : at + span] = out[there : there + span]
        case 7:
            size = rng.choice((1, 2, 4, 8))
            order = rng.choice(("big", "little"))
            value = rng.choice(INTERESTING) % (1 << 8 * size)
            out[at : at + size] = value.to_bytes(size, order)  # type: ignore[arg-type]
        case _:
            out += rng.randbytes(span) if rng.random() < 0.5 else bytes(span)


def pieces(rng: Random, parts: list[bytes]) -> bytes:
    """The pieces of a file with some left out, sent twice, swapped, changed or cut."""
    parts = list(parts)
    for _ in range(rng.randint(1, 3)):
        if not parts:
            break
        at = rng.randrange(len(parts))
        match rng.randrange(5):
            case 0:
                del parts[at]
            case 1:
                parts.insert(rng.randrange(len(parts) + 1), parts[at])
            case 2:
                other = rng.randrange(len(parts))
                parts[at], parts[other] = parts[other], parts[at]
            case 3:
                parts[at] = blind(rng, parts[at], 2)
            case _:
                parts[at] = parts[at][: rng.randint(0, len(parts[at]))]
    return b"".join(parts)


def jpeg_segments(data: bytes) -> list[bytes]:
    """The start, each marker segment, and what is scanned."""
    found, at = [data[:2]], 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        found.append(data[at:end])
        at = end
    return [*found, data[at:]]


def png_chunks(data: bytes) -> list[bytes]:
    found, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        found.append(data[at:end])
        at = end
    return found


def riff_chunks(data: bytes) -> list[bytes]:
    found, at = [data[:12]], 12
    while at + 8 <= len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        end += end & 1
        found.append(data[at:end])
        at = end
    return found


def boxes(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at + 8 <= len(data):
        end = at + max(8, int.from_bytes(data[at : at + 4], "big"))
        found.append(data[at:end])
        at = end
    return found


def zip_records(data: bytes) -> list[bytes]:
    return [record for record in re.split(rb"(?=PK[\x01\x03\x05\x06\x07][\x02\x04\x06\x07\x08])", data) if record]


def blocks(data: bytes) -> list[bytes]:
    return [data[at : at + 512] for at in range(0, len(data), 512)]


SPLITTERS: tuple[tuple[bytes, int, Callable[[bytes], list[bytes]]], ...] = (
    (b"\xff\xd8\xff", 0, jpeg_segments),
    (b"\x89PNG", 0, png_chunks),
    (b"RIFF", 0, riff_chunks),
    (b"ftyp", 4, boxes),
    (b"PK", 0, zip_records),
    (b"ustar", 257, blocks),
)


def rebuilt(rng: Random, data: bytes) -> bytes:
    """A file with its pieces in disorder; of an unknown format with blind changes."""
    for magic, at, split in SPLITTERS:
        if data[at : at + len(magic)] == magic:
            return repaired(pieces(rng, split(data))) if rng.random() < 0.7 else pieces(rng, split(data))
    return blind(rng, data)


def repaired(data: bytes) -> bytes:
    """With the checksums that belong to it, so that what is checked behind them is reached."""
    if data.startswith(b"\x89PNG"):
        chunks = png_chunks(data)
        return b"".join(
            chunk[:-4] + struct.pack(">I", zlib.crc32(chunk[4:-4])) if number and len(chunk) >= 12 else chunk
            for number, chunk in enumerate(chunks)
        )
    if data[257:262] == b"ustar":
        return b"".join(_tar_checked(block) for block in blocks(data))
    return data


def _tar_checked(block: bytes) -> bytes:
    if block[257:262] != b"ustar" or len(block) != 512:
        return block
    total = sum(block[:148]) + 8 * 32 + sum(block[156:])
    return block[:148] + b"%06o\0 " % total + block[156:]


def lying(rng: Random, data: bytes) -> bytes:
    """With a size in its header that is not its own."""
    out = bytearray(data)
    width, height = (rng.choice((0, 1, 7, 4000, 20000, 65535, 2**31 - 1, 2**32 - 1)) for _ in range(2))
    if data.startswith(b"\x89PNG"):
        out[16:24] = struct.pack(">II", width, height)
        return repaired(bytes(out))
    if data.startswith(b"\xff\xd8"):
        at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
        if at >= 0:
            out[at + 5 : at + 9] = struct.pack(">HH", height & 0xFFFF, width & 0xFFFF)
    elif data.startswith(b"BM"):
        out[18:26] = struct.pack("<II", width, height)
    elif data.startswith(b"GIF"):
        out[6:10] = struct.pack("<HH", width & 0xFFFF, height & 0xFFFF)
    elif data.startswith(b"RIFF"):
        out[24:30] = (width & 0xFFFFFF).to_bytes(3, "little") + (height & 0xFFFFFF).to_bytes(3, "little")
    else:
        sizes = [found.start() for found in _BOX.finditer(data[:4000])]
        if not sizes:
            return blind(rng, data)
        at = rng.choice(sizes)
        out[at : at + 4] = struct.pack(">I", rng.choice((width, height, 0, 1, 8, 9)) & 0xFFFFFFFF)
    return bytes(out)


def worse(rng: Random, data: bytes) -> bytes:
    """One of the ways above."""
    return rng.choice((blind, blind, rebuilt, lying))(rng, data)
