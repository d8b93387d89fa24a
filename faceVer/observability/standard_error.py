"""Log lines on standard error, without ever waiting for its reader."""

from __future__ import annotations

import logging
import os
import select

from faceVer.observability.request_id import request_id


def add_request_id(record: logging.LogRecord) -> bool:
    """A filter of `logging` that drops nothing."""
    record.request_id = request_id.get()
    return True


class StandardErrorHandler(logging.Handler):
    """Drops lines that would have to wait.

    If the reader of standard error stalls, a write would block the thread that serves all requests. The number of
    dropped lines follows in a line of its own once the reader continues.
    """

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(add_request_id)
        self._poll = select.poll()
        self._poll.register(2, select.POLLOUT)
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.write(self.format(record) + "\n")
        except Exception:
            self.handleError(record)

    def write(self, line: str) -> None:
        """Write a line in one piece, so that the workers' lines do not mix. Any thread may call it."""
        self.acquire()  # `logging` holds it already, the access log does not: a poll object serves one thread at a time
        try:
            self._write(line)
        finally:
            self.release()

    def _write(self, line: str) -> None:
        if self._dropped and self._poll.poll(0):
            line = self._dropped_line() + line
        data = line.encode("utf-8", "backslashreplace")
        try:
            for at in range(0, len(data), select.PIPE_BUF):  # a pipe that is ready takes that many bytes
                if not self._poll.poll(0):
                    self._dropped += 1
                    return
                os.write(2, data[at : at + select.PIPE_BUF])
        except OSError:  # the reader has closed the pipe, which must not fail requests
            return

    def _dropped_line(self) -> str:
        dropped, self._dropped = self._dropped, 0
        message = f"{dropped} log lines were dropped: nobody read standard error"
        record = logging.LogRecord(__name__, logging.WARNING, "", 0, message, None, None)
        add_request_id(record)
        return self.format(record) + "\n"
