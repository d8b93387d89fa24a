"""Log lines of the server: set-up, formats, and what of an error may be logged."""

from __future__ import annotations

import json
import logging
import re
import time
import traceback

from faceVer.observability.access_log import access_log
from faceVer.observability.standard_error import StandardErrorHandler

MAX_MESSAGE = 200
_QUOTED = re.compile(r"""b?'(?:\\.|[^'\\])*+'|b?"(?:\\.|[^"\\])*+\"""")
"""Text in quotes, as repr() writes it: what an error quotes may come from a client."""


def set_up(level: str, shape: str) -> None:
    """Send every log line to standard error. shape: "text" or "json"."""
    handler = StandardErrorHandler()
    handler.setFormatter(_Json() if shape == "json" else _Text())
    logging.captureWarnings(True)
    logging.getLogger("PIL").setLevel(logging.WARNING)  # at lower levels it logs the metadata of images
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it logs each plugin, and each look at the revision
    logging.basicConfig(level=level, handlers=[handler], force=True)
    access_log.configure(shape, logging.getLevelNamesMapping()[level], handler.write)


def redacted_message(error: BaseException) -> str:
    """An error's message for a log line, without what it quotes."""
    return _QUOTED.sub("'…'", str(error))[:MAX_MESSAGE]


def traceback_text(error: BaseException) -> str:
    """A traceback without the exception's message, which may quote what a client sent."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}\n{frames}".rstrip()


class _Text(logging.Formatter):
    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(process)d %(request_id)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        # One record is one line, even if it contains line breaks from a client.
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
