"""Dockerfile, .dockerignore and the scripts that test image and unit, without building."""

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


def test_hadolint_accepts_the_dockerfile() -> None:
    run(tool("hadolint"), str(ROOT / "Dockerfile"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_shellcheck_accepts_the_scripts(script: str) -> None:
    run(tool("shellcheck"), "--severity=warning", str(DEPLOY / script))


def test_the_image_serves_as_an_unprivileged_user() -> None:
    assert re.findall(r"^USER (.*)", LAST, re.MULTILINE) == [f"{UID}:{UID}"]
    assert re.search(rf"useradd --uid {UID} ", LAST)
    (command,) = re.findall(r"^CMD (.*)", LAST, re.MULTILINE)
    assert json.loads(command) == ["facever", "serve"]


def test_the_commands_of_the_image_exist() -> None:
    output = run(sys.executable, "-m", "faceVer", "--help")
    used = set(re.findall(r"facever (\w+)", LAST))
    used |= {json.loads(words)[1] for words in re.findall(r"(\[.*\])", LAST)}
    assert used == {"doctor", "serve", "health"}
    assert all(re.search(rf"^\s+{name}\b", output, re.MULTILINE) for name in used)


def test_secrets_stay_out_of_the_layers() -> None:
    mounts = re.findall(r"--mount=\S+", DOCKERFILE)
    assert mounts
    assert all(mount.startswith("--mount=type=secret,") for mount in mounts)
    assert not re.search(r"^(ARG|ENV).*(TOKEN|PASSWORD|KEY)", DOCKERFILE, re.MULTILINE)


def test_the_build_context_holds_only_needed_files() -> None:
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


def test_the_package_contains_every_source_file() -> None:
    """An editable installation finds every file; an image contains only files that setup.cfg names."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    patterns = setup["options.package_data"]["facever"].split()
    package = ROOT / "faceVer"
    files = [path.relative_to(package) for path in package.rglob("*") if path.is_file() and path.suffix not in CODE]
    assert files
    assert not [str(path) for path in files if not any(path.match(pattern) for pattern in patterns)]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_names_missing_tools(script: str, tmp_path: Path) -> None:
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


@pytest.mark.parametrize(
    ("what", "output"), [("env", "A=b"), ("cmd", "x\ny z"), ("health", "x\nhealth"), ("user", "7")]
)
def test_image_facts_are_printed(pushed: Path, what: str, output: str) -> None:
    assert run(sys.executable, str(DEPLOY / "image_facts.py"), str(pushed), what) == output + "\n"


def test_image_layers_are_listed_with_their_sizes(pushed: Path) -> None:
    table = run(sys.executable, str(DEPLOY / "image_facts.py"), str(pushed), "layers").splitlines()
    assert table[2:] == ["| COPY a b | 2.0 | 0.0 |", "| all | 2.0 | 0.0 |"]
