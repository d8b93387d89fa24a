"""Declares a setting: its default, its meaning, its range."""

from __future__ import annotations

from dataclasses import field
from typing import Any

PREFIX = "FACEVER_"
MIB = 1024 * 1024


def setting(
    default: Any,
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    secret: bool = False,
) -> Any:
    """A dataclass field of a setting. doc: meaning, with the unit. low, high: closed range. secret: hidden in repr."""
    return field(
        default=default,
        repr=not secret,
        metadata={"doc": doc, "low": low, "high": high, "choices": choices, "secret": secret},
    )
