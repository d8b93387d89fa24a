"""Lists of folders: by their own fields, by fields of their analyses, and by results."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from faceVer.domain.analyses import Resolution
from faceVer.domain.folders import Folder
from faceVer.domain.listing import Comparison, Condition, ListQuery, Page, Sorting, Value
from faceVer.storage.conditions import Field, begins_with, matching, select_page
from faceVer.storage.folders import header_of
from faceVer.storage.tables import analyses, folders

ANALYSIS = "analysis."
"""Beginning of the fields of analyses: a folder matches if one of its analyses fulfils all of them."""
_DEFAULT = (Sorting("time_created"),)
_RESULTS = (Resolution.DECLINED, Resolution.OPERATOR_REQUIRED, Resolution.SUCCESS)


def _old_status(condition: Condition) -> ColumnElement[bool]:
    """The Oz API's older statuses DECLINED and SUCCESS are results of a folder."""
    statuses = replace(condition, comparison=Comparison.IN)
    results = replace(statuses, values=tuple(value for value in condition.values if value in _RESULTS))
    found = matching([statuses], {condition.field: folders.c.resolution_status})
    found += matching([results], {condition.field: folders.c.system_resolution})
    return sa.not_(sa.or_(*found)) if condition.comparison is Comparison.NOT_IN else sa.or_(*found)


def _of_pairs(condition: Condition) -> ColumnElement[bool]:
    """`min_confidence` and `max_confidence` of a biometry analysis."""
    columns: dict[tuple[str | int, ...], ColumnElement[Any]] = {
        ("min_confidence",): analyses.c.min_confidence,
        ("max_confidence",): analyses.c.max_confidence,
    }
    column = columns.get(condition.path)
    return sa.false() if column is None else _compared(condition, column, column)


def _of_media(condition: Condition) -> ColumnElement[bool]:
    """`confidence_spoofing` of a media item; equality looks at the lowest and the highest one."""
    if condition.path != ("confidence_spoofing",):
        return sa.false()
    return _compared(condition, analyses.c.min_spoofing, analyses.c.max_spoofing)


def _compared(condition: Condition, lowest: ColumnElement[Any], highest: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether one of the scores between the lowest and the highest fulfils the condition."""
    plain = replace(condition, path=(), values=tuple(map(_number, condition.values)))
    bound = highest if condition.comparison in (Comparison.AT_LEAST, Comparison.ABOVE) else lowest
    columns = (lowest, highest) if condition.comparison in (Comparison.IN, Comparison.NOT_IN) else (bound,)
    return sa.or_(*(one for column in columns for one in matching([plain], {condition.field: column})))


def _number(value: Value) -> Value:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return math.nan


FIELDS: dict[str, Field] = {
    "folder_id": folders.c.folder_id,
    "user_id": folders.c.user_id,
    "company_id": folders.c.company_id,
    "resolution_status": _old_status,
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
    "analysis.results_data": _of_pairs,
    "analysis.results_media_results_data": _of_media,
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
    own = replace(query, conditions=tuple(one for one in query.conditions if not one.field.startswith(ANALYSIS)))
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
    return folders.c.names.contains(text.lower(), autoescape=True)
