from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.media.innocents.archives import ARCHIVES
from tests.unit.media.innocents.colours import COLOURS
from tests.unit.media.innocents.containers import CONTAINERS
from tests.unit.media.innocents.corpus import Row
from tests.unit.media.innocents.formats import OTHERS
from tests.unit.media.innocents.pictures import HEIFS, JPEGS
from tests.unit.media.innocents.videos import CODECS
from tests.unit.media.innocents.videos import COLOURS as VIDEO_COLOURS

TABLES = {
    "picture": [*JPEGS, *HEIFS, *OTHERS, *COLOURS],
    "video": [*CODECS, *VIDEO_COLOURS, *CONTAINERS],
    "archive": ARCHIVES,
}


@pytest.mark.parametrize("kind", TABLES)
def test_the_page_has_each_row_of_the_corpus(kind: str) -> None:
    page = (Path(__file__).parents[4] / "docs" / "media.md").read_text(encoding="utf-8")
    wanted = table(kind, TABLES[kind])
    assert wanted in page, f"docs/media.md needs:\n\n{wanted}"


def table(kind: str, rows: Sequence[Row]) -> str:
    lines = [f"| {kind} | how it is read |", "| --- | --- |", *(f"| {row.form} | {row.reading} |" for row in rows)]
    return "\n".join(lines) + "\n"
