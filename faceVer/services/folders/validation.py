"""From msgspec's errors to the API's: which field of a client's JSON is wrong, and in what way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from faceVer.domain.errors import PayloadTypeError, PayloadValueError

T = TypeVar("T")

_PATH = " - at `$"
_WRONG_TYPE = re.compile(r"Expected `[^`]+`, got `")


class FieldError(ValueError):
    """Raised by the `__post_init__` of a wire model: one of its fields has a value it must not have."""

    def __init__(self, reason: str, field: str) -> None:
        super().__init__(reason)
        self.field = field


def validated(value: Any, type_: type[T], dec_hook: Callable[[type, Any], Any] | None = None) -> T:
    """Parsed JSON as `type_`. Raises PayloadTypeError, PayloadValueError.

    Its `exposed` is the path of the field, as in `analyses[0].type`; a key of a free table stands there as `[...]`.
    """
    try:
        return msgspec.convert(value, type_, dec_hook=dec_hook)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(_PATH)
        path = path.rstrip("`").removeprefix(".")
        if isinstance(error.__cause__, FieldError):
            path += f".{error.__cause__.field}"
        kind = PayloadTypeError if _WRONG_TYPE.match(reason) else PayloadValueError
        raise kind(reason, exposed=path) from None
