"""`facever doctor`."""

from __future__ import annotations

import json
import resource

import pytest

from faceVer import cli
from faceVer.settings.model import Settings
from faceVer.tools import doctor


def test_a_working_installation_is_well(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEVER_PORT", "0")
    assert cli.main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["well"] is True
    topics = {finding["topic"] for finding in found["findings"]}
    named = "cpu versions settings threads memory sandbox files weights inference port"
    assert topics == set(named.split())
    assert cli.main(["doctor"]) == 0
    assert ": CPUExecutionProvider, loaded in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("variable", "value", "reported"),
    [
        ("FACEVER_PROT", "80", "unknown setting"),
        ("FACEVER_API_KEYS", "x", "entry 1"),
        ("FACEVER_WEIGHTS", "/nowhere", "cannot read the manifest"),
        ("FACEVER_PROVIDERS", "Magic", "Magic"),
        ("FACEVER_HOST", "192.0.2.1", "assign"),
    ],
)
def test_an_error_is_reported_under_its_topic(
    variable: str, value: str, reported: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    assert cli.main(["doctor"]) == 1
    bad = [line for line in capsys.readouterr().out.splitlines() if line.startswith("bad")]
    assert any(reported in line for line in bad), bad


def test_older_packs_are_checked_and_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PORT": "0", "PACK": "open-2", "ALSO_READ": "open"}.items():
        monkeypatch.setenv(f"FACEVER_{name}", value)
    assert cli.main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "weights     mobilefacenet 0.0.1: ready" in told
    assert "templates of mobilefacenet-0.0.1-87aacdfe5751 are read too, within 80 MiB" in told
    monkeypatch.setenv("FACEVER_ALSO_READ", "nope")
    assert cli.main(["doctor"]) == 1
    assert "no pack or recognition model 'nope'" in capsys.readouterr().out


def test_risky_settings_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "usable_memory", lambda: 400 * 2**20)
    memory, sandbox, *_ = doctor._memory(Settings())
    assert (memory.state, memory.text[:7], sandbox.topic) == ("note", "400 MiB", "sandbox")
    (threads,) = doctor._threads(Settings.of(threads=512))
    assert threads.state == "note"
    assert any("ends before" in found.text for found in doctor._settings(Settings.of(request_timeout=1)))


@pytest.mark.parametrize(
    ("most", "state", "told"),
    [
        (1 << 20, "ok", "1056 are needed at most"),
        (64, "note", "FACEVER_MAX_CONNECTIONS is lowered from 1000 to 8"),
        (59, "bad", "at least 60 are needed"),
    ],
)
def test_few_descriptors_are_reported(most: int, state: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (most, most))
    (files,) = doctor._descriptors(Settings.of(threads=1))
    assert (files.topic, files.state) == ("files", state)
    assert told in files.text
