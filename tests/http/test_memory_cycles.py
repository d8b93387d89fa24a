"""No request leaves a reference cycle: what it held is free at once, not after a far garbage collection."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.http.support_calls import Call, Material, calls
from tests.support_server import JPEG, PATTERN, Server

REPEATED = 20
"""Times each rejected request is sent: some hundred kinds, so 200 and more of each of ten families of errors."""
ALLOWED_GROWTH = 30 << 20


class Watched:
    """A server without garbage collection."""

    def __init__(self, server: Server, report: Path) -> None:
        self.server, self._report = server, report

    def garbage(self) -> list[str]:
        """The package's objects that only a collection would free."""
        self._report.unlink(missing_ok=True)
        os.kill(self.server.process.pid, signal.SIGUSR1)
        deadline = time.monotonic() + 60
        while not self._report.exists():
            self.server.call("GET", "/livez")
            assert time.monotonic() < deadline
            time.sleep(0.05)
        found: list[str] = json.loads(self._report.read_text(encoding="utf-8"))
        return found

    def resident(self) -> int:
        pages = Path(f"/proc/{self.server.process.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    report = tmp_path_factory.mktemp("garbage") / "report.json"
    with Server(module="tests.http.server_without_gc", before=(str(report),), threads="1", language="ru") as running:
        yield Watched(running, report)


def rejected(have: Material) -> list[Call]:
    return [call for call in calls(have) if call.status >= 400]


def test_rejected_requests_leave_no_cycle_and_no_memory(watched: Watched, server: Server) -> None:
    every = rejected(Material(server))
    assert len(every) > 100
    for call in every:
        assert call.send(watched.server).status == call.status
    watched.garbage()  # of the first times: caches, imports
    before = watched.resident()
    for call in every:
        for _ in range(REPEATED if len(call.body or b"") < 300_000 else 2):
            call.send(watched.server)
    assert watched.resident() - before < ALLOWED_GROWTH
    assert watched.garbage() == []


def test_rejected_images_free_their_pixels(watched: Watched) -> None:
    file = io.BytesIO()
    Image.new("1", (3838, 3838)).save(file, "PNG")  # 1.9 kB, 42 MB decoded, no face in it
    assert watched.server.call("POST", PATTERN + "extract", file.getvalue(), JPEG).code == "BPE-003002"
    before = watched.resident()
    for _ in range(3):
        assert watched.server.call("POST", PATTERN + "extract", file.getvalue(), JPEG).code == "BPE-003002"
    assert watched.resident() - before < ALLOWED_GROWTH
    junk = bytes(15 << 20)
    for _ in range(10):
        assert watched.server.call("POST", PATTERN + "extract", junk, JPEG).code == "BPE-002003"
    assert watched.resident() - before < ALLOWED_GROWTH
    assert watched.garbage() == []


def test_accepted_requests_leave_no_cycle(watched: Watched, server: Server) -> None:
    have = Material(server)
    accepted = [call for call in calls(have) if call.status == 200]
    assert len(accepted) > 20
    for call in accepted:
        call.send(watched.server)
    watched.garbage()
    for call in accepted:
        call.send(watched.server)
    assert watched.garbage() == []
