"""The settings of this machine, for commands that work here."""

from __future__ import annotations

from typing import Any

from faceVer.observability.logs import set_up
from faceVer.settings.loader import load_settings
from faceVer.settings.model import Settings


def load(**overrides: Any) -> Settings:
    """Read the settings (`overrides` win) and send log lines to standard error. Raises SettingsError."""
    settings = load_settings(**overrides)
    set_up(settings.logs.log_level, settings.logs.log_format)
    return settings
