"""Files of the file storage, as the database knows them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FileKind(StrEnum):
    """What a stored file is."""

    ORIGINAL, THUMBNAIL, BEST_SHOT = "original", "thumbnail", "best_shot"
    REPORT, ATTACHMENT = "report", "attachment"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One stored file. key: its name in the storage. md5: hex. size: bytes, before encryption. created: Unix seconds.

    width, height: pixels; 0 where it is not a picture. folder_id: None for a file that belongs to no folder.
    """

    key: str
    company_id: str
    folder_id: str | None
    kind: FileKind
    mime: str
    md5: str
    sha256: bytes
    size: int
    created: float
    width: int = 0
    height: int = 0
