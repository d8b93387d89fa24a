"""Keys, contents and helpers of the tests of the file storage."""

from __future__ import annotations

import dataclasses

from faceVer.settings.storing import StoreSettings
from faceVer.storage.blobs.files import FileStorage

FIRST, SECOND = "first:" + "0a" * 32, "second.2026:" + "b1" * 32
MIB = 1024 * 1024


def content_of(size: int) -> bytes:
    """Bytes without a short period, so that no two blocks are alike."""
    return b"".join(number.to_bytes(8, "big") for number in range(size // 8 + 1))[:size]


def with_keys(settings: StoreSettings, *keys: str) -> FileStorage:
    """The same storage with other keys."""
    return FileStorage.of(dataclasses.replace(settings, storage_key=keys))


def keys_of(files: FileStorage) -> list[str]:
    return [key for key, _ in files.stored()]
