"""Stored files, encrypted again with the current key: after a change of keys, or when encryption was switched on."""

from __future__ import annotations

from dataclasses import dataclass

from faceVer.domain.errors import FilesUnavailableError, NotFoundError
from faceVer.storage.blobs.files import FileStorage


@dataclass(frozen=True, slots=True)
class Reencrypted:
    """Numbers of files: written again, encrypted with the current key before, not readable."""

    changed: int = 0
    current: int = 0
    failed: int = 0


def reencrypt(files: FileStorage) -> Reencrypted:
    """Encrypt every file with the current key that is not; may be repeated, and may run while the server works.

    A file that is erased at the same time may be stored again: it has no row, and the collector removes it.
    Raises FilesUnavailableError if the storage fails; what was done until then stays done.
    """
    files.check()
    changed = current = failed = 0
    for key, _ in files.stored():
        try:
            if files.sealed_with(key) == files.key_name:
                current += 1
                continue
            files.put(key, [files.read(key)])
            changed += 1
        except NotFoundError:
            continue  # erased since it was listed
        except FilesUnavailableError:
            files.check()  # raises if it is the storage that fails, not this file
            failed += 1
    return Reencrypted(changed, current, failed)
