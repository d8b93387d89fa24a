"""File storages of every kind: in a folder, plain and encrypted."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceVer.settings.storing import StoreSettings
from faceVer.storage.blobs.files import FileStorage
from tests.unit.storage.blobs.support import FIRST


@pytest.fixture(params=[(), (FIRST,)], ids=["plain", "sealed"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> StoreSettings:
    return StoreSettings(store=str(tmp_path), storage_key=request.param)


@pytest.fixture
def files(settings: StoreSettings) -> FileStorage:
    return FileStorage.of(settings)
