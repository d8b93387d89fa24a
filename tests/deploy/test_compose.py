"""deploy/compose.yaml: contained services, valid settings, existing files."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from faceVer import __version__
from tests.deploy.support_deploy import DEPLOY, ROOT, UID, run, settings_of, stopping_seconds, text

FILE = DEPLOY / "compose.yaml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(text("compose.yaml"))["services"]
FACEVER = SERVICES["facever"]
OLDEST = (2, 24)
"""docker compose version from which an env_file may be missing."""


def compose() -> list[str]:
    """Docker's plug-in or the separate program, if it is new enough."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is None:
            continue
        output = subprocess.run([*command, "version", "--short"], capture_output=True, text=True, check=False)
        if output.returncode == 0 and tuple(int(part) for part in re.findall(r"\d+", output.stdout)[:2]) >= OLDEST:
            return command
    pytest.skip("docker compose 2.24 or later is not there")


@pytest.mark.parametrize("profiles", [(), ("tls",), ("monitoring",), ("tls", "monitoring")])
def test_docker_compose_accepts_the_file(profiles: tuple[str, ...]) -> None:
    options = [word for profile in profiles for word in ("--profile", profile)]
    read = yaml.safe_load(run(*compose(), "-f", str(FILE), *options, "config"))
    expected = {name for name, one in SERVICES.items() if set(one.get("profiles", profiles)) <= set(profiles)}
    assert set(read["services"]) == expected | {"facever"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_contained(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit"} <= set(service)


def test_only_facever_starts_by_default() -> None:
    assert [name for name, service in SERVICES.items() if "profiles" not in service] == ["facever"]
    assert FACEVER["image"] == f"facever:{__version__}"
    assert FACEVER["user"] == f"{UID}:{UID}"
    assert FACEVER["memswap_limit"] == FACEVER["mem_limit"]
    assert "tmpfs" not in FACEVER
    assert (FILE.parent / FACEVER["build"]["context"]).resolve() == ROOT


def test_the_settings_are_valid() -> None:
    settings = settings_of(FACEVER["environment"])
    assert int(FACEVER["stop_grace_period"].removesuffix("s")) > stopping_seconds(settings)
    (published,) = FACEVER["ports"]
    assert published.endswith(f":{settings.server.port}")
    assert published.startswith("127.0.0.1:")
    assert settings.limits.max_inflight_bytes * 2 < int(FACEVER["mem_limit"].removesuffix("g")) << 30
    assert FACEVER["environment"]["FACEVER_CONFIG"] == f"/run/secrets/{FACEVER['secrets'][0]}"
    assert not settings.auth.api_keys  # the example opens nothing and closes nothing


def test_the_health_check_equals_the_image_s() -> None:
    (line,) = re.findall(r"^HEALTHCHECK (.*)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    check = FACEVER["healthcheck"]
    assert yaml.safe_load(line[line.index("[") :]) == check["test"][1:]
    for option in ("interval", "timeout", "start_period"):
        assert f"--{option.replace('_', '-')}={check[option]}" in line


def test_mounted_files_exist() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", ()) if mount.startswith("./")]
    assert len(mounts) >= 5
    assert all((DEPLOY / mount.split(":")[0]).exists() for mount in mounts)
    assert all(mount.endswith(":ro") for mount in mounts)
    (default,) = re.findall(r"\$\{FACEVER_SECRETS:-\./(.*?)\}", text("compose.yaml"))
    assert (DEPLOY / default).is_file()
