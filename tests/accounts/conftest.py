"""The services of accounts, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from faceVer.services.accounts import passwords
from faceVer.storage.database import Database
from tests.accounts.support import World


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._dummy.cache_clear()


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return World.of(database, tmp_path)
