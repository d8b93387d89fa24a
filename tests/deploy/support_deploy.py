"""Readers for the files in deploy/, and the tools that check their formats."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from faceVer.http.server.shutdown import stop_limit
from faceVer.settings.loader import load_settings
from faceVer.settings.model import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SECRETS = DEPLOY / "facever.toml"
UID = 10001


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def documents(source: str) -> list[dict[str, Any]]:
    """The YAML documents in a text."""
    return [document for document in yaml.safe_load_all(source) if document is not None]


def tool(name: str) -> str:
    """Path of a program; skips the test if it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not there")
    return found


def run(*command: str) -> str:
    """Standard output of a program; fails the test with its error output if the program fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def settings_of(environment: Mapping[str, str]) -> Settings:
    """Settings from these variables; the secrets' file is the one in deploy/, not the mounted one.

    Raises SettingsError for a name or value that would stop the start.
    """
    here = {"FACEVER_CONFIG": str(SECRETS)} if "FACEVER_CONFIG" in environment else {}
    return load_settings({**environment, **here})


def stopping_seconds(settings: Settings) -> float:
    """Longest duration of a stop in seconds, after which the server ends itself."""
    return stop_limit(settings)
