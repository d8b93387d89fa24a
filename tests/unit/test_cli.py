"""The `facever` command as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from faceVer import __version__
from faceVer.config import PREFIX, Settings
from tests.support_server import Server


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment.update({PREFIX + name.upper(): value for name, value in settings.items()})
    return subprocess.run(
        [sys.executable, "-m", "faceVer", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_extract_and_compare(tmp_path: Path, astronaut: bytes, stranger: bytes, engine: object) -> None:
    photo, other, template = tmp_path / "photo.jpg", tmp_path / "other.jpg", tmp_path / "t.bin"
    photo.write_bytes(astronaut)
    other.write_bytes(stranger)
    done = run("extract", str(photo), "-o", str(template))
    assert done.returncode == 0, done.stderr
    assert "peak memory" in done.stdout
    same = run("compare", str(template), str(photo))
    assert json.loads(same.stdout)["score"] == 1.0
    assert json.loads(run("compare", str(template), str(other)).stdout)["decision"] == "declined"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["extract", "/nowhere.jpg", "-o", "/tmp/x"], "No such file"),
        (["extract", __file__, "-o", "/tmp/x"], "BPE-002003"),
        (["compare", __file__, __file__], "BPE-002003"),
        (["calibrate"], "FACEVER_DATA"),
        (["calibrate", "/nowhere"], "no <person>/<image> files"),
        (["weights", "fetch", "--from", "/nowhere"], "not a folder"),
        (["health", "--url", "http://127.0.0.1:9"], "refused"),
        (["health", "--url", "file:///etc/passwd"], "http"),
    ],
)
def test_what_goes_wrong_is_one_line(arguments: list[str], told: str) -> None:
    done = run(*arguments)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_usage() -> None:
    assert run("frobnicate").returncode == 2
    assert run().returncode == 2


def test_weights_list_and_verify() -> None:
    listed = run("weights", "list")
    assert listed.returncode == 0
    assert "centerface" in listed.stdout
    assert "MIT" in listed.stdout
    verified = run("weights", "verify")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "ready" in verified.stdout


def test_verify_fails_where_nothing_is_there(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_bytes((Path(__file__).parents[2] / "weights" / "manifest.toml").read_bytes())
    done = run("weights", "verify", weights=str(tmp_path))
    assert done.returncode == 1
    assert "missing" in done.stdout
    assert "facever weights fetch" in done.stderr


def test_settings_and_version() -> None:
    assert f"{PREFIX}PORT=8080" in run("settings").stdout
    assert run("--version").stdout == f"facever {__version__}\n"
    assert len(Settings.__dataclass_fields__) == run("settings").stdout.count(f"\n{PREFIX}") + 1


def test_health_of_a_running_server(server: Server) -> None:
    done = run("health", "--url", server.url)
    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, 0)
    assert run("health", port=str(server.port)).returncode == 0
