"""What control groups allow, as the kernel shows it in files."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from faceVer.observability.cgroup import cpu_quota, memory_limit


def put(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize(
    ("own", "files", "cpus", "memory"),
    [
        ("0::/\n", {}, math.inf, math.inf),
        ("0::/\n", {"cpu.max": "max 100000\n", "memory.max": "max\n"}, math.inf, math.inf),
        ("0::/\n", {"cpu.max": "150000 100000\n", "memory.max": "1000\n"}, 1.5, 1000),
        # A service's own group, below one that allows less of the one and more of the other.
        (
            "0::/a/b.service\n",
            {
                "a/cpu.max": "50000 100000",
                "a/b.service/cpu.max": "200000 100000",
                "a/memory.max": "9000",
                "a/b.service/memory.max": "3000",
            },
            0.5,
            3000,
        ),
        # As seen from within a container: the path is the host's, the files are at the root.
        ("0::/host/path\n", {"cpu.max": "100000 100000", "memory.max": "7"}, 1, 7),
        (
            "5:memory:/m\n4:cpu,cpuacct:/x\n0::/\n",
            {
                "cpu/x/cpu.cfs_quota_us": "250000",
                "cpu/x/cpu.cfs_period_us": "100000",
                "cpu/cpu.cfs_quota_us": "-1",
                "cpu/cpu.cfs_period_us": "100000",
                "memory/m/memory.limit_in_bytes": "4096",
                "memory/memory.limit_in_bytes": "9223372036854771712",
            },
            2.5,
            4096,
        ),
        ("0::/\n", {"cpu.max": "0 0", "memory.max": "nonsense"}, math.inf, math.inf),
        ("0::/../..\n", {"cpu.max": "100000 100000"}, 1, math.inf),
    ],
)
def test_the_least_of_all_groups_counts(
    own: str, files: dict[str, str], cpus: float, memory: float, tmp_path: Path
) -> None:
    put(tmp_path, {"own": own, **{f"root/{name}": text for name, text in files.items()}})
    assert cpu_quota(tmp_path / "root", tmp_path / "own") == cpus
    assert memory_limit(tmp_path / "root", tmp_path / "own") == memory


def test_nothing_to_be_seen(tmp_path: Path) -> None:
    nothing = tmp_path / "none"
    assert cpu_quota(nothing, nothing) == memory_limit(nothing, nothing) == math.inf
