"""The paths of the vendor profile."""

from __future__ import annotations

from typing import Literal


def base(prefix: str, processor: Literal["pattern", "liveness"]) -> str:
    """The path that all endpoints of a processor are below. prefix: an entry of FACEVER_VENDOR_PREFIX; "." = none."""
    return f"/v1/{processor}" if prefix == "." else f"/v1/{prefix}/{processor}"
