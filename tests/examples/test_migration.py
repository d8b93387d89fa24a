"""docs/migration.md agrees with the code."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from faceVer.cli.parser import build
from faceVer.http.lite import errors
from faceVer.http.lite.faces import COMPARING as ENDPOINTS
from faceVer.http.pipeline.paths import FACES as PATTERN
from faceVer.http.pipeline.paths import INSTANT_FOLDERS as FOLDERS_PATH
from faceVer.http.pipeline.paths import LIVENESS
from faceVer.settings.loader import describe
from faceVer.settings.model import Settings
from tests import support_faces as faces
from tests.examples.programs import ROOT
from tests.support_server import JPEG, Server

TEXT = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def coded(text: str) -> dict[str, list[str]]:
    """The tables' rows that begin with codes: the other cells of each code."""
    found = re.findall(r"^\| ([A-Z]{3}-\d{6}(?:, [A-Z]{3}-\d{6})*) \| (.*) \|$", text, re.MULTILINE)
    return {code: rest.split(" | ") for codes, rest in found for code in codes.split(", ")}


ROWS = {row.code: row for family in (errors.FACES, errors.LIVENESS) for row in family.errors.values()}


def block(language: str, text: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, language
    return found[1]


def test_every_endpoint_of_the_vendor_is_listed() -> None:
    table = section("Endpoint by endpoint").partition("\n###")[0]
    for path in ("/version", f"{PATTERN}/health", f"{LIVENESS}/health", FOLDERS_PATH, "…/liveness/detect", "…/extract"):
        assert f" {path}`" in table, path
    for name, (first, second, *_) in ENDPOINTS.items():
        (row,) = (line for line in table.splitlines() if line.startswith(f"| `POST …/{name}` "))
        assert all(f"`{spec.name}`" in row for spec in (first, second)), name


def test_added_codes_have_the_listed_statuses() -> None:
    added, _, _ = section("Errors").partition("Some messages")
    listed = {code: int(cells[0].split()[0]) for code, cells in coded(added).items()}
    assert len(listed) == 11
    assert listed == {code: ROWS[code].status for code in listed}


def test_listed_messages_are_the_codes() -> None:
    _, _, differing = section("Errors").partition("Some messages")
    listed = {code: cells[1] for code, cells in coded(differing).items()}
    assert len(listed) == 4
    assert listed == {code: ROWS[code].message.en for code in listed}


def test_limits_are_the_defaults() -> None:
    text, settings = section("Limits"), Settings()
    for number in (
        f"{settings.limits.max_parts - 1:,}",
        f"{settings.limits.max_parts:,}",
        str(settings.limits.max_samples),
    ):
        assert f" {number} " in text.replace("(", " "), number
    assert f"{settings.limits.max_request_bytes // 2**20} MiB" in text
    assert f"{settings.limits.max_file_bytes // 2**20} MiB, {settings.media.max_pixels // 10**6} megapixels" in text
    assert f"| {settings.limits.max_media}; " in text


def test_the_settings_named_exist() -> None:
    named = set(re.findall(r"FACEVER_[A-Z_]+", TEXT))
    assert named <= {row.variable for row in describe()}


def test_the_commands_are_commands() -> None:
    commands = re.findall(r"^facever (.*?)(?: +#.*)?$", TEXT, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        build().parse_args(command.split())
    options = build().parse_args(
        ["reextract", "p", "--out-dir", "t", "--resume", "--manifest", "m", "--url", "http://h"]
    )
    assert options.resume


@pytest.fixture
def cases(tmp_path: Path, astronaut: bytes, stranger: bytes) -> Path:
    """A folder with cases.csv: a mated case, a non-mated one, one without a face."""
    for name, data in (("a", astronaut), ("b", stranger), ("wall", faces.jpeg(faces.no_face()))):
        (tmp_path / f"{name}.jpg").write_bytes(data)
    lines = ["1,a.jpg,a.jpg,0.99,approved", "2,a.jpg,b.jpg,0.9,approved", "3,a.jpg,wall.jpg,0.1,declined"]
    (tmp_path / "cases.csv").write_text(
        "\n".join(["case,photo,selfie,score,decision", *lines]) + "\n", encoding="utf-8"
    )
    return tmp_path


def test_the_program_for_old_cases(server: Server, cases: Path) -> None:
    done: Any = subprocess.run(
        [sys.executable, "-c", block("python", section("Side by side"))],
        cwd=cases,
        env={"URL": server.url, "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    wanted = ["approved -> approved", "approved -> declined", "declined -> BPE-003002"]
    assert [line.split(maxsplit=1) for line in done.stdout.splitlines()] == [["1", line] for line in wanted]
    with (cases / "compared.csv").open(newline="", encoding="utf-8") as file:
        compared = list(csv.DictReader(file))
    assert [row["new_decision"] for row in compared] == ["approved", "declined", "BPE-003002"]
    assert [row["score"] for row in compared] == ["0.99", "0.9", "0.1"]
    assert float(compared[0]["new_score"]) == 1.0


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/octet-stream"}])
def test_an_image_has_to_say_so(server: Server, astronaut: bytes, headers: dict[str, str]) -> None:
    assert server.call("POST", f"{PATTERN}/extract", astronaut, headers).code == "BPE-002001"


def test_an_oz_token_is_ignored_where_keys_are_off(server: Server, astronaut: bytes) -> None:
    assert server.extract(astronaut, {**JPEG, "X-Forensic-Access-Token": "x"}).status == 200
