"""JSON as responses and webhooks carry it: UTF-8, and numbers as plain decimals."""

from __future__ import annotations

import io
import json
import re
from decimal import Decimal

from msgspec import Struct, to_builtins

MAX_NUMBER = 12
"""Longest plain decimal in characters; a number that would be longer keeps its exponent."""
_EXPONENT = re.compile(r"e[+-]\d")
_MANTISSA = 24
"""Most characters that `repr` writes before a float's exponent."""
_STRING_OR_EXPONENT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?\d++(?:\.\d++)?e[+-]\d++')


def json_bytes(body: object) -> bytes:
    """JSON in UTF-8 without ASCII escapes; numbers are plain decimals (0.000031, not 3.1e-05) up to MAX_NUMBER.

    A lone surrogate, which UTF-8 cannot hold, is written as its escape.
    """
    text = json.dumps(to_builtins(body) if isinstance(body, Struct) else body, ensure_ascii=False)
    if _has_exponents(text):
        text = _without_exponents(text)
    return text.encode("utf-8", "backslashreplace")


def _has_exponents(text: str) -> bool:
    """Whether there may be a number with an exponent. Fast, because most of a long document is images in base64."""
    for found in _EXPONENT.finditer(text):
        before = text[max(0, found.start() - _MANTISSA) : found.start()]
        rest = before.rstrip("0123456789.-")
        if rest != before and rest[-1:] in ("", " ", "["):
            return True
    return False


def _without_exponents(text: str) -> str:
    out, at = io.StringIO(), 0
    for match in _STRING_OR_EXPONENT.finditer(text):
        if match[0].startswith('"'):
            continue
        number = format(Decimal(match[0]), "f")
        # Documents echo a client's metadata, where 1e-320 would become fifty times as long.
        if len(number) <= MAX_NUMBER:
            out.write(text[at : match.start()])
            out.write(number)
            at = match.end()
    out.write(text[at:])
    return out.getvalue()
