"""Files that are harder to send than most."""

from __future__ import annotations

import io


class Stream(io.RawIOBase):
    """A file that cannot be sought in, as a pipe or a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(size)
