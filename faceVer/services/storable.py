"""Whether the database can hold what a client sends."""

from __future__ import annotations

from typing import Any

from faceVer.domain.errors import PayloadValueError
from faceVer.services.folders.strict_json import check_values, load_object, name_of
from faceVer.storage.json_conditions import is_storable

PAYLOAD = "payload"
"""The name of a request's JSON in errors."""


def storable_object(data: bytes) -> dict[str, Any]:
    """The JSON object of a request; nothing at all is an empty one. Raises PayloadError, as of `check_storable`."""
    root = load_object(data, PAYLOAD) if data.strip() else {}
    for key, value in root.items():
        check_storable({key: value}, name_of(key))
    return root


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
