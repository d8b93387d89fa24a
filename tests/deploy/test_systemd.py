"""deploy/systemd: what systemd says of the unit, that it fits FaceVer, and that FaceVer bears what it forbids."""

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
    """The settings of [Service]; where one comes twice, the last."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text("systemd/facever.service"))
    return dict(parser["Service"])


SERVICE = read_unit()


def environment() -> dict[str, str]:
    """What the unit's Environment= and the example of its file give FaceVer."""
    file = re.findall(r"^(\w+)=(.*)$", text("systemd/facever.env"), re.MULTILINE)
    return {**dict(word.split("=", 1) for word in shlex.split(SERVICE["Environment"])), **dict(file)}


@pytest.fixture
def settings() -> Settings:
    return settings_of(environment())


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program in place of FaceVer's that this machine has."""
    (tmp_path / "facever.service").write_text(
        text("systemd/facever.service").replace(SERVICE["ExecStart"].split()[0], sys.executable)
    )
    return tmp_path / "facever.service"


def test_systemd_reads_it(unit: Path) -> None:
    assert run(tool("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", str(unit)) == ""


def test_systemd_finds_it_contained(unit: Path) -> None:
    options = ("--offline=true", f"--threshold={SETTLED}", "--no-pager")
    assert "exposure level" in run(tool("systemd-analyze"), "security", *options, str(unit))


def test_its_settings_start(settings: Settings) -> None:
    assert int(SERVICE["TimeoutStopSec"]) > stopping_seconds(settings)
    assert settings.limits.max_inflight_bytes * 2 < int(SERVICE["MemoryMax"].removesuffix("G")) << 30
    assert int(SERVICE["LimitNOFILE"]) > 2 * settings.server.max_connections
    assert SERVICE["ExecStart"].endswith("/facever serve")


def test_secrets_come_as_a_credential() -> None:
    name, _, path = SERVICE["LoadCredential"].partition(":")
    assert environment()["FACEVER_CONFIG"] == f"%d/{name}"
    assert Path(path).name == name == "facever.toml"
    # Without the file there is an empty one.
    assert SERVICE["SetCredential"].partition(":")[::2] == (name, "# none")


def test_it_is_no_more_open_than_its_addresses(settings: Settings) -> None:
    assert (SERVICE["IPAddressDeny"], SERVICE["IPAddressAllow"], settings.server.host) == (
        "any",
        "localhost",
        "127.0.0.1",
    )
    assert f"server {settings.server.host}:{settings.server.port} " in text("nginx/upstream.conf")


def _no_new_code() -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def test_it_works_without_memory_to_write_and_execute(astronaut: bytes, busy: Server) -> None:
    """MemoryDenyWriteExecute=: neither the models' runtime nor the event loop makes code at run time."""
    assert SERVICE["MemoryDenyWriteExecute"] == "yes"
    try:
        running = Server(preexec=_no_new_code, workers="2")
    except subprocess.SubprocessError as error:
        pytest.skip(f"the kernel cannot forbid it: {error}")
    with running as server:
        assert server.template(astronaut) == busy.template(astronaut)
        assert server.call("GET", "/v1/face/liveness/health").status == 200


def test_the_kernel_forbids_it() -> None:
    """What is forbidden above is forbidden: memory that was written to cannot be made executable."""
    program = "import mmap; m = mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_READ | mmap.PROT_EXEC)"
    try:
        done = subprocess.run([sys.executable, "-c", program], preexec_fn=_no_new_code, capture_output=True, text=True)
    except subprocess.SubprocessError as error:
        pytest.skip(f"the kernel cannot forbid it: {error}")
    assert "PermissionError" in done.stderr


def test_what_goes_where_is_in_the_document() -> None:
    told = (DEPLOY.parent / "docs" / "deployment.md").read_text(encoding="utf-8")
    for place in (SERVICE["EnvironmentFile"].removeprefix("-"), SERVICE["LoadCredential"].partition(":")[2]):
        assert place in told
    assert SERVICE["ExecStart"].split()[0].removesuffix("/bin/facever") in told
