"""Rows of folders, and whole folders made of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from faceVer.domain.analyses import Resolution
from faceVer.domain.folders import Folder, FolderState, FolderStatus, MediaItem, Ownership
from faceVer.storage import analyses, media
from faceVer.storage.tables import folders

CHUNK = 500
"""Folders whose media and analyses one query reads: drivers limit the parameters of a query."""


def insert(connection: Connection, folder: Folder) -> None:
    """Add a folder's own row. Its media and analyses have functions of their own. Raises ValueError without owner."""
    if folder.ownership is None:
        raise ValueError("a stored folder has an owner")
    connection.execute(
        sa.insert(folders).values(
            folder_id=folder.folder_id,
            company_id=folder.ownership.company_id,
            user_id=folder.ownership.user_id,
            created=folder.created,
            updated=folder.updated,
            resolution_status=folder.status.state.value,
            system_resolution=folder.status.resolution.value,
            resolution_endpoint=folder.resolution_endpoint,
            meta_data=dict(folder.meta_data),
        )
    )


def header(connection: Connection, folder_id: str, *, lock: bool = False) -> Folder | None:
    """A folder without its media and analyses. lock: no other transaction changes it until this one ends."""
    found = sa.select(folders).where(folders.c.folder_id == folder_id)
    row = connection.execute(found.with_for_update() if lock else found).first()
    return None if row is None else header_of(row)


def load(
    connection: Connection, headers: Sequence[Folder], *, with_analyses: bool = True, analysis_id: str | None = None
) -> list[Folder]:
    """The folders with their media and, if wanted, their analyses, in the order given.

    analysis_id: of the only analysis to read; None = all.
    """
    loaded: list[Folder] = []
    for start in range(0, len(headers), CHUNK):
        loaded += _loaded(connection, headers[start : start + CHUNK], with_analyses, analysis_id)
    return loaded


def update(connection: Connection, folder_id: str, now: float | None, **values: Any) -> None:
    """Set columns. now: the time of the change; None leaves `updated` as it is."""
    if now is not None:
        values["updated"] = now
    connection.execute(sa.update(folders).where(folders.c.folder_id == folder_id).values(**values))


def set_status(connection: Connection, folder_id: str, status: FolderStatus, now: float) -> None:
    update(
        connection,
        folder_id,
        now,
        resolution_status=status.state.value,
        system_resolution=status.resolution.value,
    )


def delete(connection: Connection, folder_id: str) -> None:
    """Delete a folder's rows and all below it. The caller deletes its files after the commit."""
    connection.execute(sa.delete(folders).where(folders.c.folder_id == folder_id))


def header_of(row: Row[Any]) -> Folder:
    """A row of `folders` as a folder without media and analyses."""
    return Folder(
        folder_id=row.folder_id,
        created=row.created,
        updated=row.updated,
        media=(),
        analyses=(),
        status=FolderStatus(FolderState(row.resolution_status), Resolution(row.system_resolution)),
        meta_data=row.meta_data,
        resolution_endpoint=row.resolution_endpoint,
        ownership=Ownership(
            company_id=row.company_id,
            user_id=row.user_id,
            operator_status=Resolution(row.operator_status) if row.operator_status else None,
            operator_comment=row.operator_comment,
            resolution_author_id=row.resolution_author_id,
            resolution_time=row.resolution_time,
            is_cleared=row.is_cleared,
        ),
    )


def _loaded(
    connection: Connection, headers: Sequence[Folder], with_analyses: bool, analysis_id: str | None
) -> Iterable[Folder]:
    ids = [folder.folder_id for folder in headers]
    stored = media.of_folders(connection, ids)
    in_folder: dict[str, list[MediaItem]] = {}
    for one in stored:
        if one.in_folder:
            in_folder.setdefault(one.folder_id, []).append(one.item)
    by_id = {one.item.media_id: one.item for one in stored}
    found = analyses.of_folders(connection, ids, by_id, analysis_id) if with_analyses else {}
    for folder in headers:
        yield replace(
            folder,
            media=tuple(in_folder.get(folder.folder_id, ())),
            analyses=tuple(found.get(folder.folder_id, ())),
        )
