"""Log lines on standard error, each with the id of the request it belongs to.

Lines about the server go through `logging`. The access line of each request is formatted and written here: that takes
7.5 µs instead of 24 µs with `logging`; a comparison takes 150 to 170 µs (docs/decisions/0032-http-path.md).
"""

from __future__ import annotations

import contextvars
import json
import logging
import os
import re
import select
import time
import traceback
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring_ascii as quoted

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
"""The id of the request the current task works on."""

ACCESS = "faceVer.access"
_access = logging.getLogger(ACCESS)


class _Text(logging.Formatter):
    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(process)d %(request_id)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        # One record is one line, whatever a client put into it.
        text = super().format(record)
        return text.replace("\n", "\n  ") if record.exc_info else text.replace("\n", "\\n").replace("\r", "\\r")


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": round(record.created, 3),
            "level": record.levelname,
            "pid": record.process,
            "request_id": getattr(record, "request_id", "-"),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _add_id(record: logging.LogRecord) -> bool:
    record.request_id = request_id.get()
    return True


class AccessLog:
    """Writes the line of a request: through `logging` where the process has its own idea of it, as tests have."""

    def __init__(self) -> None:
        self.configure("text", logging.INFO, None)
        self._second, self._stamp = -1, ""

    def configure(self, shape: str, level: int, write: Callable[[str], object] | None) -> None:
        """shape: "text" or "json". level: the least severe that is logged. write: where a whole line goes."""
        self._json, self._level, self._write = shape == "json", level, write

    def line(
        self,
        level: int,
        method: str,
        route: str,
        status: int,
        seconds: float,
        *,
        received: int = 0,
        code: str = "",
        key: str = "",
        detail: str = "",
        spent: Mapping[str, float] | None = None,
    ) -> None:
        """One request. route: the path of the route table, never the client's own. seconds: the whole request.

        received: bytes of body. key: name of the API key. detail: why it was refused. spent: seconds by stage.
        """
        if level < self._level:
            return
        parts = spent or {}
        if self._json:
            stages = ", ".join([f'"{name}": {took * 1e3:.2f}' for name, took in parts.items()])
            tail = (f', "key": {quoted(key)}' if key else "") + (f', "detail": {quoted(detail)}' if detail else "")
            now = time.time()
            text = (
                f'{{"time": {now:.3f}, "level": "{logging.getLevelName(level)}", "pid": {os.getpid()}, '
                f'"request_id": {quoted(request_id.get())}, "logger": "{ACCESS}", "method": "{method}", '
                f'"route": {quoted(route)}, "status": {status}, "code": "{code}", "ms": {seconds * 1e3:.2f}, '
                f'"bytes": {received}, "stages": {{{stages}}}{tail}}}\n'
            )
            if self._write is not None:
                self._write(text)
                return
        message = f"{method} {route} {status} {seconds * 1e3:.1f} ms"
        if code:
            message += f" {code}"
        if detail:
            message += f" {detail!r}"
        if received:
            message += f" bytes={received}"
        for name, took in parts.items():
            message += f" {name}={took * 1e3:.2f}"
        if key:
            message += f" key={key}"
        if self._write is None:
            _access.log(level, "%s", message)
        else:
            name = logging.getLevelName(level)
            self._write(f"{self._now()} {name} {os.getpid()} {request_id.get()} {ACCESS}: {message}\n")

    def _now(self) -> str:
        """As in `_Text`; the part that changes once a second is kept."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second, self._stamp = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._stamp}.{int((now - second) * 1000):03d}Z"


_MAX_REASON = 200
# Text in quotes, as repr() writes it: what an error quotes may be a client's.
_QUOTED = re.compile(r"""b?'(?:\\.|[^'\\])*+'|b?"(?:\\.|[^"\\])*+\"""")


def reason(error: BaseException) -> str:
    """An error's words for a log line, without anything that they quote: that may be a client's."""
    return _QUOTED.sub("'…'", str(error))[:_MAX_REASON]


def where(error: BaseException) -> str:
    """A traceback without the exception's own words, which may quote what a client sent."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}\n{frames}".rstrip()


access = AccessLog()
"""The server's own, through `logging` until `set_up` is called."""


class _Stderr(logging.Handler):
    """Standard error, written to where that does not have to wait.

    Whoever reads it may stop reading, and then a write would wait for ever, on the thread that serves all requests.
    What does not fit is dropped, and counted in a line of its own once something fits again.
    """

    def __init__(self) -> None:
        super().__init__()
        self._poll = select.poll()
        self._poll.register(2, select.POLLOUT)
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.write(self.format(record) + "\n")
        except Exception:
            self.handleError(record)

    def write(self, line: str) -> None:
        """A whole line at once, so that workers' lines do not run into each other."""
        if self._dropped and self._poll.poll(0):
            dropped, self._dropped = self._dropped, 0
            words = f"{dropped} log lines were dropped: nobody read standard error"
            told = logging.LogRecord(__name__, logging.WARNING, "", 0, words, None, None)
            _add_id(told)
            line = f"{self.format(told)}\n{line}"
        data = line.encode("utf-8", "backslashreplace")
        try:
            for at in range(0, len(data), select.PIPE_BUF):  # a pipe that is ready has room for as much
                if not self._poll.poll(0):
                    self._dropped += 1
                    return
                os.write(2, data[at : at + select.PIPE_BUF])
        except OSError:  # whoever read the log has gone; that is no reason to fail requests
            return


def set_up(level: str, shape: str) -> None:
    """Send every log line to standard error. shape: "text" or "json"."""
    handler = _Stderr()
    handler.setFormatter(_Json() if shape == "json" else _Text())
    handler.addFilter(_add_id)
    logging.captureWarnings(True)
    logging.getLogger("PIL").setLevel(logging.WARNING)  # below, it writes what pictures say of themselves
    logging.basicConfig(level=level, handlers=[handler], force=True)
    access.configure(shape, logging.getLevelNamesMapping()[level], handler.write)
