"""Log lines on standard error, each with the id of the request it belongs to."""

from __future__ import annotations

import contextvars
import json
import logging
import sys
import time

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
"""The id of the request the current task works on."""


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


def set_up(level: str, shape: str) -> None:
    """Send every log line to standard error. shape: "text" or "json"."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if shape == "json" else _Text())
    handler.addFilter(_add_id)
    logging.captureWarnings(True)
    logging.basicConfig(level=level, handlers=[handler], force=True)
