"""Request bodies: one file, or a multipart form, built block by block, with files in base64 if required."""

from __future__ import annotations

import re
import secrets
from binascii import b2a_base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from faceVer.client.files import BLOCK, Source

_SPECIAL = re.compile(r'["\\%\x00-\x1f\x7f]')
"""Characters that a plain quoted file name does not carry unchanged."""
_UNSENDABLE = re.compile(r"%(?:22|0D|0A)|(?<!\\)(?:\\\\)*\\\Z|[\x00-\x09\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_PERCENT = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
_PLAIN = str.maketrans({'"': "%22", **{chr(code): "_" for code in (*range(0x20), 0x5C, 0x7F)}})


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form. filename: None for a field, which is never sent in base64."""

    name: str
    source: Source
    content_type: str
    filename: str | None


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request."""

    content_type: str
    pieces: tuple[tuple[Source, bool], ...]
    """(source, whether it is sent in base64), in order."""

    @property
    def length(self) -> int | None:
        """Bytes; None where a size is not known."""
        if not self.repeatable:
            return None
        return sum(
            ((source.size or 0) + 2) // 3 * 4 if encoded else source.size or 0 for source, encoded in self.pieces
        )

    @property
    def repeatable(self) -> bool:
        """Whether `blocks` may run again."""
        return all(source.repeatable for source, _ in self.pieces)

    @property
    def reads_files(self) -> bool:
        return not all(isinstance(source.content, bytes) for source, _ in self.pieces)

    def blocks(self) -> Iterator[bytes]:
        """The body, in blocks of about `BLOCK` bytes: a gallery is thousands of small parts. Raises OSError."""
        pending: list[bytes] = []
        size = 0
        for source, encoded in self.pieces:
            for block in _base64(source.blocks()) if encoded else source.blocks():
                pending.append(block)
                size += len(block)
                if size >= BLOCK:
                    yield b"".join(pending)
                    pending, size = [], 0
        if size:
            yield b"".join(pending)


def form(parts: Iterable[Part], *, encoded: bool) -> Body:
    """A multipart form. encoded: send its files in base64. Raises ValueError for a part name that it cannot carry."""
    boundary = secrets.token_hex(16)
    pieces: list[tuple[Source, bool]] = []
    lead = f"--{boundary}\r\n"
    for part in parts:
        head = (
            f"{lead}Content-Disposition: form-data; {_name(part.name)}{_filename(part.filename)}\r\n"
            f"Content-Type: {part.content_type}\r\n\r\n"
        )
        pieces.append((Source.of(head.encode("utf-8", "replace")), False))
        pieces.append((part.source, encoded and part.filename is not None))
        lead = f"\r\n--{boundary}\r\n"
    pieces.append((Source.of(f"{lead[:-2]}--\r\n".encode()), False))
    return Body(f"multipart/form-data; boundary={boundary}", tuple(pieces))


def _name(name: str) -> str:
    """The name parameter of a part: quotes and line breaks percent-encoded, as browsers do. It has no extended form."""
    if _UNSENDABLE.search(name):
        raise ValueError(f"a form cannot carry a part named {name!r}")
    return f'name="{name.translate(_PERCENT)}"'


def _filename(filename: str | None) -> str:
    """The filename parameter, which the server reads back unchanged.

    Where a quoted string cannot carry the name, the extended form of RFC 5987 does, after an approximate plain one for
    servers that do not read the extended form.
    """
    if filename is None:
        return ""
    if not _SPECIAL.search(filename):
        return f'; filename="{filename}"'
    exact = quote(filename, safe="", errors="replace")
    return f"; filename=\"{filename.translate(_PLAIN)}\"; filename*=UTF-8''{exact}"


def _base64(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        data = rest + block
        complete = len(data) - len(data) % 3
        rest = data[complete:]
        yield b2a_base64(data[:complete], newline=False)
    if rest:
        yield b2a_base64(rest, newline=False)
