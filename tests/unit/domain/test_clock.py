from __future__ import annotations

import uuid

from faceVer.domain.clock import random_id, system_clock


def test_ids_are_new_uuid4_texts() -> None:
    first, second = random_id(), random_id()
    assert first != second
    assert str(uuid.UUID(first)) == first
    assert uuid.UUID(first).version == 4


def test_times_are_unix_seconds() -> None:
    assert system_clock() > 1.6e9
