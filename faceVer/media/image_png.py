"""PNG files with unusual data besides the picture: viewers show these."""

from __future__ import annotations

import zlib

_MAGIC = b"\x89PNG\r\n\x1a\n"
_PICTURE = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_ABOUT = (b"eXIf", b"cICP")
"""Chunks that tell the orientation and the colours."""


def without_extras(data: bytes) -> bytes | None:
    """The file without text, profiles and the like, which Pillow rejects if they are damaged or large; None if it is
    not a PNG or has none."""
    if not data.startswith(_MAGIC):
        return None
    kept, at = [_MAGIC], len(_MAGIC)
    while at + 8 <= len(data):
        name, end = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4], "big")
        if name in _PICTURE or (
            name in _ABOUT and zlib.crc32(data[at + 4 : end - 4]).to_bytes(4, "big") == data[end - 4 : end]
        ):
            kept.append(data[at:end])
        at = end
        if name == b"IEND":
            break
    plain = b"".join(kept)
    return plain if len(plain) < min(at, len(data)) else None
