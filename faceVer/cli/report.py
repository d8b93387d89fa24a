"""A report of many files as JSON Lines, one line per result; a later run can continue it."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import BinaryIO

from faceVer.cli.output import Record, as_json
from faceVer.domain.errors import SetupError

_Key = tuple[str, str]
_MADE = ""
_BEGINNINGS = (b'{"path": "', b'{"id": "')
"""First bytes of a line, which identify one that was cut short."""


class Report:
    """Open for appending, and locked: two runs do not write one report."""

    def __init__(self, stream: BinaryIO, last: dict[_Key, str]) -> None:
        self._stream, self._last = stream, last

    @classmethod
    def open(cls, path: Path, *, resume: bool, force: bool) -> Report:
        """Begin a report; `resume` continues an earlier one, `force` replaces it. Raises SetupError, OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+b")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            last, end = _read(stream, path)
            if force:
                stream.truncate(0)
                last.clear()
            elif resume:
                stream.truncate(end)
            elif stream.seek(0, os.SEEK_END):
                raise SetupError(f"{path}: a report of an earlier run; --resume continues it, --force replaces it")
            return cls(stream, last)
        except BlockingIOError:
            stream.close()
            raise SetupError(f"{path}: another run is writing this report") from None
        except BaseException:
            stream.close()
            raise

    def add(self, record: Record) -> None:
        """Write a file's line, unless its last line has the same outcome: made and kept, or the same failure."""
        key, outcome = _key(record), _outcome(record)
        if record["status"] != "ok" and self._last.get(key) == outcome:
            return
        self._last[key] = outcome
        self._stream.write(as_json(record).encode() + b"\n")
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()


def _key(record: Record) -> _Key:
    return record.get("id", ""), record["path"]


def _outcome(record: Record) -> str:
    """`_MADE`, or the code of the failure."""
    return record["code"] if record["status"] == "failed" else _MADE


def _read(stream: BinaryIO, path: Path) -> tuple[dict[_Key, str], int]:
    """(last outcome of each file, size of the complete lines). Raises SetupError where it is not a report."""
    stream.seek(0)
    last, end = {}, 0
    for number, line in enumerate(stream, 1):
        try:
            if line.endswith(b"\n"):
                record = json.loads(line)
                last[_key(record)] = _outcome(record)
                end += len(line)
            elif not any(line.startswith(begin) or begin.startswith(line) for begin in _BEGINNINGS):
                raise ValueError("not the beginning of a line")
        except (ValueError, TypeError, KeyError) as error:
            raise SetupError(f"{path}, line {number}: not a report of this command") from error
    return last, end
