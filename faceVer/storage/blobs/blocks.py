"""Streams of bytes, cut into blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

BLOCK = 1024 * 1024
"""Bytes of content that are encrypted as one piece."""


def chunks_of(source: Iterable[bytes] | BinaryIO) -> Iterator[bytes]:
    """Pieces of at most BLOCK bytes; of an open file, what follows its position."""
    if not hasattr(source, "read"):
        for chunk in source:
            yield from (chunk[start : start + BLOCK] for start in range(0, len(chunk), BLOCK))
        return
    while chunk := source.read(BLOCK):
        yield chunk


def cut(chunks: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """(block, whether it is the last): blocks of `size` bytes, the last of 0 to `size`."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) > size:  # not >=: a full block may be the last one
            yield bytes(buffer[:size]), False
            del buffer[:size]
    yield bytes(buffer), True


def take(chunks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """(the first `size` bytes or as many as there are, the rest)."""
    head = bytearray()
    for chunk in chunks:
        head += chunk
        if len(head) >= size:
            break
    view = memoryview(head)  # slices of it are no copies
    return bytes(view[:size]), chain([bytes(view[size:])], chunks)
