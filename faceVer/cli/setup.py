"""The settings of this machine, for commands that work here."""

from __future__ import annotations

from typing import Any

from faceVer.config import Settings
from faceVer.environment import load_settings
from faceVer.logs import set_up


def load(**overrides: Any) -> Settings:
    """Read the settings (`overrides` win) and send log lines to standard error. Raises SettingsError."""
    settings = load_settings(**overrides)
    set_up(settings.log_level, settings.log_format)
    return settings
