"""Folders and media that are older than they may be kept. Those whose analyses still run are left for a later round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from faceVer.domain.files import FileKind
from faceVer.domain.folders import FolderState, MediaKind
from faceVer.storage.tables import analyses, best_shots, files, folders, media


class DueMedia(NamedTuple):
    """A media item that has files, and its folder."""

    folder_id: str
    media_id: str


def due_folders(connection: Connection, company_id: str, before: float, limit: int) -> list[str]:
    """The oldest folders to erase, locked until the transaction ends. before: Unix seconds of their last media."""
    found = _folders(company_id, before).order_by(folders.c.created).limit(limit)
    return list(connection.scalars(found.with_for_update(skip_locked=True)))


def count_folders(connection: Connection, company_id: str, before: float) -> int:
    return _count(connection, _folders(company_id, before))


def due_media(connection: Connection, company_id: str, kind: MediaKind, before: float, limit: int) -> list[DueMedia]:
    """The media whose files to delete, in the oldest folders, which are locked until the transaction ends."""
    found = _media(company_id, kind, before).order_by(folders.c.created).limit(limit)
    rows = connection.execute(found.with_for_update(of=folders, skip_locked=True))
    return [DueMedia(*row) for row in rows]


def count_media(connection: Connection, company_id: str, kind: MediaKind, before: float) -> int:
    return _count(connection, _media(company_id, kind, before))


def file_keys(connection: Connection, due: Sequence[DueMedia]) -> list[str]:
    """The files of media: originals, thumbnails, best shots made of them, and reports, which show them."""
    of_media, of_folders = [one.media_id for one in due], {one.folder_id for one in due}
    own = sa.select(media.c.file_key, media.c.thumbnail_key).where(media.c.media_id.in_(of_media))
    keys = [key for row in connection.execute(own) for key in row if key]
    shots = sa.select(best_shots.c.file_key).join(analyses, analyses.c.analysis_id == best_shots.c.analysis_id)
    keys += connection.scalars(
        shots.where(analyses.c.folder_id.in_(of_folders), best_shots.c.source_media_id.in_(of_media))
    )
    reports = sa.select(files.c.key).where(files.c.folder_id.in_(of_folders), files.c.kind == FileKind.REPORT.value)
    return keys + list(connection.scalars(reports))


def _folders(company_id: str, before: float) -> sa.Select[Any]:
    younger = sa.select(media.c.media_id).where(media.c.folder_id == folders.c.folder_id, media.c.created >= before)
    return sa.select(folders.c.folder_id).where(
        *_idle(company_id, before), folders.c.is_cleared.is_(False), ~younger.exists()
    )


def _media(company_id: str, kind: MediaKind, before: float) -> sa.Select[Any]:
    shot = (
        sa.select(best_shots.c.media_id)
        .join(analyses, analyses.c.analysis_id == best_shots.c.analysis_id)
        .where(analyses.c.folder_id == media.c.folder_id, best_shots.c.source_media_id == media.c.media_id)
    )
    return (
        sa.select(media.c.folder_id, media.c.media_id)
        .join(folders, folders.c.folder_id == media.c.folder_id)
        .where(
            *_idle(company_id, before),
            media.c.kind == kind,
            media.c.created < before,
            sa.or_(media.c.file_key.is_not(None), media.c.thumbnail_key.is_not(None), shot.exists()),
        )
    )


def _idle(company_id: str, before: float) -> list[sa.ColumnElement[bool]]:
    return [
        folders.c.company_id == company_id,
        folders.c.created < before,
        folders.c.resolution_status != FolderState.PROCESSING.value,
    ]


def _count(connection: Connection, found: sa.Select[Any]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(found.subquery())) or 0
