"""A report of many files as JSON Lines, a line for each as soon as it is known; goes on after an interruption."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import BinaryIO

from faceVer.cli.output import Record, as_json
from faceVer.errors import SetupError

_Key = tuple[str, str]


class Report:
    """Open for appending, and locked: two runs do not write one report."""

    def __init__(self, stream: BinaryIO, made: frozenset[_Key]) -> None:
        self._stream, self._made = stream, made

    @classmethod
    def open(cls, path: Path, *, resume: bool, force: bool) -> Report:
        """Begin a report, or with `resume` go on with it, or with `force` begin it anew. Raises SetupError, OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+b")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            made = _made(stream, path)
            if force:
                stream.truncate(0)
            elif not resume and stream.seek(0, os.SEEK_END):
                raise SetupError(f"{path}: a report of an earlier run; --resume goes on with it, --force begins anew")
            return cls(stream, made)
        except BlockingIOError:
            stream.close()
            raise SetupError(f"{path}: another run is writing this report") from None
        except BaseException:
            stream.close()
            raise

    def add(self, record: Record) -> None:
        """A file's line. One that was kept and is in the report as made already gets no second line."""
        if record["status"] == "skipped" and _key(record) in self._made:
            return
        self._stream.write(as_json(record).encode() + b"\n")
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()


def _key(record: Record) -> _Key:
    return record.get("id", ""), record["path"]


def _made(stream: BinaryIO, path: Path) -> frozenset[_Key]:
    """The files that the report so far has templates of; a last line that was cut short is taken away."""
    stream.seek(0)
    made, end = set(), 0
    for number, line in enumerate(stream, 1):
        if not line.endswith(b"\n"):
            stream.truncate(end)
            break
        end += len(line)
        try:
            record = json.loads(line)
            if record["status"] != "failed":
                made.add(_key(record))
        except (ValueError, TypeError, KeyError) as error:
            raise SetupError(f"{path}, line {number}: not a report of this command") from error
    return frozenset(made)
