"""The settings of folder analyses: strict booleans, a hidden secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceVer.domain.errors import SettingsError
from faceVer.settings.loader import describe, load_settings
from faceVer.settings.model import Settings


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("TRUE", True), ("1", True), ("false", False), ("0", False)]
)
def test_booleans(text: str, value: bool) -> None:
    assert load_settings({"FACEVER_WEBHOOK_HTTP": text}).webhooks.webhook_http is value


@pytest.mark.parametrize("text", ["yes", "on", "2", "-1", "t", "1.0", "none"])
def test_other_texts_than_booleans_are_rejected(text: str) -> None:
    with pytest.raises(SettingsError, match="neither true nor false"):
        load_settings({"FACEVER_WEBHOOK_HTTP": text})


def test_booleans_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "facever.toml"
    file.write_text("webhook_http = true\nwebhook_hosts = ['a.b', '*.c']\n")
    settings = load_settings({"FACEVER_CONFIG": str(file)})
    assert (settings.webhooks.webhook_http, settings.webhooks.webhook_hosts) == (True, ("a.b", "*.c"))
    file.write_text("port = true\n")
    with pytest.raises(SettingsError):
        load_settings({"FACEVER_CONFIG": str(file)})


def test_webhooks_are_off_by_default() -> None:
    settings = Settings()
    assert (settings.webhooks.webhook_hosts, settings.webhooks.webhook_http, settings.liveness.spoofing_threshold) == (
        (),
        False,
        0.5,
    )
    assert ("FACEVER_WEBHOOK_HTTP", "false") in [(row.variable, row.default) for row in describe()]


def test_the_secret_is_not_in_the_repr() -> None:
    assert "s3cret" not in repr(load_settings({"FACEVER_WEBHOOK_SECRET": "s3cret"}))


@pytest.mark.parametrize("text", ["-0.1", "1.1", "nan", "x"])
def test_spoofing_threshold_range(text: str) -> None:
    with pytest.raises(SettingsError):
        load_settings({"FACEVER_SPOOFING_THRESHOLD": text})
