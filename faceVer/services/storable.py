"""Whether the database can hold what a client sends."""

from __future__ import annotations

from typing import Any

from faceVer.domain.errors import PayloadValueError
from faceVer.services.folders.strict_json import check_values
from faceVer.storage.json_conditions import is_storable


def check_storable(value: Any, field: str) -> None:
    """Check a parsed JSON value. field: its name in errors.

    Raises PayloadValueError for what JSON or a database cannot hold: NaN, NUL, half a surrogate pair; PayloadError for
    a value that is nested too deep.
    """
    check_values(value, field)
    level = [value]
    while level:
        if not all(is_storable(text) for item in level for text in _texts(item)):
            raise PayloadValueError("a NUL character", exposed=field)
        level = [child for item in level for child in _children(item)]


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return list(value)
    return [value] if isinstance(value, str) else []


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
