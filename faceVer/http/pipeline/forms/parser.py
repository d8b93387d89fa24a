"""An incremental parser of multipart/form-data: fed the body as it arrives, it makes the parts, within bounds.

What is accepted does not depend on how the body is cut into chunks. Text before the first boundary, which begins a line
or follows a byte order mark, and after the last is skipped; lines end in CR LF; a boundary is followed by CR LF or, the
last one, by two hyphens.
"""

from __future__ import annotations

from faceVer.domain.errors import TooLargeError
from faceVer.http.pipeline.forms.part import (
    HEADER_BYTES,
    PAYLOAD,
    USUAL_HEAD,
    Encoding,
    Head,
    Header,
    MalformedBodyError,
    Part,
    add_header,
    head_of,
)
from faceVer.http.pipeline.forms.transfer import BOM

_PREAMBLE, _HEAD, _DATA, _EPILOGUE = range(4)


class FormParser:
    """Makes the parts of one form.

    mark: the boundary, without CR and LF. room, encoded_room: most bytes of a part as it is, and of one with base64 on
    it. encoded: the request's own header says base64.
    """

    def __init__(self, mark: bytes, *, max_parts: int, room: int, encoded_room: int, encoded: bool) -> None:
        self._delimiter = b"\r\n--" + mark
        self._max_parts = max_parts
        self._rooms = (room, encoded_room, encoded_room)
        """By `Encoding`."""
        self._encoded = encoded
        self._parts: list[Part] = []
        self._state = _PREAMBLE
        self._rest = b""
        """The end of what was fed: it cannot be told yet what it is."""
        self._headers: list[Header] = []
        self._head = Head("", None, None, Encoding.NONE)
        self._pieces: list[bytes] = []
        """The part's data so far, joined once it is whole; `_size` bytes of at most `_room`."""
        self._size = self._room = 0

    def feed(self, chunk: bytes) -> None:
        """Take the body's next bytes. Raises MalformedBodyError, TooLargeError, RequestTypeError."""
        if self._state == _EPILOGUE:
            return
        buffer = self._rest + chunk if self._rest else chunk
        at, more = 0, True
        while more:
            # Each reads from `at` on, and returns from where on the next has to, and whether there is enough for it.
            if self._state == _DATA:
                at, more = self._read_data(buffer, at)
            elif self._state == _HEAD:
                at, more = self._read_head(buffer, at) if self._headers else self._read_usual(buffer, at)
            else:
                at, more = self._read_preamble(buffer)
        self._rest = b"" if self._state == _EPILOGUE else buffer[at:]

    def close(self) -> list[Part]:
        """The parts, in order. Raises MalformedBodyError where the last boundary is missing."""
        if self._state != _EPILOGUE:
            raise MalformedBodyError("the last boundary is missing")
        return self._parts

    def _read_preamble(self, buffer: bytes) -> tuple[int, bool]:
        delimiter = self._delimiter
        index = buffer.find(delimiter[2:])  # a body may begin with it, without a line break
        if index < 0:
            return max(0, len(buffer) - len(delimiter)), False  # with the three bytes before what may be its beginning
        start = max(0, index - 3)
        before = buffer[start:index]
        if before and before != BOM and not before.endswith(b"\r\n"):
            raise MalformedBodyError("the first boundary does not begin its line")
        return self._after_boundary(buffer, start, index + len(delimiter) - 2)

    def _read_usual(self, buffer: bytes, at: int) -> tuple[int, bool]:
        """Take the parts with a usual head and all of their data in one go: there may be thousands."""
        delimiter, length = self._delimiter, len(self._delimiter)
        parts, match, find = self._parts, USUAL_HEAD.match, buffer.find
        around = Encoding(self._encoded)
        while found := match(buffer, at):
            raw_name, raw_filename, raw_type = found.groups()
            try:
                name = raw_name.decode()
                filename = None if raw_filename is None else raw_filename.decode()
            except UnicodeDecodeError:  # Latin-1, then
                break
            content_type = None if raw_type is None else raw_type.decode()
            encoded = Encoding.NONE if name == PAYLOAD else around
            start = found.end()
            end = find(delimiter, start)
            after = end + length
            if end < 0 or len(buffer) < after + 2 or end - start > self._rooms[encoded]:
                self._begin(Head(name, filename, content_type, encoded))
                return start, True
            parts.append(Part(name, filename, content_type, encoded, buffer[start:end]))
            if buffer[after : after + 2] != b"\r\n" or len(parts) >= self._max_parts:
                return self._after_boundary(buffer, end, after)
            at = after + 2
        return self._read_head(buffer, at)

    def _read_head(self, buffer: bytes, at: int) -> tuple[int, bool]:
        while (end := buffer.find(b"\r\n", at)) > at:
            add_header(self._headers, buffer[at:end])
            at = end + 2
        if end < 0:
            if len(buffer) - at > HEADER_BYTES + 1:  # the one may be a CR
                raise MalformedBodyError("a part's header is too long")
            return at, False
        headers, self._headers = self._headers, []
        self._begin(head_of(headers, self._encoded))
        return at + 2, True

    def _begin(self, head: Head) -> None:
        room = self._rooms[head.encoded]
        self._room = room if head.length is None else min(room, head.length)
        self._head, self._size, self._state = head, 0, _DATA

    def _read_data(self, buffer: bytes, at: int) -> tuple[int, bool]:
        delimiter = self._delimiter
        end = buffer.find(delimiter, at)
        whole = end >= 0
        if not whole:
            # The delimiter's beginning may be at the end: from the last CR on, since it has only one.
            end = buffer.rfind(b"\r", max(at, len(buffer) - len(delimiter) + 1))
            if end < 0 or not delimiter.startswith(buffer[end:]):
                end = len(buffer)
        if end > at:
            self._size += end - at
            if self._size > self._room:
                raise self._overflow()
            self._pieces.append(buffer[at:end])
        after = end + len(delimiter)
        if not whole or len(buffer) < after + 2:
            return end, False
        name, filename, content_type, encoded, length = self._head
        if length is not None and self._size < length:
            raise MalformedBodyError("a part is shorter than its Content-Length")
        self._parts.append(Part(name, filename, content_type, encoded, b"".join(self._pieces)))
        self._pieces = []
        return self._after_boundary(buffer, end, after)

    def _overflow(self) -> Exception:
        if self._room == self._head.length:
            return MalformedBodyError("a part is longer than its Content-Length")
        return TooLargeError(f"part {self._head.name!r} passes {self._room} bytes")

    def _after_boundary(self, buffer: bytes, start: int, end: int) -> tuple[int, bool]:
        """What follows the boundary, which begins at `start` with its line break and ends at `end`."""
        follows = buffer[end : end + 2]
        if follows == b"\r\n":
            if len(self._parts) >= self._max_parts:
                raise TooLargeError(f"more than {self._max_parts} parts")
            self._state = _HEAD
            return end + 2, True
        if follows == b"--":
            self._state = _EPILOGUE
            return end + 2, False
        if len(follows) < 2:
            return start, False
        raise MalformedBodyError("a boundary does not end its line")
