"""Reads JSON that a stranger wrote: bounded, strict, and free of values that could not be written back as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from faceVer.domain.errors import PayloadError, PayloadValueError

MAX_BYTES = 256 * 1024
"""Largest payload, in bytes: metadata is echoed once per medium and analysis, so it must not be large."""

MAX_DEPTH = 64
"""Deepest nesting of objects and arrays: far above metadata in use, far below the interpreter's recursion limit."""

MAX_NAME = 64
"""Characters of a client's own name (a medium's key) that an error message repeats."""


def load_object(data: bytes, name: str) -> dict[str, Any]:
    """Parse a JSON object. Of duplicate keys the last wins; a byte order mark is allowed.

    name: what the whole is called in errors. Raises PayloadError: too large, not UTF-8, not JSON, not an object.
    What passes may still hold what `check_values` refuses.
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


def check_values(root: dict[str, Any], name: str, fields: frozenset[str]) -> None:
    """Refuse what could not be written back. fields: the top-level keys that errors may name instead of `name`.

    Raises PayloadError: too deep, NaN or an infinity (also as a number too large for a double), half a surrogate pair.
    """
    for key, value in root.items():
        field = key if key in fields else name
        _check_text(key, field)
        _check(value, field)


def name_of(key: str) -> str:
    """A client's own name as an error message may show it: short, one line, encodable."""
    shown = key[:MAX_NAME].encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else "?" for c in shown)


def _check(value: Any, field: str) -> None:
    # Iterative: the tree may be deeper than the stack still allows.
    level = [value]
    for _ in range(MAX_DEPTH):
        level = list(_children(level, field))
        if not level:
            return
    raise PayloadError("nested too deep", exposed=field)


def _children(level: list[Any], field: str) -> Iterator[Any]:
    for value in level:
        if isinstance(value, dict):
            for key in value:
                _check_text(key, field)
            yield from value.values()
        elif isinstance(value, list):
            yield from value
        elif isinstance(value, str):
            _check_text(value, field)
        elif isinstance(value, float) and not math.isfinite(value):
            raise PayloadValueError("a number is not finite", exposed=field)


def _check_text(text: str, field: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise PayloadValueError("half a surrogate pair", exposed=field) from None
