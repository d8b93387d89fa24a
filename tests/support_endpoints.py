"""The endpoint table of a server with default settings."""

from __future__ import annotations

from faceVer.http.endpoints import endpoint_table
from faceVer.settings.model import Settings

TABLE = endpoint_table(Settings())
CONSOLE_FILES = tuple(row.path for row in TABLE.endpoints if row.label == "/")
DOCS_FILES = tuple(row.path for row in TABLE.endpoints if row.label == "/docs")
