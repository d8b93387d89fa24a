"""FaceVer's parser of multipart forms against the `multipart` library, on the same bodies in one run.

`python -m benchmarks.form_parsers` prints the median time per form, and the library's as a multiple. Decision:
docs/decisions/0003-multipart-parser.md.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Protocol

from multipart import MultipartSegment, PushMultipartParser

from faceVer.domain.errors import TooLargeError
from faceVer.http.pipeline.forms.parser import FormParser, Part
from faceVer.http.pipeline.forms.part_headers import MAX_HEADER_BYTES, MAX_HEADERS, parse_headers
from faceVer.http.pipeline.forms.transfer_encoding import Encoding

BOUNDARY = b"----WebKitFormBoundary7MA4YWxkTrZu0gW"
CHUNK = 1 << 16
"""Bytes in which a body arrives."""
MAX_PARTS, MAX_SIZE = 20_000, 15 << 20
ROUNDS = 15


class Parser(Protocol):
    def feed(self, chunk: bytes) -> None: ...
    def close(self) -> list[Part]: ...


class LibraryParser:
    """What the server would use in place of FormParser: the library's events made into the same parts and limits."""

    def __init__(self) -> None:
        self._parser = PushMultipartParser(
            BOUNDARY,
            max_header_size=MAX_HEADER_BYTES,
            max_header_count=MAX_HEADERS,
            max_segment_count=MAX_PARTS,
            header_charset="latin1",
        )
        self._parts: list[Part] = []
        self._pieces: list[bytes] = []
        self._size = 0
        self._head: tuple[str, str | None, str | None, Encoding] = ("", None, None, Encoding.NONE)

    def feed(self, chunk: bytes) -> None:
        for event in self._parser.parse(chunk):
            if event is None:
                self._parts.append(Part(*self._head, b"".join(self._pieces)))
                self._pieces, self._size = [], 0
            elif isinstance(event, MultipartSegment):
                self._head = self._headers(event)
            else:
                self._size += len(event)
                if self._size > MAX_SIZE:
                    raise TooLargeError("part")
                self._pieces.append(bytes(event))

    def _headers(self, segment: MultipartSegment) -> tuple[str, str | None, str | None, Encoding]:
        headers = segment.headerlist
        # The library's own reading is right unless something has to be decoded or unquoted.
        if len(headers) == 2 and headers[0][1].isascii() and not any(char in headers[0][1] for char in "\\%*"):
            return segment.name or "", segment.filename, headers[1][1], Encoding.NONE
        found = parse_headers(headers, False)
        return found.name, found.filename, found.content_type, found.encoding

    def close(self) -> list[Part]:
        self._parser.close()
        return self._parts


def own_parser() -> FormParser:
    return FormParser(BOUNDARY, max_parts=MAX_PARTS, max_size=MAX_SIZE, max_base64_size=MAX_SIZE, form_is_base64=False)


def form(name: str, content_type: str, size: int, count: int) -> bytes:
    """A body of `count` parts of `size` random bytes."""
    data = random.Random(1)
    parts = (
        b"--%s\r\nContent-Disposition: form-data; name=%s; filename=%s\r\nContent-Type: %s\r\n\r\n%s\r\n"
        % (BOUNDARY, b'"%s"' % name.encode(), b'"%d.bin"' % number, content_type.encode(), data.randbytes(size))
        for number in range(count)
    )
    return b"".join(parts) + b"--%s--\r\n" % BOUNDARY


FORMS: dict[str, tuple[Callable[[], bytes], int]] = {
    "2 templates of 1.2 kB": (lambda: form("bio_template", "application/octet-stream", 1_200, 2), 500),
    "2 photos of 75 kB": (lambda: form("sample_1", "image/jpeg", 75_000, 2), 200),
    "a photo of 5 MB": (lambda: form("sample", "image/jpeg", 5_000_000, 1), 20),
    "1,000 templates of 1.2 kB": (lambda: form("templates_n", "application/octet-stream", 1_200, 1_000), 5),
    "10,000 parts of 530 bytes": (lambda: form("templates_n", "application/octet-stream", 530, 10_000), 1),
}
"""What it is -> how it is made, and how often a round parses it."""


def seconds(make: Callable[[], Parser], chunks: list[bytes], times: int) -> float:
    begun = perf_counter()
    for _ in range(times):
        parser = make()
        for chunk in chunks:
            parser.feed(chunk)
        parser.close()
    return (perf_counter() - begun) / times


def main() -> None:
    print(f"{'form':28} {'FaceVer, ms':>12} {'library, ms':>12} {'library / FaceVer':>18}")
    for name, (make, times) in FORMS.items():
        body = make()
        chunks = [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)]
        pairs = [(seconds(own_parser, chunks, times), seconds(LibraryParser, chunks, times)) for _ in range(ROUNDS)]
        own, library = (1000 * median(column) for column in zip(*pairs, strict=True))
        print(f"{name:28} {own:12.3f} {library:12.3f} {median(b / a for a, b in pairs):18.2f}")


if __name__ == "__main__":
    main()
