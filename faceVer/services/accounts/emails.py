"""Emails of accounts."""

from __future__ import annotations

import re

from faceVer.domain.errors import PayloadValueError

_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")


def is_email(text: str) -> bool:
    """Whether a text is an address on one line, which both databases can hold. Whether it exists nobody knows."""
    return _EMAIL.fullmatch(text) is not None and text.isprintable()


def check_email(text: str, field: str) -> None:
    """field: its name in errors. Raises PayloadValueError."""
    if not is_email(text):
        raise PayloadValueError("not an email address", exposed=field)
