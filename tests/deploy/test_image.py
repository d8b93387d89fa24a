"""Dockerfile, .dockerignore and the scripts that prove image and unit, as far as they go without building."""

from __future__ import annotations

import configparser
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.support_deploy import DEPLOY, ROOT, UID, run, tool

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
CODE = (".py", ".pyc")
SCRIPTS = ("prove-image.sh", "prove-unit.sh")
LAST = DOCKERFILE.rsplit("\nFROM ", 1)[1]


def test_hadolint() -> None:
    run(tool("hadolint"), str(ROOT / "Dockerfile"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_shellcheck(script: str) -> None:
    run(tool("shellcheck"), "--severity=warning", str(DEPLOY / script))


def test_it_ends_as_an_ordinary_user_that_serves() -> None:
    assert re.findall(r"^USER (.*)", LAST, re.MULTILINE) == [f"{UID}:{UID}"]
    assert re.search(rf"useradd --uid {UID} ", LAST)
    (command,) = re.findall(r"^CMD (.*)", LAST, re.MULTILINE)
    assert json.loads(command) == ["facever", "serve"]


def test_its_commands_are_there() -> None:
    told = run(sys.executable, "-m", "faceVer", "--help")
    used = set(re.findall(r"facever (\w+)", LAST))
    used |= {json.loads(words)[1] for words in re.findall(r"(\[.*\])", LAST)}
    assert used == {"doctor", "serve", "health"}
    assert all(re.search(rf"^\s+{name}\b", told, re.MULTILINE) for name in used)


def test_secrets_stay_out_of_the_layers() -> None:
    mounts = re.findall(r"--mount=\S+", DOCKERFILE)
    assert mounts
    assert all(mount.startswith("--mount=type=secret,") for mount in mounts)
    assert not re.search(r"^(ARG|ENV).*(TOKEN|PASSWORD|KEY)", DOCKERFILE, re.MULTILINE)


def test_the_context_holds_what_is_built_from_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    kept = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert all((ROOT / one).exists() for one in kept)
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    (weights,) = setup["options.data_files"].values()
    about = setup["metadata"]
    needed = ["faceVer", "setup.cfg", "pyproject.toml", "requirements/runtime.lock", *weights.split()]
    needed += [about["license_files"], about["long_description"].removeprefix("file: ")]
    assert sorted(kept) == sorted(needed)


def test_the_package_carries_every_file_of_its_source() -> None:
    """What an editable installation finds by itself, an image has only where setup.cfg names it."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    patterns = setup["options.package_data"]["facever"].split()
    package = ROOT / "faceVer"
    files = [path.relative_to(package) for path in package.rglob("*") if path.is_file() and path.suffix not in CODE]
    assert files
    assert not [str(path) for path in files if not any(path.match(pattern) for pattern in patterns)]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_proof_says_what_it_lacks(script: str, tmp_path: Path) -> None:
    for name in ("bash", "dirname", "id", "awk"):
        (tmp_path / name).symlink_to(tool(name))
    done = subprocess.run(["bash", str(DEPLOY / script)], env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 77
    assert "debootstrap buildah" in done.stderr


@pytest.fixture
def pushed(tmp_path: Path) -> Path:
    """An image of one layer, as buildah pushes it to a folder."""
    config = {
        "config": {"User": "7", "Env": ["A=b"], "Cmd": ["x", "y z"], "Healthcheck": {"Test": ["CMD", "x", "health"]}},
        "history": [{"created_by": "/bin/sh -c #(nop) COPY a b"}, {"empty_layer": True}],
    }
    layer = gzip.compress(bytes(2_000_000))
    (tmp_path / "c").write_text(json.dumps(config))
    (tmp_path / "l").write_bytes(layer)
    manifest = {"config": {"digest": "sha256:c"}, "layers": [{"digest": "sha256:l", "size": len(layer)}]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


@pytest.mark.parametrize(("what", "told"), [("env", "A=b"), ("cmd", "x\ny z"), ("health", "x\nhealth"), ("user", "7")])
def test_facts_of_an_image(pushed: Path, what: str, told: str) -> None:
    assert run(sys.executable, str(DEPLOY / "image_facts.py"), str(pushed), what) == told + "\n"


def test_the_layers_of_an_image(pushed: Path) -> None:
    table = run(sys.executable, str(DEPLOY / "image_facts.py"), str(pushed), "layers").splitlines()
    assert table[2:] == ["| COPY a b | 2.0 | 0.0 |", "| all | 2.0 | 0.0 |"]
