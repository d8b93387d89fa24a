"""Rows of media items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from faceVer.domain.analyses import StoredImage
from faceVer.domain.folders import MediaItem
from faceVer.storage import files
from faceVer.storage.tables import folders, media

_ERASED: Mapping[str, Any] = {"name": "", "filename": "", "meta_data": {}}
"""The personal data of a media item, as it is after its erasure."""


class StoredItem(NamedTuple):
    """A media item and its place. in_folder: whether it is one of the folder's; a deleted one stays for analyses."""

    folder_id: str
    in_folder: bool
    item: MediaItem


def insert(connection: Connection, folder_id: str, items: Sequence[MediaItem]) -> None:
    """Append media items to a folder. Their files must have rows already."""
    last = connection.scalar(sa.select(sa.func.max(media.c.position)).where(media.c.folder_id == folder_id))
    first = 0 if last is None else last + 1
    rows = [
        {
            "media_id": item.media_id,
            "folder_id": folder_id,
            "position": position,
            "kind": item.kind,
            "name": item.name,
            "filename": item.filename,
            "mime": item.mime,
            "md5": item.md5,
            "size": item.size,
            "width": item.width,
            "height": item.height,
            "duration": item.duration,
            "fps": item.fps,
            "tags": list(item.tags),
            "file_key": item.key,
            "thumbnail_key": item.thumbnail.key if item.thumbnail else None,
            "created": item.created,
            "updated": item.updated,
            "meta_data": dict(item.meta_data),
        }
        for position, item in enumerate(items, first)
    ]
    if rows:
        connection.execute(sa.insert(media), rows)
        _note_names(connection, folder_id)


def get(connection: Connection, media_id: str) -> StoredItem | None:
    return next(iter(_select(connection, media.c.media_id == media_id)), None)


def of_folders(connection: Connection, folder_ids: Iterable[str]) -> list[StoredItem]:
    """The media items of folders, deleted ones included, in the order they were added."""
    wanted = list(folder_ids)
    return _select(connection, media.c.folder_id.in_(wanted)) if wanted else []


def update(connection: Connection, media_id: str, now: float, **values: Any) -> None:
    """Set columns (`tags`, `meta_data`)."""
    connection.execute(sa.update(media).where(media.c.media_id == media_id).values(updated=now, **values))


def remove(connection: Connection, media_id: str, *, keep: bool) -> None:
    """Delete a media item; keep: its row stays for the analyses that used it, without names and metadata."""
    found = media.c.media_id == media_id
    folder_id = connection.scalar(sa.select(media.c.folder_id).where(found))
    if keep:
        gone = {"in_folder": False, "file_key": None, "thumbnail_key": None, **_ERASED}
        connection.execute(sa.update(media).where(found).values(gone))
    else:
        connection.execute(sa.delete(media).where(found))
    if folder_id is not None:
        _note_names(connection, folder_id)


def clear(connection: Connection, folder_id: str) -> None:
    """Erase the personal data of a folder's media items: names and metadata. Their files are deleted elsewhere."""
    connection.execute(sa.update(media).where(media.c.folder_id == folder_id).values(_ERASED))
    _note_names(connection, folder_id)


def _note_names(connection: Connection, folder_id: str) -> None:
    """Give the folder the names that a search looks in: that of the file, or else that of the part."""
    name = sa.case((media.c.filename != "", media.c.filename), else_=media.c.name)
    found = sa.select(name).where(media.c.folder_id == folder_id, media.c.in_folder).order_by(media.c.position)
    names = "\n".join(connection.scalars(found)).lower()
    connection.execute(sa.update(folders).where(folders.c.folder_id == folder_id).values(names=names))


def _select(connection: Connection, condition: sa.ColumnElement[bool]) -> list[StoredItem]:
    rows = connection.execute(sa.select(media).where(condition).order_by(media.c.folder_id, media.c.position)).all()
    thumbnails = files.images(connection, [row.thumbnail_key for row in rows if row.thumbnail_key])
    return [StoredItem(row.folder_id, row.in_folder, _item(row, thumbnails)) for row in rows]


def _item(row: Row[Any], thumbnails: Mapping[str, StoredImage]) -> MediaItem:
    return MediaItem(
        media_id=row.media_id,
        kind=row.kind,
        name=row.name,
        filename=row.filename,
        md5=row.md5,
        size=row.size,
        mime=row.mime,
        created=row.created,
        updated=row.updated,
        width=row.width,
        height=row.height,
        duration=row.duration,
        fps=row.fps,
        tags=tuple(row.tags),
        meta_data=row.meta_data,
        key=row.file_key,
        thumbnail=thumbnails.get(row.thumbnail_key),
    )
