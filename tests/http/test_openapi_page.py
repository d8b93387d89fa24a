"""The documentation page's files: what is bundled is what its table says, and none refers to anybody else's server."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from faceVer.http.ops import openapi

FOLDER = Path(openapi.__file__).parent / "static"
OWN = {"index.html", "page.css", "page.js", "icon.svg"}
TABLE = dict(re.findall(r"^\| `(\S+)` \| ([0-9a-f]{64}) \|$", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE))


def test_the_table_names_every_third_party_file() -> None:
    assert set(TABLE) | OWN | {"README.md"} == {path.name for path in FOLDER.iterdir()}


@pytest.mark.parametrize("name", TABLE)
def test_bundled_files_equal_the_packages(name: str) -> None:
    data = (FOLDER / name).read_bytes()
    assert hashlib.sha256(data).hexdigest() == TABLE[name]
    assert b"sourceMappingURL" not in data


def test_the_licence_is_included() -> None:
    assert "Apache License" in (FOLDER / "swagger-ui.LICENSE.txt").read_text("utf-8")
    assert "SmartBear" in (FOLDER / "swagger-ui.NOTICE.txt").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(OWN))
def test_own_files_load_from_this_server_only(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    for address in re.findall(r"(?:src|href|url)\s*[=:]\s*\"([^\"]*)\"", text):
        assert re.fullmatch(r"docs/[a-z.-]+|openapi\.json", address), address
        assert address == "openapi.json" or (FOLDER / address.removeprefix("docs/")).is_file()
    assert not re.search(r"https?://(?!www\.w3\.org/)|<script>|style=", text)
