"""The formula of docs/reliability.md, and how many files the sandbox takes at a time."""

from __future__ import annotations

from typing import Any

import pytest

from faceVer.media.sandbox.plan import MIB, ORDINARY
from faceVer.observability import cgroup
from faceVer.services import memory_plan
from faceVer.services.memory_plan import memory_need, sandbox_plan, with_processes
from faceVer.settings.model import Settings

BODIES = 192 * MIB
DEPLOYED = Settings.of(threads=2, max_inflight_bytes=BODIES)
"""As in deploy/."""


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return monkeypatch


def with_memory(machine: pytest.MonkeyPatch, mebibytes: int) -> None:
    machine.setattr(memory_plan, "usable_memory", lambda: mebibytes * MIB)


def test_the_files_in_deploy_fit_into_two_gibibytes(machine: pytest.MonkeyPatch) -> None:
    with_memory(machine, 2048)
    assert (sandbox_plan(DEPLOYED).helpers, sandbox_plan(DEPLOYED).large_jobs) == (2, 1)
    assert 1900 * MIB < memory_need(DEPLOYED) < 2048 * MIB


@pytest.mark.parametrize(
    ("mebibytes", "helpers", "large_jobs"), [(100, 1, 1), (1800, 1, 1), (2048, 2, 1), (2700, 2, 2), (100_000, 2, 2)]
)
def test_the_server_takes_fewer_files_at_a_time_where_they_do_not_fit(
    machine: pytest.MonkeyPatch, mebibytes: int, helpers: int, large_jobs: int
) -> None:
    with_memory(machine, mebibytes)
    plan = sandbox_plan(DEPLOYED)
    assert (plan.helpers, plan.large_jobs) == (helpers, large_jobs)
    assert plan.most_bytes == (helpers - large_jobs) * ORDINARY + large_jobs * plan.large


@pytest.mark.parametrize(
    ("cpus", "mebibytes", "settings", "processes"),
    [
        (1, 100_000, {}, 1),
        (7, 100_000, {}, 1),
        (8, 100_000, {}, 2),
        (16, 100_000, {}, 4),
        (64, 100_000, {}, 16),
        (64, 100_000, {"workers": 3}, 3),
        (16, 8000, {}, 3),
        (16, 100, {}, 1),
        (16, 100_000, {"threads": 16}, 1),
        (16, 100_000, {"device": "auto"}, 1),
    ],
)
def test_the_server_chooses_its_processes(
    machine: pytest.MonkeyPatch, cpus: int, mebibytes: int, settings: dict[str, Any], processes: int
) -> None:
    with_memory(machine, mebibytes)
    for module in (memory_plan, cgroup):
        machine.setattr(module, "usable_cpus", lambda: cpus)
    assert with_processes(Settings.of(**settings)).server.workers == processes


def test_the_need_grows_with_bodies_workers_and_pixels(machine: pytest.MonkeyPatch) -> None:
    with_memory(machine, 100_000)
    small = memory_need(DEPLOYED)
    assert memory_need(DEPLOYED.changed(max_inflight_bytes=BODIES + 1000 * MIB)) == small + 1000 * MIB
    assert memory_need(DEPLOYED.changed(workers=2)) == 2 * small - 110 * MIB
    assert memory_need(DEPLOYED.changed(workers=2, also_read=("open", "x"))) == 2 * small - 110 * MIB + 2 * 80 * MIB
    assert memory_need(DEPLOYED.changed(max_pixels=100_000_000)) == small + 2 * 16 * (100_000_000 - 51_200_000)


def test_without_the_sandbox_every_thread_may_decode_the_largest_file(machine: pytest.MonkeyPatch) -> None:
    with_memory(machine, 2048)
    assert memory_need(DEPLOYED.changed(sandbox=False)) > memory_need(DEPLOYED)
