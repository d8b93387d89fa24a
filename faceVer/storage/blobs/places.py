"""Where stored files lie: a folder or an S3 bucket, reached through obstore."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from faceVer.domain.errors import NotFoundError, SettingsError
from faceVer.settings.field import PREFIX
from faceVer.settings.storing import StoreSettings
from faceVer.storage.blobs.blocks import BLOCK, chunks_of, take
from faceVer.storage.blobs.failures import domain_errors, reason

if TYPE_CHECKING:  # obstore has these for type checkers only
    from obstore import GetOptions, ObjectMeta
    from obstore.store import S3Config

CONNECT, REQUEST, RETRY = timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=10)
"""Time limits of an S3 request: to connect, as a whole, and after which it is not tried again.

A server that does not answer is given up after 15 s, or 30 s in the middle of an upload, which is then withdrawn.
"""
RETRIES = 2
S3_PART = 5 * BLOCK
"""Bytes per request: the smallest part that S3 allows."""


@dataclass(frozen=True, slots=True)
class Place:
    """Files by path. part: bytes per request; folder: None on S3. Each method raises FilesUnavailableError."""

    store: LocalStore | S3Store
    part: int
    folder: Path | None

    def put(self, path: str, chunks: Iterator[bytes]) -> None:
        """Store a file: at once, or in parts that appear as one file at the end."""
        head, rest = take(chunks, self.part)
        following = next((chunk for chunk in rest if chunk), b"")
        with domain_errors(self.folder):
            if following:
                stream = chain([head, following], rest)
                obstore.put(self.store, path, stream, chunk_size=self.part, max_concurrency=1)
            else:
                obstore.put(self.store, path, head, use_multipart=False)
            if self.folder:
                _flush(self.folder / path)

    def get(self, path: str) -> Iterator[bytes]:
        """A file, part by part: each is a request of its own, so that a slow reader meets no request's time limit.

        Raises NotFoundError at once.
        """
        first, version, size = self._part(path, 0, self.part, None)
        rest = (self._part(path, start, self.part, version)[0] for start in range(len(first), size, self.part))
        return chunks_of(chain([first], rest))

    def head(self, path: str, length: int) -> bytes:
        """The first bytes of a file. Raises NotFoundError."""
        return self._part(path, 0, length, None)[0]

    def delete(self, paths: list[str]) -> None:
        """Remove files; those that are not there count as removed."""
        # A folder's store stops at the first missing file; S3 removes a thousand per request, and misses none.
        for batch in ([path] for path in paths) if self.folder else [paths]:
            try:
                with domain_errors(self.folder, reading=True):
                    obstore.delete(self.store, batch)
            except NotFoundError:
                continue

    def files(self, folder: str) -> Iterator[ObjectMeta]:
        """Path, size and time of each file in a folder of the place; empty = in all."""
        with domain_errors(self.folder):
            if self.folder:
                self.folder.stat()  # a folder that is not there would be listed as empty
            for batch in obstore.list(self.store, folder or None, chunk_size=1000):
                yield from batch

    def _part(self, path: str, start: int, length: int, version: str | None) -> tuple[bytes, str | None, int]:
        """(bytes from `start` on, version of the file, its size). version: the one it must be."""
        options: GetOptions = {"range": (start, start + length)}
        if version:
            options["if_match"] = version
        with domain_errors(self.folder, reading=True):
            result = obstore.get(self.store, path, options=options)
            return bytes(result.bytes()), result.meta["e_tag"], result.meta["size"]


def place_of(settings: StoreSettings) -> Place:
    """The place the settings name; a folder is made if it is not there. Raises SettingsError."""
    url = settings.storage_url
    if url.startswith("s3://"):
        return Place(_s3(settings), S3_PART, None)
    if "://" in (url or settings.store):
        cause = "" if url else f": {PREFIX}STORE is a database, which keeps no files"
        raise SettingsError(f"{PREFIX}STORAGE_URL must be a folder or s3://bucket/prefix{cause}")
    folder = Path(url) if url else Path(settings.store) / "files"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Place(LocalStore(folder), BLOCK, folder)
    except (OSError, BaseError) as error:
        raise SettingsError(f"{PREFIX}STORAGE_URL: the folder cannot be used: {reason(error)}") from None


def _s3(settings: StoreSettings) -> S3Store:
    bucket, _, prefix = settings.storage_url.removeprefix("s3://").partition("/")
    if not bucket:
        raise SettingsError(f"{PREFIX}STORAGE_URL names no bucket")
    config: S3Config = {"region": settings.s3_region, "virtual_hosted_style_request": False}
    if settings.s3_endpoint:
        config["endpoint"] = settings.s3_endpoint
    if settings.s3_access_key:
        config["access_key_id"], config["secret_access_key"] = settings.s3_access_key, settings.s3_secret_key
    try:
        return S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            config=config,
            client_options={"allow_http": True, "connect_timeout": CONNECT, "timeout": REQUEST},
            retry_config={"max_retries": RETRIES, "retry_timeout": RETRY},
        )
    except (BaseError, ValueError) as error:
        raise SettingsError(f"{PREFIX}STORAGE_URL or {PREFIX}S3_*: {reason(error)}") from None


def _flush(path: Path) -> None:
    """Make a file and the names that lead to it survive a power cut: its row is written next."""
    for place in (path, *list(path.parents)[:3]):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
