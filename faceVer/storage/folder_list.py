"""Lists of folders: by their own fields, by fields of their analyses, and by results."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from faceVer.domain.folders import Folder
from faceVer.domain.listing import Condition, ListQuery, Page, Sorting
from faceVer.storage.conditions import Field, begins_with, matching, select_page
from faceVer.storage.folders import header_of
from faceVer.storage.tables import analyses, folders, media

ANALYSIS = "analysis."
"""Beginning of the fields of analyses: a folder matches if one of its analyses fulfils all of them."""
_DEFAULT = (Sorting("time_created"),)


FIELDS: dict[str, Field] = {
    "folder_id": folders.c.folder_id,
    "user_id": folders.c.user_id,
    "company_id": folders.c.company_id,
    "resolution_status": folders.c.resolution_status,
    "system_resolution": folders.c.system_resolution,
    "operator_status": folders.c.operator_status,
    "is_cleared": folders.c.is_cleared,
    "time_created": folders.c.created,
    "time_updated": folders.c.updated,
    "meta_data": folders.c.meta_data,
}
ANALYSIS_FIELDS: dict[str, Field] = {
    "analysis.analysis_id": analyses.c.analysis_id,
    "analysis.type": analyses.c.type,
    "analysis.state": analyses.c.state,
    "analysis.resolution_status": analyses.c.resolution,
    "analysis.time_created": analyses.c.created,
}


def select(connection: Connection, query: ListQuery, *, company_id: str | None, user_id: str | None) -> Page[Folder]:
    """A page of folders without media and analyses. company_id, user_id: of the only owners, None = all."""
    statement = sa.select(folders)
    if company_id is not None:
        statement = statement.where(folders.c.company_id == company_id)
    if user_id is not None:
        statement = statement.where(folders.c.user_id == user_id)
    of_analyses = [one for one in query.conditions if one.field.startswith(ANALYSIS)]
    if of_analyses:
        statement = statement.where(_has_analysis(of_analyses))
    own = ListQuery(
        conditions=tuple(one for one in query.conditions if not one.field.startswith(ANALYSIS)),
        sorting=query.sorting,
        offset=query.offset,
        limit=query.limit,
        total=query.total,
        search=query.search,
    )
    return select_page(
        connection,
        statement,
        own,
        FIELDS,
        header_of,
        key=folders.c.folder_id,
        default=_DEFAULT,
        searched=(begins_with(folders.c.folder_id), _has_name),
    )


def _has_analysis(conditions: Sequence[Condition]) -> ColumnElement[bool]:
    found = sa.select(analyses.c.analysis_id).where(analyses.c.folder_id == folders.c.folder_id)
    return found.where(*matching(conditions, ANALYSIS_FIELDS)).exists()


def _has_name(text: str) -> ColumnElement[bool]:
    """Whether a media item of the folder has a name that contains the text."""
    name = sa.case((media.c.filename != "", media.c.filename), else_=media.c.name)
    found = sa.select(media.c.media_id).where(media.c.folder_id == folders.c.folder_id, media.c.in_folder)
    return found.where(sa.func.lower(name).contains(text.lower(), autoescape=True)).exists()
