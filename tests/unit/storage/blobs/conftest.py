"""File storages of every kind: in a folder and on an S3 server, plain and encrypted."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceVer.settings.storing import StoreSettings
from faceVer.storage.blobs.files import FileStorage
from tests.unit.storage.blobs.support import FIRST

KEYS = {"plain": (), "sealed": (FIRST,)}


@pytest.fixture(params=["plain", "sealed"])
def folder_settings(request: pytest.FixtureRequest, tmp_path: Path) -> StoreSettings:
    return StoreSettings(store=str(tmp_path), storage_key=KEYS[request.param])


@pytest.fixture
def in_folder(folder_settings: StoreSettings) -> FileStorage:
    return FileStorage.of(folder_settings)


@pytest.fixture(
    params=[
        "folder-plain",
        "folder-sealed",
        pytest.param("s3-plain", marks=pytest.mark.platform),
        pytest.param("s3-sealed", marks=pytest.mark.platform),
    ]
)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> StoreSettings:
    place, kind = request.param.split("-")
    if place == "folder":
        return StoreSettings(store=str(tmp_path), storage_key=KEYS[kind])
    return request.getfixturevalue("s3").settings(request.getfixturevalue("bucket"), *KEYS[kind])


@pytest.fixture
def files(settings: StoreSettings) -> FileStorage:
    return FileStorage.of(settings)
