"""Progress on a terminal; plain lines elsewhere."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

TICK = 0.2
"""Seconds between two updates of a terminal line."""


class Progress:
    """Shows the current step; on a terminal with the seconds and the bytes that have arrived below `folder` so far."""

    def __init__(self, stream: TextIO, folder: Path) -> None:
        self._stream, self._folder = stream, folder
        self._live = stream.isatty()
        self._text, self._since = "", time.monotonic()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def step(self, text: str) -> None:
        """A new step begins."""
        self._text, self._since = text, time.monotonic()
        if not self._live or (text.endswith(")") and "ready" in text):
            self._line(text, "\n")

    def __enter__(self) -> Self:
        if self._live:
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._line("", "")

    def _watch(self) -> None:
        while not self._stop.wait(TICK):
            arrived = sum(_size(scratch) for scratch in self._folder.glob(".fetch-*"))
            text = f"{self._text} … {arrived / 1e6:.1f} MB, {time.monotonic() - self._since:.0f} s"
            self._line(text[: _columns(self._stream) - 1], "")

    def _line(self, text: str, end: str) -> None:
        self._stream.write((f"\r\x1b[K{text}" if self._live else text) + end)
        self._stream.flush()


def _size(folder: Path) -> int:
    """Bytes below a folder; files that vanish meanwhile are left out."""
    total = 0
    with contextlib.suppress(OSError):
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                total += path.lstat().st_size
    return total


class Bar:
    """A running count on a terminal, nothing elsewhere.

    Code that prints lines to the same terminal clears the bar first; the next update draws it again.
    """

    WIDTH = 24
    """Columns of the bar itself, where the terminal is wide enough."""

    def __init__(self, stream: TextIO, what: str, *, quiet: bool = False) -> None:
        self._stream, self._what = stream, what
        self._live = not quiet and stream.isatty()
        self._begun = time.monotonic()
        self._drawn, self._shown = 0.0, False

    def update(self, done: int, total: int) -> None:
        """done of total are finished; drawn at most every `TICK` seconds, and at the end."""
        now = time.monotonic()
        if not self._live or (now - self._drawn < TICK and done < total):
            return
        self._drawn, self._shown = now, done < total
        left = (now - self._begun) * (total - done) / max(done, 1)
        text = f"{done} of {total} {self._what}"
        if 0 < done < total:
            text += f", {_duration(left)} left"
        columns = _columns(self._stream)
        width = min(self.WIDTH, columns - len(text) - 4)
        if width > 0:
            text = f"[{'#' * (width * done // max(total, 1)):<{width}}] {text}"
        self._write(f"\r\x1b[K{text[: columns - 1]}" + ("\n" if done == total else ""))

    def clear(self) -> None:
        """Take the bar off the terminal."""
        if self._shown:
            self._shown = False
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _columns(terminal: TextIO) -> int:
    """The width of a terminal: a line that wraps could not be overwritten."""
    try:
        return os.get_terminal_size(terminal.fileno()).columns or 80
    except OSError:
        return 80


def _duration(seconds: float) -> str:
    """As [hours:]minutes:seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
