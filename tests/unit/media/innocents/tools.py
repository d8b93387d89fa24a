"""Programs that tests use where they are installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest


def run_tool(program: str, data: bytes, *options: str) -> bytes:
    """What a program writes to its standard output for a file's bytes, which is its last argument or the one that is
    SOURCE. Skips the test if it is not installed."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        source.write_bytes(data)
        arguments = [str(source) if option == "SOURCE" else option for option in options]
        if "SOURCE" not in options:
            arguments.append(str(source))
        return subprocess.run([found, *arguments], check=True, capture_output=True).stdout
