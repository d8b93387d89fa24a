"""The file storage: files by key, streamed, complete or not there."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from faceVer.domain.errors import FilesUnavailableError
from faceVer.settings.storing import StoreSettings
from faceVer.storage.blobs.blocks import chunks_of
from faceVer.storage.blobs.failures import domain_errors
from faceVer.storage.blobs.names import key_at, new_key, path_of
from faceVer.storage.blobs.places import Place, place_of
from faceVer.storage.blobs.sealing import HEADER, Keyring, SealError, sealed_with

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was stored. size (bytes) and digests (md5 in hex) are those of its content."""

    key: str
    size: int
    md5: str
    sha256: bytes


class FileStorage:
    """Files by key, for any number of threads. Each method raises FilesUnavailableError, bounded in time.

    key_name: of the key that encrypts new files, empty if they are not encrypted; folder: None on S3.
    """

    def __init__(self, place: Place, keyring: Keyring) -> None:
        self._place = place
        self._keyring = keyring
        self.key_name = keyring.current
        self.folder: Path | None = place.folder

    @classmethod
    def of(cls, settings: StoreSettings) -> FileStorage:
        """The storage of FACEVER_STORAGE_URL. Raises SettingsError."""
        return cls(place_of(settings), Keyring.of(settings.storage_key))

    def put(self, key: str, source: Iterable[bytes] | BinaryIO) -> StoredFile:
        """Store a file; one under the same key is replaced. A reader finds the whole file or none.

        What `source` raises comes through, and nothing is stored. It must not use the storage itself, not even to read:
        obstore runs it on a thread of its runtime.
        """
        content = _Digested(chunks_of(source))
        self._place.put(path_of(key), self._keyring.seal(content, key))
        return StoredFile(key, content.size, content.md5.hexdigest(), content.sha256.digest())

    def open(self, key: str, *, sha256: bytes | None = None) -> Iterator[bytes]:
        """A file's content, in pieces; sha256: of the content, is checked at its end.

        Raises NotFoundError at once, and FilesUnavailableError at the latest at the end: the pieces of a damaged file
        are right as far as they go, but end with the error. With `sha256` not even an owner of the storage, who could
        put an unencrypted file in place of an encrypted one, can pass off another content.
        """
        return self._content(key, self._place.get(path_of(key)), sha256)

    def read(self, key: str, *, sha256: bytes | None = None) -> bytes:
        """A file's whole content. Raises NotFoundError."""
        return b"".join(self.open(key, sha256=sha256))

    def delete(self, keys: Iterable[str]) -> None:
        """Remove files; those that are not there count as removed."""
        if paths := [path_of(key) for key in keys]:
            self._place.delete(paths)

    def stored(self, shard: str = "") -> Iterator[tuple[str, float]]:
        """(key, Unix time when it was stored) of all files, or of those whose keys begin with two hex digits."""
        for meta in self._place.files(shard):
            if key := key_at(meta["path"]):
                yield key, meta["last_modified"].timestamp()

    def remove_partial(self, before: float) -> int:
        """Remove what killed writers left in a folder before a Unix time; returns how many. S3 has rules for it."""
        removed = 0
        # `key#1` is how obstore names a file until it is complete; its own listing leaves such files out.
        for path in self.folder.glob("??/??/*#*") if self.folder else ():
            with domain_errors(self.folder), contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    removed += 1
        return removed

    def sealed_with(self, key: str) -> str:
        """Name of the key a file is encrypted with; empty if it is not. Raises NotFoundError."""
        try:
            return sealed_with(self._place.head(path_of(key), HEADER))
        except SealError as error:
            raise _damaged(key, error) from None

    def check(self) -> None:
        """Write, read and remove a file."""
        key, content = new_key("probe"), secrets.token_bytes(32)
        self.put(key, [content])
        if self.read(key) != content:
            raise FilesUnavailableError("the storage does not return what was stored")
        self.delete([key])

    def describe(self) -> str:
        """Where files lie, how much a folder's file system can still take, and how new files are encrypted."""
        sealed = f"encrypted with key {self.key_name}" if self.key_name else "not encrypted"
        if self.folder is None:
            return f"S3, {sealed}"
        with domain_errors(self.folder):
            return f"{self.folder}, {shutil.disk_usage(self.folder).free / 1e9:.1f} GB free, {sealed}"

    def _content(self, key: str, stored: Iterator[bytes], sha256: bytes | None) -> Iterator[bytes]:
        digest = hashlib.sha256()
        try:
            for piece in self._keyring.unseal(stored, key):
                if sha256:
                    digest.update(piece)
                yield piece
            if sha256 and digest.digest() != sha256:
                raise SealError("its content is not what was stored")
        except SealError as error:
            raise _damaged(key, error) from None


class _Digested:
    """A stream that counts and digests what passes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.size = 0
        self.md5 = hashlib.md5(usedforsecurity=False)  # part of the API's answers
        self.sha256 = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.size += len(chunk)
            self.md5.update(chunk)
            self.sha256.update(chunk)
            yield chunk


def _damaged(key: str, error: SealError) -> FilesUnavailableError:
    # The beginning is enough to find a file; the whole key could be enough to read it.
    logger.error("stored file %s… is not readable: %s", key[:8], error)
    return FilesUnavailableError(f"a stored file is not readable: {error}")
