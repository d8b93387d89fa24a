"""Forms whose files go to disk as they arrive, so that a request holds no file in memory."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import tempfile
import threading
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, cast

from faceVer.domain.errors import FilesUnavailableError, PayloadError, SampleError, TooLargeError
from faceVer.http.pipeline.forms.parser import FormParser, Part
from faceVer.http.pipeline.forms.part_headers import PAYLOAD, PartHeaders
from faceVer.http.pipeline.forms.transfer_encoding import Base64Decoder, Encoding
from faceVer.services.folders.strict_json import MAX_BYTES
from faceVer.settings.model import Settings

IN_MEMORY = 64 * 1024
"""Bytes of a file up to which it stays in memory; also those of all files that may wait to be written."""
HEAD = 4096


class _Content:
    """Bytes in memory or on disk, where they have no name, so that nothing stays when the process dies."""

    def __init__(self, folder: str | None) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=folder)  # noqa: SIM115 - see close
        self.size, self.head = 0, b""
        self.md5 = hashlib.md5(usedforsecurity=False)  # part of the API's answers

    def write(self, piece: bytes) -> None:
        """Raises FilesUnavailableError: the disk is full, or the folder is gone."""
        with _disk_errors():
            self.file.write(piece)
            self.file.flush()  # so that no later step can find the disk full
        self.size += len(piece)
        self.md5.update(piece)
        if len(self.head) < HEAD:
            self.head += piece[: HEAD - len(self.head)]

    def close(self) -> None:
        with contextlib.suppress(OSError):  # it repeats a write that failed
            self.file.close()


class SpooledFile:
    """A file of a form. It is written by `write_out`, which like all other methods is for threads.

    name: of its part. filename: as sent, may be empty. size: bytes. md5: hex. head: its first 4096 bytes.
    """

    def __init__(self, headers: PartHeaders, folder: str | None) -> None:
        self.name, self.filename = headers.name, headers.filename or ""
        self.content_type, self._encoding, self._folder = headers.content_type, headers.encoding, folder
        self.pending: list[bytes] = []
        """What arrived and is not written yet."""
        self._content, self._is_closed = _Content(folder), False

    @property
    def size(self) -> int:
        return self._content.size

    @property
    def head(self) -> bytes:
        return self._content.head

    @property
    def md5(self) -> str:
        return self._content.md5.hexdigest()

    def write_out(self) -> None:
        """Raises FilesUnavailableError."""
        pieces, self.pending = self.pending, []
        if pieces:
            self._content.write(b"".join(pieces))

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The file's bytes, from its beginning; one reader at a time. Raises FilesUnavailableError."""
        with _disk_errors():
            self._content.file.seek(0)
        yield cast("BinaryIO", self._content.file)

    def decode(self, settings: Settings) -> None:
        """Undo base64, where the part has it. Raises SampleError, TooLargeError, FilesUnavailableError."""
        if self._encoding is Encoding.NONE:
            return
        plain = _Content(self._folder)
        try:
            self._decode_into(plain, settings.limits.max_file_bytes)
        except ValueError:
            plain.close()
            if self._encoding is not Encoding.MAYBE_BASE64:
                raise SampleError(f"part {self.name!r} is not base64", exposed=self.name) from None
        except BaseException:
            plain.close()
            raise
        else:
            self._content.close()
            self._content = plain
        self._encoding = Encoding.NONE
        if self._is_closed:
            self.close()

    def _decode_into(self, plain: _Content, limit: int) -> None:
        """Raises ValueError if the file is not base64, TooLargeError."""
        decoder = Base64Decoder()
        with self.open() as stream:
            while piece := stream.read(IN_MEMORY):
                plain.write(decoder.feed(piece))
                if plain.size > limit:
                    raise TooLargeError(f"part {self.name!r} passes {limit} bytes", exposed=self.name)
        plain.write(decoder.close())
        if plain.size > limit:
            raise TooLargeError(f"part {self.name!r} passes {limit} bytes", exposed=self.name)

    def close(self) -> None:
        self._is_closed = True
        self._content.close()


class SpoolingParser(FormParser):
    """A `FormParser` whose parts are empty but for the payload: their data is in `files`, in order.

    folder: of the files, None = the system's. Between two pieces of a body, when `is_due`, and after the last one
    `write_out` runs on a thread. `discard()` it after the request.
    """

    keeps_data = False

    def __init__(self, *arguments: Any, folder: str | None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._folder = folder
        self.files: list[SpooledFile] = []
        self._current: SpooledFile | None = None
        self._has_payload = False
        self._unwritten = 0
        self._writing, self._is_discarded = threading.Lock(), False

    @property
    def is_due(self) -> bool:
        """Whether so much waits to be written that `write_out` must run."""
        return self._unwritten >= IN_MEMORY

    def write_out(self) -> None:
        """Write what arrived to the files. Raises FilesUnavailableError."""
        try:
            with self._writing:
                self._unwritten = 0
                for file in self._all():
                    file.write_out()
        finally:
            if self._is_discarded:
                self.discard()

    def discard(self) -> None:
        """Close all files; if a thread still writes to them, it does when it has ended."""
        self._is_discarded = True
        if self._writing.acquire(blocking=False):
            try:
                for file in self._all():
                    file.close()
            finally:
                self._writing.release()

    def _all(self) -> list[SpooledFile]:
        return [*self.files, *([self._current] if self._current else [])]

    def _begin_data(self, headers: PartHeaders) -> None:
        super()._begin_data(headers)
        if headers.name != PAYLOAD:
            self._current = SpooledFile(headers, self._folder)
            return
        if self._has_payload:
            raise PayloadError("the payload part is sent twice", exposed=PAYLOAD)
        self._has_payload = True
        # Twice as much for base64, which is decoded before its length counts.
        self._max_size = min(self._max_size, MAX_BYTES * 2 if headers.encoding else MAX_BYTES)

    def _take(self, piece: bytes) -> None:
        if self._current is None:
            super()._take(piece)
        else:
            self._current.pending.append(piece)
            self._unwritten += len(piece)

    def _part(self, headers: PartHeaders) -> Part:
        if self._current is not None:
            self.files.append(self._current)
            self._current = None
        return super()._part(headers)


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, "")
        raise FilesUnavailableError(f"a received file cannot be kept: {type(error).__name__} {reason}") from None
