"""Rows of stored files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from faceVer.domain.analyses import StoredImage
from faceVer.domain.files import FileKind, FileRecord
from faceVer.storage.tables import files

IMAGE_COLUMNS = (files.c.key, files.c.md5, files.c.size, files.c.width, files.c.height, files.c.mime)
"""What `StoredImage` is made of, in its order."""


def insert(connection: Connection, records: Iterable[FileRecord]) -> None:
    """Add rows. The files must be in the storage already."""
    rows = [
        {
            "key": record.key,
            "company_id": record.company_id,
            "folder_id": record.folder_id,
            "kind": record.kind.value,
            "mime": record.mime,
            "md5": record.md5,
            "sha256": record.sha256,
            "size": record.size,
            "width": record.width,
            "height": record.height,
            "created": record.created,
        }
        for record in records
    ]
    if rows:
        connection.execute(sa.insert(files), rows)


def get(connection: Connection, key: str) -> FileRecord | None:
    row = connection.execute(sa.select(files).where(files.c.key == key)).first()
    return None if row is None else _record(row)


def images(connection: Connection, keys: Iterable[str]) -> dict[str, StoredImage]:
    """The pictures of these keys, by key; a key without a row is left out."""
    wanted = list(keys)
    if not wanted:
        return {}
    rows = connection.execute(sa.select(*IMAGE_COLUMNS).where(files.c.key.in_(wanted)))
    return {row.key: StoredImage(*row) for row in rows}


def keys_of(
    connection: Connection,
    *,
    folder_id: str | None = None,
    company_id: str | None = None,
    kinds: Sequence[FileKind] = tuple(FileKind),
) -> list[str]:
    """The keys of the files of a folder or of a company."""
    condition = files.c.folder_id == folder_id if folder_id else files.c.company_id == company_id
    return list(
        connection.scalars(sa.select(files.c.key).where(condition, files.c.kind.in_([kind.value for kind in kinds])))
    )


def delete(connection: Connection, keys: Iterable[str]) -> None:
    """Delete rows; what refers to them loses the reference. The caller deletes the files after the commit."""
    wanted = list(keys)
    if wanted:
        connection.execute(sa.delete(files).where(files.c.key.in_(wanted)))


def _record(row: Row[Any]) -> FileRecord:
    return FileRecord(
        row.key,
        row.company_id,
        row.folder_id,
        FileKind(row.kind),
        row.mime,
        row.md5,
        row.sha256,
        row.size,
        row.created,
        row.width,
        row.height,
    )
