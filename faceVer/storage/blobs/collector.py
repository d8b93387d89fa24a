"""Stored files and their rows, compared: files without a row are removed, rows without a file reported."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import sqlalchemy as sa

from faceVer.storage.blobs.files import FileStorage
from faceVer.storage.database import Database
from faceVer.storage.tables import files as table

logger = logging.getLogger(__name__)
GRACE = 3600.0
SHARDS = tuple(f"{number:02x}" for number in range(256))
"""What keys begin with. One shard at a time is compared, so that no listing of all files is in memory."""


@dataclass(frozen=True, slots=True)
class Collected:
    """Keys of files that were removed, and of rows whose file is missing."""

    removed: tuple[str, ...]
    missing: tuple[str, ...]


def collect(database: Database, files: FileStorage, now: float, grace: float = GRACE) -> Collected:
    """Remove stored files that have no row and are older than `grace` seconds; now: Unix time.

    A file is stored before its row is committed, so a young file without a row may be an upload in progress: the grace
    must be longer than any request or analysis takes. Where the table is empty nothing is removed: that is a new or a
    wrong database rather than a storage in which all is garbage.
    Raises FilesUnavailableError, DatabaseUnavailableError; what was done until then stays done.
    """
    before = now - grace
    removed: list[str] = []
    missing: list[str] = []
    with database.read() as connection:
        trusted = connection.execute(sa.select(table.c.key).limit(1)).first() is not None
    for shard in SHARDS:
        # Files first: the row of a file that is listed here may still come, the file of a row read later may not.
        stored = dict(files.stored(shard))
        rows = _rows(database, shard)
        orphans = [key for key, at in stored.items() if at < before and key not in rows] if trusted else []
        files.delete(orphans)
        removed += orphans
        missing += [key for key, created in rows.items() if created < before and key not in stored]
    partial = files.remove_partial(before)
    if removed or partial:
        logger.info("removed %d stored files without a row and %d unfinished ones", len(removed), partial)
    if missing:
        logger.error("%d rows have no stored file, the first one %s…", len(missing), missing[0][:8])
    return Collected(tuple(removed), tuple(missing))


def _rows(database: Database, shard: str) -> dict[str, float]:
    """Key -> Unix time of creation of the rows whose keys begin with `shard`."""
    query = sa.select(table.c.key, table.c.created).where(table.c.key >= shard, table.c.key < shard + "g")
    with database.read() as connection:
        return {row.key: row.created for row in connection.execute(query)}
