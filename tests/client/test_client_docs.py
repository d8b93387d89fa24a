"""What docs/client.md shows is run, and what it lists is all there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import faceVer.client
from faceVer.client import Client, ClientError, Retries, Timeouts, errors
from tests import support_faces as faces
from tests.support_server import Server

TEXT = (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")
ALL_BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
BLOCKS = [block for block in ALL_BLOCKS if "OzClient" not in block]
STORED_BLOCKS = [block for block in ALL_BLOCKS if "OzClient" in block]
"""Those that need a server with a store: tests/client/oz runs them."""
DOCUMENTED_URL = "http://127.0.0.1:8080"


def test_its_examples_run(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    astronaut: bytes,
    clip: bytes,
    other_template: bytes,
) -> None:
    monkeypatch.chdir(tmp_path)
    selfie = faces.jpeg(faces.astronaut().crop((60, 0, 420, 400)))
    for name, data in {
        "photo.jpg": astronaut,
        "selfie.jpg": selfie,
        "selfie.mp4": clip,
        "other.fvt": other_template,
    }.items():
        (tmp_path / name).write_bytes(data)
    namespace: dict[str, Any] = {}
    for number, block in enumerate(BLOCKS):
        code = compile(block.replace(DOCUMENTED_URL, server.url), f"docs/client.md, block {number}", "exec")
        exec(code, namespace)
    for client in (made for made in namespace.values() if isinstance(made, Client)):
        client.close()
    told = capsys.readouterr().out
    assert "approved" in told
    assert "0 Ann, 2024 1.0 True" in told
    assert re.search(r"^0 person 0 (1\.0|0\.9\d*)$", told, re.MULTILINE)
    assert "DECLINED False" in told  # two people


def test_it_has_every_method_and_error() -> None:
    methods = {name for name, kind in vars(Client).items() if callable(kind) and not name.startswith("_")} - {"close"}
    assert set(re.findall(r"^\| `(\w+)\(", TEXT, re.MULTILINE)) | {"liveness_health"} == methods
    kinds = {name for name in faceVer.client.__all__ if _is_error(getattr(faceVer.client, name))}
    rows = dict(re.findall(r"^\| `(\w+)` \|([^|]*)\|", TEXT[TEXT.index("## Errors") :], re.MULTILINE))
    assert set(rows) == kinds
    for code, kind in errors.BY_CODE.items():
        assert code in rows[kind.__name__].strip().split(", ")


def test_its_defaults_are_the_codes() -> None:
    retries, timeouts = Retries(), Timeouts()
    assert f"`Retries(count={retries.count}, first={retries.first}, most={retries.most})`" in TEXT
    assert f"`connect` ({timeouts.connect:.0f} s)" in TEXT
    assert f"| `timeout` | {timeouts.total} |" in TEXT


def _is_error(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, ClientError)
