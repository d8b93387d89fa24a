"""docs/start.md does what it says: its commands are run in their order, and give what the page shows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support_server import Server

PAGE = Path(__file__).parents[2] / "docs" / "start.md"
ADDRESS = "http://127.0.0.1:8080"
SERVE = "make serve\n"
"""Not run: the fixture is a server."""
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"(\d+\.\d+)")


class Step(NamedTuple):
    """A block to run, and the block after it that shows what it prints; empty where there is none."""

    language: str
    code: str
    shown: str


def steps() -> list[Step]:
    found: list[Step] = []
    for language, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language in ("sh", "python"):
            found.append(Step(language, text, ""))
        else:
            found[-1] = found[-1]._replace(shown=text)
    return [step for step in found if step.code != SERVE]


def words(text: str) -> list[str]:
    """What is between the numbers; the blanks of JSON do not count."""
    plain = json.dumps(json.loads(text)) if text.startswith(("{", "[")) else text.strip()
    return _NUMBER.sub("#", plain).split()


def numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)]


def test_the_page_works_as_it_is_written(server: Server, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FACEVER_")}
    environment["no_proxy"] = "127.0.0.1"
    todo = steps()
    assert {step.language for step in todo if step.shown} == {"sh", "python"}
    for step in todo:
        code = step.code.replace(ADDRESS, server.url)
        command = [sys.executable, "-c", code] if step.language == "python" else ["sh", "-ec", code]
        run = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert run.returncode == 0, f"{step.code}{run.stderr}"
        if step.shown:
            assert words(run.stdout) == words(step.shown), step.code
            assert numbers(run.stdout) == pytest.approx(numbers(step.shown), abs=0.01), step.code
