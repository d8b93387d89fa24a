"""The output of commands: results on standard output, as text or JSON Lines; messages on standard error."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

from faceVer.cli.backend import FileError
from faceVer.observability.progress import Bar

Record = Mapping[str, Any]


class Output:
    """The output of one command. counts: files by outcome: "ok", "skipped", or the code of a failure."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.counts: Counter[str] = Counter()
        self.failures = 0
        self._json, self._quiet = options.json, options.quiet
        self._bar = Bar(sys.stderr, "files", quiet=options.quiet)
        self._on_terminal = sys.stdout.isatty()

    def row(self, record: Record, *lines: str) -> None:
        """Print one result: `record` as JSON, or the lines."""
        if self._on_terminal:
            self._bar.clear()
        text = as_json(record) if self._json else "\n".join(lines)
        print(text, flush=True)

    def done(self, record: Record, *lines: str) -> None:
        """Print a result and count it by its `status`."""
        self.counts[record["status"]] += 1
        self.row(record, *lines)

    def failed(self, path: str, error: FileError, record: Record | None = None) -> None:
        """Print a failure and count it. record: by default that of `failure_record`."""
        self.counts[error.code] += 1
        self.failures += 1
        if self._json:
            self.row(record or failure_record({"path": path}, error))
        self._bar.clear()
        print(f"facever: {printable(path)}: {error.text}", file=sys.stderr, flush=True)

    def progress(self, done: int, total: int) -> None:
        if total > 1:
            self._bar.update(done, total)

    def summary(self, text: str) -> None:
        """Print to standard error, except with --quiet."""
        if not self._quiet:
            self._bar.clear()
            print(text, file=sys.stderr, flush=True)

    def codes(self) -> str:
        """Codes and numbers of failures in parentheses, the most frequent first; empty without failures."""
        codes = [(code, count) for code, count in self.counts.most_common() if code not in ("ok", "skipped")]
        return f" ({', '.join(f'{code}: {count}' for code, count in codes)})" if codes else ""


def failure_record(key: Record, error: FileError, **more: Any) -> Record:
    """The record of a failed file. key: the fields that identify it."""
    detail = {"detail": error.detail} if error.detail else {}
    return {**key, "status": "failed", "code": error.code, "message": str(error), **detail, **more}


def as_json(record: Record) -> str:
    """One line. Bytes of names that are not UTF-8 are lone surrogates, escaped, as Python itself reads them."""
    text = json.dumps(record, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(record)


def counted(number: int, noun: str) -> str:
    """3 templates, 1 template."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def printable(name: object) -> str:
    """A file name with control characters, and bytes that are not UTF-8, as escapes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(name))
