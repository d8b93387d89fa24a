"""Forms whose files go to disk as they arrive, so that a request holds no file in memory."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, cast

from faceVer.domain.errors import FilesUnavailableError, SampleError
from faceVer.http.pipeline.forms.parser import FormParser, Part
from faceVer.http.pipeline.forms.part_headers import PAYLOAD, PartHeaders
from faceVer.http.pipeline.forms.transfer_encoding import Encoding, decoded
from faceVer.settings.model import Settings

IN_MEMORY = 64 * 1024
"""Bytes of a file up to which it stays in memory."""
HEAD = 4096


class SpooledFile:
    """A file of a form. It has no name on the disk, so that nothing stays when the process dies.

    name: of its part. filename: as sent, may be empty. size: bytes. md5: hex. head: its first 4096 bytes.
    """

    def __init__(self, headers: PartHeaders, folder: str | None) -> None:
        self.name, self.filename = headers.name, headers.filename or ""
        self.content_type, self._encoding, self._folder = headers.content_type, headers.encoding, folder
        self._start()

    def _start(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=self._folder)  # noqa: SIM115 - see close
        self.size, self.head = 0, b""
        self._md5 = hashlib.md5(usedforsecurity=False)

    @property
    def md5(self) -> str:
        return self._md5.hexdigest()

    def write(self, piece: bytes) -> None:
        """Take the next bytes. Raises FilesUnavailableError: the disk is full."""
        try:
            self._file.write(piece)
        except OSError as error:
            raise FilesUnavailableError(f"a file cannot be written: {error.strerror}") from None
        self.size += len(piece)
        self._md5.update(piece)
        if len(self.head) < HEAD:
            self.head += piece[: HEAD - len(self.head)]

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The file's bytes, from its beginning; one reader at a time."""
        self._file.seek(0)
        yield cast("BinaryIO", self._file)

    def decode(self, settings: Settings) -> None:
        """Undo base64, where the part has it. Holds the file in memory meanwhile: for a thread.

        Raises SampleError, TooLargeError, FilesUnavailableError.
        """
        if self._encoding is Encoding.NONE:
            return
        with self.open() as stream:
            data = decoded(stream.read(), self._encoding, settings, SampleError, f"part {self.name!r}")
        self.close()
        self._encoding = Encoding.NONE
        self._start()
        self.write(data)

    def close(self) -> None:
        self._file.close()


class SpoolingParser(FormParser):
    """A `FormParser` whose parts are empty but for the payload: their data is in `files`, in order.

    folder: of the files, None = the system's. `discard()` it after the request.
    """

    keeps_data = False

    def __init__(self, *arguments: Any, folder: str | None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._folder = folder
        self.files: list[SpooledFile] = []
        self._current: SpooledFile | None = None

    def discard(self) -> None:
        for file in (*self.files, *([self._current] if self._current else [])):
            file.close()

    def _begin_data(self, headers: PartHeaders) -> None:
        super()._begin_data(headers)
        if headers.name != PAYLOAD:
            self._current = SpooledFile(headers, self._folder)

    def _take(self, piece: bytes) -> None:
        if self._current is None:
            super()._take(piece)
        else:
            self._current.write(piece)

    def _part(self, headers: PartHeaders) -> Part:
        if self._current is not None:
            self.files.append(self._current)
            self._current = None
        return super()._part(headers)
