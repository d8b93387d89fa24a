"""An incremental parser of multipart/form-data: it is fed the body as it arrives and makes the parts, within limits.

The result does not depend on how the body is cut into chunks. Text before the first boundary, which begins a line or
follows a byte order mark, and after the last one is skipped; lines end in CR LF; a boundary is followed by CR LF, the
last one by two hyphens. Why not the `multipart` library: docs/decisions/0003-multipart-parser.md.
"""

from __future__ import annotations

from typing import NamedTuple

from faceVer.domain.errors import TooLargeError
from faceVer.http.pipeline.forms.part_headers import (
    MAX_HEADER_BYTES,
    PAYLOAD,
    USUAL_HEADERS,
    Header,
    MalformedBodyError,
    PartHeaders,
    add_header,
    parse_headers,
)
from faceVer.http.pipeline.forms.transfer_encoding import BOM, Encoding

_PREAMBLE, _HEADERS, _DATA, _EPILOGUE = range(4)


class Part(NamedTuple):
    """One part of a form. content_type: None if the part states none. data: as sent, its encoding still on it."""

    name: str
    filename: str | None
    content_type: str | None
    encoding: Encoding
    data: bytes


class FormParser:
    """Makes the parts of one form.

    boundary: without CR and LF. max_size, max_base64_size: bytes of a part's data, as sent. form_is_base64: the
    request's own Content-Transfer-Encoding says so of file parts.
    """

    keeps_data = True
    """Whether the parts hold their data, so that many small ones may be taken in one loop."""

    def __init__(
        self, boundary: bytes, *, max_parts: int, max_size: int, max_base64_size: int, form_is_base64: bool
    ) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._max_parts = max_parts
        self._max_sizes = (max_size, max_base64_size, max_base64_size)
        """By `Encoding`."""
        self._form_is_base64 = form_is_base64
        self._parts: list[Part] = []
        self._state = _PREAMBLE
        self._rest = b""
        """The end of what was fed, which cannot be classified yet."""
        self._header_lines: list[Header] = []
        self._headers = PartHeaders("", None, None, Encoding.NONE)
        self._pieces: list[bytes] = []
        """The part's data so far, joined when it is complete; `_size` bytes of at most `_max_size`."""
        self._size = self._max_size = 0

    def feed(self, chunk: bytes) -> None:
        """Take the body's next bytes. Raises MalformedBodyError, TooLargeError, RequestTypeError."""
        if self._state == _EPILOGUE:
            return
        buffer = self._rest + chunk if self._rest else chunk
        at, more = 0, True
        while more:
            # Each step reads from `at` on and returns where the next one begins, and whether it has enough bytes.
            if self._state == _DATA:
                at, more = self._read_data(buffer, at)
            elif self._state == _HEADERS:
                usual = self.keeps_data and not self._header_lines
                at, more = self._read_usual(buffer, at) if usual else self._read_headers(buffer, at)
            else:
                at, more = self._read_preamble(buffer)
        self._rest = b"" if self._state == _EPILOGUE else buffer[at:]

    def close(self) -> list[Part]:
        """The parts, in order. Raises MalformedBodyError if the last boundary is missing."""
        if self._state != _EPILOGUE:
            raise MalformedBodyError("the last boundary is missing")
        return self._parts

    def _read_preamble(self, buffer: bytes) -> tuple[int, bool]:
        delimiter = self._delimiter
        index = buffer.find(delimiter[2:])  # a body may begin with it, without a line break
        if index < 0:
            return max(0, len(buffer) - len(delimiter)), False  # keeps the three bytes before a possible beginning
        start = max(0, index - 3)
        before = buffer[start:index]
        if before and before != BOM and not before.endswith(b"\r\n"):
            raise MalformedBodyError("the first boundary does not begin its line")
        return self._after_boundary(buffer, start, index + len(delimiter) - 2)

    def _read_usual(self, buffer: bytes, at: int) -> tuple[int, bool]:
        """Take the parts with usual headers and all of their data in one loop: there may be thousands."""
        delimiter, length = self._delimiter, len(self._delimiter)
        parts, match, find = self._parts, USUAL_HEADERS.match, buffer.find
        inherited = Encoding(self._form_is_base64)
        while found := match(buffer, at):
            raw_name, raw_filename, raw_type = found.groups()
            try:
                name = raw_name.decode()
                filename = None if raw_filename is None else raw_filename.decode()
            except UnicodeDecodeError:  # Latin-1, then
                break
            content_type = None if raw_type is None else raw_type.decode()
            encoding = Encoding.NONE if name == PAYLOAD else inherited
            start = found.end()
            end = find(delimiter, start)
            after = end + length
            if end < 0 or len(buffer) < after + 2 or end - start > self._max_sizes[encoding]:
                self._begin_data(PartHeaders(name, filename, content_type, encoding))
                return start, True
            parts.append(Part(name, filename, content_type, encoding, buffer[start:end]))
            if buffer[after : after + 2] != b"\r\n" or len(parts) >= self._max_parts:
                return self._after_boundary(buffer, end, after)
            at = after + 2
        return self._read_headers(buffer, at)

    def _read_headers(self, buffer: bytes, at: int) -> tuple[int, bool]:
        while (end := buffer.find(b"\r\n", at)) > at:
            add_header(self._header_lines, buffer[at:end])
            at = end + 2
        if end < 0:
            if len(buffer) - at > MAX_HEADER_BYTES + 1:  # the last byte may be a CR
                raise MalformedBodyError("a part's header is too long")
            return at, False
        headers, self._header_lines = self._header_lines, []
        self._begin_data(parse_headers(headers, self._form_is_base64))
        return at + 2, True

    def _begin_data(self, headers: PartHeaders) -> None:
        max_size = self._max_sizes[headers.encoding]
        self._max_size = max_size if headers.length is None else min(max_size, headers.length)
        self._headers, self._size, self._state = headers, 0, _DATA

    def _read_data(self, buffer: bytes, at: int) -> tuple[int, bool]:
        delimiter = self._delimiter
        end = buffer.find(delimiter, at)
        complete = end >= 0
        if not complete:
            # The delimiter's beginning may be at the end: from the last CR on, since it has only one.
            end = buffer.rfind(b"\r", max(at, len(buffer) - len(delimiter) + 1))
            if end < 0 or not delimiter.startswith(buffer[end:]):
                end = len(buffer)
        if end > at:
            self._size += end - at
            if self._size > self._max_size:
                raise self._overflow()
            self._take(buffer[at:end])
        after = end + len(delimiter)
        if not complete or len(buffer) < after + 2:
            return end, False
        length = self._headers.length
        if length is not None and self._size < length:
            raise MalformedBodyError("a part is shorter than its Content-Length")
        self._parts.append(self._part(self._headers))
        return self._after_boundary(buffer, end, after)

    def _take(self, piece: bytes) -> None:
        """Take the next bytes of the part's data."""
        self._pieces.append(piece)

    def _part(self, headers: PartHeaders) -> Part:
        """The part whose data is complete."""
        data, self._pieces = b"".join(self._pieces), []
        return Part(headers.name, headers.filename, headers.content_type, headers.encoding, data)

    def _overflow(self) -> Exception:
        if self._max_size == self._headers.length:
            return MalformedBodyError("a part is longer than its Content-Length")
        return TooLargeError(f"part {self._headers.name!r} passes {self._max_size} bytes")

    def _after_boundary(self, buffer: bytes, start: int, end: int) -> tuple[int, bool]:
        """What follows the boundary, which begins at `start` with its line break and ends at `end`."""
        follows = buffer[end : end + 2]
        if follows == b"\r\n":
            if len(self._parts) >= self._max_parts:
                raise TooLargeError(f"more than {self._max_parts} parts")
            self._state = _HEADERS
            return end + 2, True
        if follows == b"--":
            self._state = _EPILOGUE
            return end + 2, False
        if len(follows) < 2:
            return start, False
        raise MalformedBodyError("a boundary does not end its line")
