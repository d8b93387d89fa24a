"""Bodies of requests: one file, or a multipart form, made block by block, with base64 on the files where asked for."""

from __future__ import annotations

import re
import secrets
from binascii import b2a_base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from faceVer.client.files import BLOCK, Source, blocks_of, size_of

_ODD = re.compile(r'["\\%\x00-\x1f\x7f]')
"""What a plain quoted file name would not bring across as it is."""
_UNSENDABLE = re.compile(r"%(?:22|0D|0A)|(?<!\\)(?:\\\\)*\\\Z|[\x00-\x09\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_PERCENT = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
_PLAIN = str.maketrans({'"': "%22", **{chr(code): "_" for code in (*range(0x20), 0x5C, 0x7F)}})


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form. filename: None for a field that is no file, which base64 is not put on."""

    name: str
    source: Source
    content_type: str
    filename: str | None


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request. length: bytes, None where a size is not known. repeatable: `blocks` may be run again."""

    content_type: str
    pieces: tuple[tuple[Source, bool], ...]
    """(bytes or a file, whether to put base64 on it), in order."""

    @property
    def length(self) -> int | None:
        total = 0
        for source, encoded in self.pieces:
            size = size_of(source)
            if size is None:
                return None
            total += (size + 2) // 3 * 4 if encoded else size
        return total

    @property
    def repeatable(self) -> bool:
        return all(isinstance(source, bytes) or source.repeatable for source, _ in self.pieces)

    @property
    def reads_files(self) -> bool:
        return not all(isinstance(source, bytes) for source, _ in self.pieces)

    def blocks(self) -> Iterator[bytes]:
        """The body, in blocks of about `BLOCK` bytes: a gallery is thousands of small parts. Raises OSError."""
        pending: list[bytes] = []
        size = 0
        for source, encoded in self.pieces:
            blocks = blocks_of(source)
            for block in _base64(blocks) if encoded else blocks:
                pending.append(block)
                size += len(block)
                if size >= BLOCK:
                    yield b"".join(pending)
                    pending, size = [], 0
        if size:
            yield b"".join(pending)


def single(source: Source, content_type: str, *, encoded: bool) -> Body:
    """The body that is one file."""
    return Body(content_type, ((source, encoded),))


def form(parts: Iterable[Part], *, encoded: bool) -> Body:
    """A multipart form. encoded: put base64 on its files. Raises ValueError for a part's name that it cannot carry."""
    boundary = secrets.token_hex(16)
    pieces: list[tuple[Source, bool]] = []
    lead = f"--{boundary}\r\n"
    for part in parts:
        head = (
            f"{lead}Content-Disposition: form-data; {_name(part.name)}{_filename(part.filename)}\r\n"
            f"Content-Type: {part.content_type}\r\n\r\n"
        )
        pieces += ((head.encode("utf-8", "replace"), False), (part.source, encoded and part.filename is not None))
        lead = f"\r\n--{boundary}\r\n"
    pieces.append((f"{lead[:-2]}--\r\n".encode(), False))
    return Body(f"multipart/form-data; boundary={boundary}", tuple(pieces))


def _name(name: str) -> str:
    """The name of a part: quotes and line breaks as browsers write them. It has no second way of being written."""
    if _UNSENDABLE.search(name):
        raise ValueError(f"a form cannot carry a part named {name!r}")
    return f'name="{name.translate(_PERCENT)}"'


def _filename(filename: str | None) -> str:
    """The file name, such that the server reads it back as it is.

    Where a quoted string would not do, the extended form of RFC 5987 says it, and a plain one of like looks stands
    before it for servers that do not read that.
    """
    if filename is None:
        return ""
    if not _ODD.search(filename):
        return f'; filename="{filename}"'
    exact = quote(filename, safe="", errors="replace")
    return f"; filename=\"{filename.translate(_PLAIN)}\"; filename*=UTF-8''{exact}"


def _base64(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        data = rest + block
        whole = len(data) - len(data) % 3
        rest = data[whole:]
        yield b2a_base64(data[:whole], newline=False)
    if rest:
        yield b2a_base64(rest, newline=False)
