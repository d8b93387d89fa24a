"""What commands print: rows on standard output, as text or as JSON Lines; all else on standard error."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

from faceVer.cli.backend import RefusedError
from faceVer.observability.progress import Bar

Record = Mapping[str, Any]


class Output:
    """One command's. counts: how many files ended how: "ok", "skipped", or a failure's code."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.counts: Counter[str] = Counter()
        self.failures = 0
        self._json, self._quiet = options.json, options.quiet
        self._bar = Bar(sys.stderr, "files", quiet=options.quiet)
        self._shared = sys.stdout.isatty()

    def row(self, record: Record, *lines: str) -> None:
        """One result: `record` as JSON, or the lines for people."""
        if self._shared:
            self._bar.clear()
        text = as_json(record) if self._json else "\n".join(lines)
        print(text, flush=True)

    def done(self, record: Record, *lines: str) -> None:
        """A row that is counted by its `status`."""
        self.counts[record["status"]] += 1
        self.row(record, *lines)

    def failed(self, path: str, error: RefusedError, record: Record | None = None) -> None:
        """A file that gave no answer. record: where it is another than `failure` makes."""
        self.counts[error.code] += 1
        self.failures += 1
        if self._json:
            self.row(record or failure({"path": path}, error))
        self.say(f"{shown(path)}: {error.told}")

    def progress(self, done: int, total: int) -> None:
        if total > 1:
            self._bar.update(done, total)

    def say(self, text: str) -> None:
        """To standard error."""
        self._bar.clear()
        print(f"facever: {text}", file=sys.stderr, flush=True)

    def summary(self, text: str) -> None:
        """To standard error, unless nobody wants it."""
        if not self._quiet:
            self._bar.clear()
            print(text, file=sys.stderr, flush=True)

    def codes(self) -> str:
        """The failures' codes and numbers in parentheses, the most frequent first; empty where there are none."""
        codes = [(code, count) for code, count in self.counts.most_common() if code not in ("ok", "skipped")]
        return f" ({', '.join(f'{code}: {count}' for code, count in codes)})" if codes else ""


def failure(names: Record, error: RefusedError, **more: Any) -> Record:
    """The record of a file that gave no answer. names: its path, and what else tells it from others."""
    detail = {"detail": error.detail} if error.detail else {}
    return {**names, "status": "failed", "code": error.code, "message": str(error), **detail, **more}


def as_json(record: Record) -> str:
    """One line. Names that are no UTF-8 come as lone surrogates in escapes, as Python itself reads them back."""
    text = json.dumps(record, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(record)


def counted(number: int, noun: str) -> str:
    """3 templates, 1 template."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def shown(name: object) -> str:
    """A file's name for people: what a terminal might obey, and bytes that are no UTF-8, as escapes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(name))
