"""Which pictures are plain: baseline JPEG and small PNG, whose decoders do no more work than their headers say."""

from __future__ import annotations

from collections.abc import Iterator

from faceVer.media.image_colour import is_srgb

PNG_PIXELS = 1 << 22
"""Most pixels of a plain PNG: each may take 24 bytes, with alpha. A large JPEG is decoded at a reduced size."""
_PNG = b"\x89PNG\r\n\x1a\n"
_BASELINE = (0xC0, 0xC1)
_OTHER_FRAMES = frozenset(range(0xC2, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN, _PROFILE = 0xDA, 0xE2
_STANDALONE = frozenset((0x01, *range(0xD0, 0xDA)))
_PROFILE_NAME = b"ICC_PROFILE\0"
"""Then the number of the part, and how many there are."""
_PIXEL_CHUNKS, _PLAIN_CHUNKS = b"IDAT", frozenset(b"PLTE tRNS gAMA cHRM sRGB sBIT bKGD pHYs tIME eXIf".split())


def is_plain(data: bytes) -> bool:
    """Whether a file may be decoded in the server's process. All others go to the sandbox."""
    if data.startswith(b"\xff\xd8"):
        return _is_plain_jpeg(data)
    return data.startswith(_PNG) and _is_plain_png(data)


def _is_plain_jpeg(data: bytes) -> bool:
    """One frame of 8 bits, gray or three colours in sRGB, and one scan of all its components.

    libjpeg reads a second scan or frame only of files that are not so, and a progressive one can have thousands.
    """
    components = 0
    for marker, start, end in _segments(data):
        if marker == _SCAN:
            return components in (1, 3) and data[start : start + 1] == bytes([components])
        if marker in _BASELINE:
            if components or data[start : start + 1] != b"\x08":
                return False
            components = int.from_bytes(data[start + 5 : min(start + 6, end)], "big")
        elif marker in _OTHER_FRAMES or (marker == _PROFILE and _is_wide(data[start:end])):
            return False
    return False


def _is_wide(profile: bytes) -> bool:
    """Whether a segment holds a colour profile other than sRGB, from which the decoder would convert, or part of it."""
    return profile.startswith(_PROFILE_NAME) and (profile[13:14] != b"\1" or not is_srgb(profile[14:]))


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, where its contents begin and end) of a JPEG's header, none after something else than a marker."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes
            at += 1
        elif marker in _STANDALONE:
            at += 2
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            yield marker, at + 4, end
            at = end


def _is_plain_png(data: bytes) -> bool:
    """No more than `PNG_PIXELS`, and no chunk before the pixels that would have to be inflated."""
    if data[12:16] != b"IHDR":
        return False
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    at = 33
    while (name := data[at + 4 : at + 8]) in _PLAIN_CHUNKS:
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return name == _PIXEL_CHUNKS and width * height <= PNG_PIXELS
