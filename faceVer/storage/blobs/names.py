"""Keys of stored files, and where a file lies in the storage."""

from __future__ import annotations

import re
import secrets
from pathlib import PurePosixPath

from faceVer.domain.errors import NotFoundError

_KEY = re.compile(r"[0-9a-f]{32}(_[a-z]{1,12})?(\.[a-z0-9]{1,8})?")
"""32 hex digits, then `_thumb` or the like, then an extension: the last part of a file's address."""


def new_key(extension: str) -> str:
    """A key nobody can guess: 128 random bits. extension: of the file's type, without a dot, may be empty."""
    name = secrets.token_hex(16)
    return f"{name}.{extension}" if extension else name


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def path_of(key: str) -> str:
    """Path below the storage's root: two levels of folders, so that no folder grows without bound.

    Raises NotFoundError for what is not a key: it may come from a client.
    """
    if not is_key(key):
        raise NotFoundError("no such stored file")
    return f"{key[:2]}/{key[2:4]}/{key}"


def key_at(path: str) -> str | None:
    """The key of the file at a path; None for a file that is not FaceVer's."""
    name = PurePosixPath(path).name
    return name if is_key(name) and path_of(name) == path else None
