"""Without FACEVER_STORE the server keeps nothing: no library of the kept half is loaded, none of its paths exists."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from faceVer.http.endpoints import endpoint_table
from faceVer.settings.loader import load_settings
from faceVer.settings.model import Settings

LIBRARIES = ("sqlalchemy", "alembic", "psycopg", "procrastinate", "obstore", "argon2", "fpdf", "sqlite3")
STORED = endpoint_table(load_settings({"FACEVER_STORE": "/nowhere"})).endpoints
STATELESS = endpoint_table(Settings()).endpoints


def test_no_library_of_the_kept_half_is_loaded() -> None:
    program = (
        "import json, sys\n"
        "from faceVer.http.server.app import create_app\n"
        "from faceVer.settings.model import Settings\n"
        "create_app(Settings())\n"
        f"print(json.dumps([name for name in {LIBRARIES!r} if name in sys.modules]))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == []


def test_the_paths_of_the_kept_half_are_unknown() -> None:
    paths = {row.path for row in STATELESS}
    assert {path for path in paths if path.startswith(("/api/", "/static/"))} == {"/api/instant/folders/"}
    assert len(STORED) > len(STATELESS) + 50


def test_the_pages_of_folders_need_a_store_and_can_be_switched_off() -> None:
    without = endpoint_table(load_settings({"FACEVER_STORE": "/nowhere", "FACEVER_CONSOLE": "off"})).endpoints
    assert not [row for row in (*STATELESS, *without) if row.path.startswith("/folders")]
    assert [row.path for row in STORED if row.path == "/folders"]


def test_the_page_lists_every_endpoint_of_the_kept_half() -> None:
    page = (Path(__file__).parents[3] / "docs" / "oz-api.md").read_text(encoding="utf-8")
    listed: set[tuple[str, str]] = set()
    for methods, paths in re.findall(r"^\| ([A-Z, ]+|any) \| (`/.*?`) \|", page, re.MULTILINE):
        for path in re.findall(r"`(/[^`]*)`", paths):
            listed |= {(method.strip().replace("any", "*"), path) for method in methods.split(",")}
    known = {row.path for row in STATELESS}
    served = {(row.method, row.path) for row in STORED if row.path not in known}
    assert {row for row in served if not row[1].startswith(("/api/collections/", "/folders"))} <= listed
