"""Lists of folders on both databases: every filter against the rows, and the names that a search looks in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks.platform_rows import Maker, fill, queries
from faceVer.domain.folders import MediaItem
from faceVer.domain.listing import Comparison, Condition, ListQuery
from faceVer.storage import folder_list, media
from faceVer.storage.database import Database
from faceVer.storage.tables import analyses, folders

COUNT = 300


def _listed(
    database: Database, query: ListQuery, company_id: str | None = None, user_id: str | None = None
) -> set[str]:
    with database.read() as connection:
        page = folder_list.select(connection, query, company_id=None, user_id=None)
    assert page.total == len(page.items)
    return {folder.folder_id for folder in page.items}


def _condition(field: str, *values: Any, comparison: Comparison = Comparison.IN) -> Condition:
    return Condition(f"analysis.{field}", comparison, values)


def test_filters_of_analyses_hold_for_one_analysis(database: Database) -> None:
    fill(database, COUNT)
    with database.read() as connection:
        rows = connection.execute(sa.select(analyses)).all()
    middle = sorted(row.created for row in rows)[COUNT]
    late = _condition("time_created", middle, comparison=Comparison.AT_LEAST)
    cases: list[tuple[tuple[Condition, ...], Callable[[Any], bool]]] = [
        ((_condition("type", "BIOMETRY"),), lambda row: row.type == "BIOMETRY"),
        (
            (_condition("type", "QUALITY"), _condition("resolution_status", "DECLINED", "FAILED")),
            lambda row: row.type == "QUALITY" and row.resolution in ("DECLINED", "FAILED"),
        ),
        ((_condition("state", "PROCESSING"), late), lambda row: row.state == "PROCESSING" and row.created >= middle),
        ((late,), lambda row: row.created >= middle),
        ((_condition("state", "unknown"),), lambda _: False),
    ]
    for conditions, matches in cases:
        assert _listed(database, ListQuery(conditions, limit=-1)) == {row.folder_id for row in rows if matches(row)}


def test_owners_limit_every_filter(database: Database) -> None:
    fill(database, COUNT)
    maker = Maker()
    with database.read() as connection:
        owned = {row.folder_id: row for row in connection.execute(sa.select(folders))}
    for made in queries(maker, COUNT).values():
        query = next(made)
        with database.read() as connection:
            page = folder_list.select(connection, query, company_id=maker.companies[3], user_id=maker.users[3])
        assert all(owned[one.folder_id].company_id == maker.companies[3] for one in page.items)
        assert all(owned[one.folder_id].user_id == maker.users[3] for one in page.items)


@pytest.mark.parametrize("remains", [True, False])
def test_search_follows_the_media(database: Database, remains: bool) -> None:
    fill(database, 2)
    with database.read() as connection:
        first, second = connection.scalars(sa.select(folders.c.folder_id).order_by(folders.c.created))
    common = {"kind": "image", "md5": "0" * 32, "size": 1, "mime": "image/png", "created": 1.0, "updated": 1.0}
    added = Maker(2).id()
    with database.write() as connection:
        media.insert(
            connection,
            second,
            [
                MediaItem(media_id=added, name="photo9", filename="Ёлка 50%.PNG", **common),
                MediaItem(media_id=Maker(3).id(), name="Part_7", filename="", **common),
            ],
        )
    for text in ("ЁЛКА", "50%", "part_7", "ёлка 50%.png"):
        assert _listed(database, ListQuery(search=text)) == {second}
    for text in ("photo9", "partX7", "%%", "\0"):
        assert _listed(database, ListQuery(search=text)) == set()
    assert _listed(database, ListQuery(search="VIDEO1")) == {first, second}
    assert _listed(database, ListQuery(search=first[:13])) == {first}
    with database.write() as connection:
        media.remove(connection, added, keep=remains)
    assert _listed(database, ListQuery(search="ёлка")) == set()
    assert _listed(database, ListQuery(search="part_7")) == {second}
    with database.write() as connection:
        media.clear(connection, second)
    assert _listed(database, ListQuery(search="part_7")) == set()
