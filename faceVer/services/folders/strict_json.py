"""The checks of a client's JSON that msgspec does not make: its size, its depth, and that it can be written back."""

from __future__ import annotations

import json
from typing import Any

from faceVer.domain.errors import PayloadError, PayloadValueError

MAX_BYTES = 256 * 1024
"""Largest payload, in bytes: the response repeats metadata for each media item and analysis."""

MAX_DEPTH = 64
"""Deepest nesting of objects and arrays: far above metadata in use, far below the interpreter's recursion limit."""

MAX_NAME = 64
"""Characters of a client's own name (such as that of a media item) that an error message repeats."""


def load_object(data: bytes, name: str) -> dict[str, Any]:
    """Parse a JSON object. Of duplicate keys the last wins; a byte order mark is allowed.

    Not by msgspec, which reports NaN and half surrogate pairs as malformed JSON and not by the field they are in.
    name: of the object in errors. Raises PayloadError: too large, not UTF-8, not JSON, not an object.
    The result may still hold values that `check_values` rejects.
    """
    if len(data) > MAX_BYTES:
        raise PayloadError(f"larger than {MAX_BYTES} bytes", exposed=name)
    try:
        root = json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise PayloadError("nested too deep", exposed=name) from None
    except ValueError:  # not UTF-8, not JSON, or an integer of more digits than the interpreter converts
        raise PayloadError("not JSON", exposed=name) from None
    if not isinstance(root, dict):
        raise PayloadError("not a JSON object", exposed=name)
    return root


def check_values(value: Any, field: str) -> None:
    """Check that a parsed value can be written as JSON again. field: its name in errors.

    Raises PayloadError: too deep, NaN or an infinity (also as a number too large for a double), half a surrogate pair.
    """
    level = [value]  # level by level: the value may be deeper than the stack allows
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            break
    else:
        raise PayloadError("nested too deep", exposed=field)
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        reason = "a number that is not finite, or half a surrogate pair"
        raise PayloadValueError(reason, exposed=field) from None


def name_of(key: str) -> str:
    """A client's own name as an error message may show it: short, one line, encodable."""
    shown = key[:MAX_NAME].encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else "?" for c in shown)


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
