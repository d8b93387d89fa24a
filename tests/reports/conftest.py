"""A store of folders, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from faceVer.settings.model import Settings
from tests.unit.services.stored.stores import World


@pytest.fixture
def world(store: str, tmp_path: Path) -> Iterator[World]:
    """Its database is empty; its files are in a folder."""
    made = World(cast("Path", store), Settings.of(storage_url=str(tmp_path / "files")))
    yield made
    made.database.close()
