"""`--manifest photos.csv`: the ids of photos."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from faceVer.domain.errors import SetupError

COLUMNS = ("id", "path")


@dataclass(frozen=True, slots=True)
class Row:
    """photo_id: names the template, without a folder. path: of the photo."""

    photo_id: str
    path: str


def read_manifest(path: Path, base: Path) -> list[Row]:
    """The rows of a CSV file (UTF-8; commas, semicolons or tabs) with the columns id and path; others are ignored.

    base: the folder of relative paths. Raises SetupError, naming the line.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            head = stream.readline()
            stream.seek(0)
            separator = max(",;\t", key=head.count)
            return list(_rows(csv.DictReader(stream, delimiter=separator), path, base))
    except csv.Error as error:
        raise SetupError(f"{path}: not CSV: {error}") from error


def _rows(reader: csv.DictReader[str], path: Path, base: Path) -> Iterator[Row]:
    if not set(COLUMNS) <= set(reader.fieldnames or ()):
        raise SetupError(f"{path}: the first line must name the columns id and path")
    for row in reader:
        photo_id, photo = ((row[column] or "").strip() for column in COLUMNS)
        where = f"{path}, line {reader.line_num}"
        if not photo_id or not photo:
            raise SetupError(f"{where}: without an id or a path")
        if "/" in photo_id or photo_id.startswith(".") or "\0" in photo_id + photo:
            raise SetupError(f"{where}: the id {photo_id!r} cannot be a file's name")
        yield Row(photo_id, str(base / photo))
