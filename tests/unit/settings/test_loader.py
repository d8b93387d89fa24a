"""Settings are read strictly; an error is one clear line."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from faceVer.domain.errors import SettingsError
from faceVer.settings.field import PREFIX
from faceVer.settings.loader import describe, load_settings, non_default
from faceVer.settings.model import AREA_OF, ESSENTIAL, Settings

KEY = bytes(range(32))


def test_defaults() -> None:
    assert load_settings({}) == Settings()


def test_environment_beats_file_and_arguments_beat_both(tmp_path: Path) -> None:
    file = tmp_path / "facever.toml"
    file.write_text(
        'port = 1\nmax_queue = 2\ncors_origins = ["https://a.example", "https://b.example"]\napprove_threshold = 0.9\n'
    )
    settings = load_settings(
        {"FACEVER_CONFIG": str(file), "FACEVER_MAX_QUEUE": "3", "FACEVER_WORKERS": "4"}, workers=5, host=None
    )
    assert (
        settings.server.port,
        settings.limits.max_queue,
        settings.server.workers,
        settings.comparison.approve_threshold,
    ) == (1, 3, 5, 0.9)
    assert settings.auth.cors_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("FACEVER_PROT", "80", "unknown setting FACEVER_PROT"),
        ("FACEVER_port", "80", "unknown setting"),
        ("FACEVER_PORT", "http", "not a number"),
        ("FACEVER_PORT", "70000", "outside"),
        ("FACEVER_APPROVE_THRESHOLD", "1.5", "outside"),
        ("FACEVER_APPROVE_THRESHOLD", "nan", "outside"),
        ("FACEVER_LANGUAGE", "de", "one of en, ru"),
        ("FACEVER_THREADS", "1.5", "not a number"),
        ("FACEVER_OPERATOR_THRESHOLD", "0.9", "must not be above"),
        ("FACEVER_DETECTION_SIZE", "1000", "must not be below"),
        ("FACEVER_CONFIG", "/nowhere/facever.toml", "cannot read"),
    ],
)
def test_wrong_settings_are_rejected(variable: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings({variable: value})


@pytest.mark.parametrize(
    "line", ["colour = 1", "port = [1, 2]", "port = true", "port = {a = 1}", "port = ", "[server]\nport = 1"]
)
def test_wrong_files_are_rejected(tmp_path: Path, line: str) -> None:
    file = tmp_path / "facever.toml"
    file.write_text(line)
    with pytest.raises(SettingsError):
        load_settings({"FACEVER_CONFIG": str(file)})


def test_empty_values_mean_the_default() -> None:
    assert load_settings({"FACEVER_OPERATOR_THRESHOLD": "", "FACEVER_PORT": ""}) == Settings()
    assert load_settings({"FACEVER_CORS_ORIGINS": ""}).auth.cors_origins == ()
    assert load_settings({"FACEVER_ALSO_READ": ""}).models.also_read == ()


def test_older_packs_are_a_list(tmp_path: Path) -> None:
    assert load_settings({"FACEVER_ALSO_READ": "open, /models/a ,"}).models.also_read == ("open", "/models/a")
    file = tmp_path / "facever.toml"
    file.write_text('also_read = ["open", "open-1"]\n')
    assert load_settings({"FACEVER_CONFIG": str(file)}).models.also_read == ("open", "open-1")


def test_empty_values_of_a_file_mean_the_default(tmp_path: Path) -> None:
    file = tmp_path / "facever.toml"
    file.write_text('operator_threshold = ""\ntemplate_key = ""\nport = ""\ncors_origins = ""\n')
    assert load_settings({"FACEVER_CONFIG": str(file)}) == Settings.of(cors_origins=())


def test_variables_that_kubernetes_adds_for_a_service_are_ignored() -> None:
    links = {
        "FACEVER_SERVICE_HOST": "10.0.0.1",
        "FACEVER_SERVICE_PORT": "80",
        "FACEVER_SERVICE_PORT_HTTP": "80",
        "FACEVER_PORT": "tcp://10.0.0.1:80",
        "FACEVER_PORT_80_TCP": "tcp://10.0.0.1:80",
        "FACEVER_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    assert load_settings(links) == Settings()


@pytest.mark.parametrize("text", [KEY.hex(), base64.b64encode(KEY).decode()])
def test_template_keys(text: str) -> None:
    settings = load_settings({"FACEVER_TEMPLATE_KEY": text})
    assert settings.comparison.template_key == KEY
    assert repr(KEY) not in repr(settings)


@pytest.mark.parametrize("text", ["secret", "00" * 31, base64.b64encode(bytes(16)).decode()])
def test_wrong_template_keys_are_rejected_and_not_repeated(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"FACEVER_TEMPLATE_KEY": text})
    assert text not in str(caught.value)


def test_every_setting_is_described() -> None:
    rows = describe()
    assert [(row.area, row.variable) for row in rows] == [
        (area, PREFIX + name.upper()) for name, area in AREA_OF.items()
    ]
    assert all(row.doc.endswith(".") for row in rows)


def test_the_essential_settings_exist() -> None:
    assert len(ESSENTIAL) == 10
    assert set(ESSENTIAL) <= set(AREA_OF)


def test_the_settings_that_differ_from_defaults_hide_secrets() -> None:
    settings = load_settings({"FACEVER_API_KEYS": "a:" + "0" * 64, "FACEVER_PORT": "1", "FACEVER_RETRY_AFTER": "1"})
    assert non_default(settings) == {"port": 1, "api_keys": "***"}
    assert "api_keys" not in repr(settings)
    assert non_default(Settings()) == {}


def test_settings_that_contradict_each_other_are_rejected() -> None:
    with pytest.raises(SettingsError, match="set together"):
        Settings.of(tls_cert="x")
