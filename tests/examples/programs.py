"""The example programs of docs/examples: what each needs, how it is built and run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
SECONDS = 120
"""After which a program counts as hanging."""


@dataclass(frozen=True, slots=True)
class Program:
    """file: in docs/examples. tools: what must be on the machine. build, run: arguments, {file} and {out} in them."""

    file: str
    tools: tuple[str, ...]
    run: tuple[str, ...]
    build: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return EXAMPLES / self.file

    def missing(self) -> str:
        """The first tool that is not on this machine, or ""."""
        return next((tool for tool in self.tools if shutil.which(tool) is None), "")

    def arguments(self, template: tuple[str, ...], out: Path) -> list[str]:
        return [argument.format(file=self.path, out=out) for argument in template]


PROGRAMS = (
    Program("python/example.py", (), (sys.executable, "{file}")),
    Program("python/example_requests.py", (), (sys.executable, "{file}")),
    Program("curl/example.sh", ("curl", "base64"), ("sh", "{file}")),
    Program("javascript/example.mjs", ("node",), ("node", "{file}")),
    Program(
        "java/Example.java",
        ("javac", "java"),
        ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", "{out}", "Example"),
        ("javac", "--release", "11", "-Xlint:all", "-Werror", "-d", "{out}", "{file}"),
    ),
    Program("go/example.go", ("go",), ("{out}/example",), ("go", "build", "-o", "{out}/example", ".")),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended. files: what it wrote to its folder."""

    status: int
    out: str
    err: str
    files: dict[str, bytes]


def build(program: Program, out: Path) -> None:
    """Compile it into `out`, with the machine's own packages only."""
    if not program.build:
        return
    done = subprocess.run(
        program.arguments(program.build, out),
        cwd=program.path.parent,
        env={**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOCACHE": str(out / "cache")},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def run(program: Program, out: Path, folder: Path, variables: Mapping[str, str]) -> Outcome:
    """Run it in a folder of its own."""
    folder.mkdir(parents=True)
    kept = ("PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV", "JAVA_HOME", "SYSTEMROOT", "TMPDIR")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    done = subprocess.run(
        program.arguments(program.run, out),
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return Outcome(done.returncode, done.stdout, done.stderr, files)
