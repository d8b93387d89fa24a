"""deploy/systemd: valid by systemd, consistent with FaceVer, which runs under its restrictions."""

from __future__ import annotations

import configparser
import ctypes
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from faceVer.settings.model import Settings
from tests.deploy.support_deploy import DEPLOY, run, settings_of, stopping_seconds, text, tool
from tests.support_server import Server

SETTLED = 20
"""Exposure times ten, from 0 (contained) to 100; systemd calls up to 20 OK or better."""
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1


def read_unit() -> dict[str, str]:
    """The settings of [Service]; of repeated ones the last."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text("systemd/facever.service"))
    return dict(parser["Service"])


SERVICE = read_unit()


def environment() -> dict[str, str]:
    """FaceVer's settings from the unit's Environment= and the example of its file."""
    file = re.findall(r"^(\w+)=(.*)$", text("systemd/facever.env"), re.MULTILINE)
    return {**dict(word.split("=", 1) for word in shlex.split(SERVICE["Environment"])), **dict(file)}


@pytest.fixture
def settings() -> Settings:
    return settings_of(environment())


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with an existing program instead of FaceVer's."""
    (tmp_path / "facever.service").write_text(
        text("systemd/facever.service").replace(SERVICE["ExecStart"].split()[0], sys.executable)
    )
    return tmp_path / "facever.service"


def test_systemd_accepts_the_unit(unit: Path) -> None:
    assert run(tool("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", str(unit)) == ""


def test_systemd_rates_the_unit_as_contained(unit: Path) -> None:
    options = ("--offline=true", f"--threshold={SETTLED}", "--no-pager")
    assert "exposure level" in run(tool("systemd-analyze"), "security", *options, str(unit))


def test_the_settings_are_valid(settings: Settings) -> None:
    assert int(SERVICE["TimeoutStopSec"]) > stopping_seconds(settings)
    assert settings.limits.max_inflight_bytes * 2 < int(SERVICE["MemoryMax"].removesuffix("G")) << 30
    assert int(SERVICE["LimitNOFILE"]) > 2 * settings.server.max_connections
    assert SERVICE["ExecStart"].endswith("/facever serve")


def test_secrets_are_passed_as_a_credential() -> None:
    name, _, path = SERVICE["LoadCredential"].partition(":")
    assert environment()["FACEVER_CONFIG"] == f"%d/{name}"
    assert Path(path).name == name == "facever.toml"
    # Without the file there is an empty one.
    assert SERVICE["SetCredential"].partition(":")[::2] == (name, "# none")


def test_the_address_filter_matches_the_host(settings: Settings) -> None:
    assert (SERVICE["IPAddressDeny"], SERVICE["IPAddressAllow"], settings.server.host) == (
        "any",
        "localhost",
        "127.0.0.1",
    )
    assert f"server {settings.server.host}:{settings.server.port} " in text("nginx/upstream.conf")


def _no_new_code() -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def test_the_server_works_without_writable_executable_memory(astronaut: bytes, busy: Server) -> None:
    """MemoryDenyWriteExecute=: neither the inference runtime nor the event loop generates code."""
    assert SERVICE["MemoryDenyWriteExecute"] == "yes"
    try:
        running = Server(preexec=_no_new_code, workers="2")
    except subprocess.SubprocessError as error:
        pytest.skip(f"the kernel cannot forbid it: {error}")
    with running as server:
        assert server.template(astronaut) == busy.template(astronaut)
        assert server.call("GET", "/v1/face/liveness/health").status == 200


def test_the_kernel_forbids_writable_executable_memory() -> None:
    """Check of the check: writable memory cannot be made executable."""
    program = "import mmap; m = mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_READ | mmap.PROT_EXEC)"
    try:
        done = subprocess.run([sys.executable, "-c", program], preexec_fn=_no_new_code, capture_output=True, text=True)
    except subprocess.SubprocessError as error:
        pytest.skip(f"the kernel cannot forbid it: {error}")
    assert "PermissionError" in done.stderr


def test_the_deployment_page_names_the_unit_s_paths() -> None:
    page = (DEPLOY.parent / "docs" / "deployment.md").read_text(encoding="utf-8")
    for place in (SERVICE["EnvironmentFile"].removeprefix("-"), SERVICE["LoadCredential"].partition(":")[2]):
        assert place in page
    assert SERVICE["ExecStart"].split()[0].removesuffix("/bin/facever") in page
