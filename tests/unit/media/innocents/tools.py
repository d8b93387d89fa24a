"""Programs that tests use where they are installed."""

from __future__ import annotations

import shutil
import subprocess

import pytest


def run_tool(program: str, *options: str, stdin: bytes = b"") -> bytes:
    """What a program writes to its standard output. Skips the test if it is not installed."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return subprocess.run([found, *options], check=True, capture_output=True, input=stdin).stdout
