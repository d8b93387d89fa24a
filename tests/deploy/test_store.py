"""The files in deploy/ for a store: workers, KEDA, the compose file with PostgreSQL and S3."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import sqlalchemy
import yaml

from faceVer import __version__
from faceVer.cli.parser import build
from faceVer.http.ops.background_metrics import BackgroundMetrics
from faceVer.http.pipeline.paths import LIVE, READY
from faceVer.jobs.queue import QueueDepth
from faceVer.services.background import BackgroundWork, background_work
from faceVer.settings.model import Settings
from faceVer.storage import procrastinate
from faceVer.storage.database import Database
from tests.deploy.support_deploy import DEPLOY, UID, documents, run, settings_of, stopping_seconds, text, tool
from tests.deploy.support_metrics import grouped, used_metrics
from tests.deploy.test_kubernetes import BASE, CUSTOM, VERSIONS
from tests.support_postgres import PostgresServer

Document = dict[str, Any]
CUSTOM = (*CUSTOM, "ScaledObject", "TriggerAuthentication")
KEY = "main:" + "0" * 64
SECRET = {"store": "postgresql://u:p@h/d", "storage-url": "s3://bucket", "storage-key": KEY}


def read(folder: str) -> dict[tuple[str, str], Document]:
    """What a component adds, by kind and name."""
    files = yaml.safe_load(text(f"kubernetes/{folder}/kustomization.yaml"))["resources"]
    found = [one for file in files for one in documents(text(f"kubernetes/{folder}/{file}"))]
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


WORKERS, KEDA = read("workers"), read("keda")
POD = WORKERS["Deployment", "facever-worker"]["spec"]["template"]
(CONTAINER,) = POD["spec"]["containers"]
(PATCH,) = documents(text("kubernetes/workers/server.yaml"))
(SERVER,) = PATCH["spec"]["template"]["spec"]["containers"]
PAGE = (DEPLOY.parent / "docs" / "deployment.md").read_text(encoding="utf-8")
COMPOSE: dict[str, Document] = yaml.safe_load(text("compose.store.yaml"))["services"]


def environment(container: Document) -> dict[str, str]:
    """Variables of a container, those of the Secret with the test's values."""
    values = {one["name"]: one.get("value") for one in container["env"]}
    keys = {one["name"]: one["valueFrom"]["secretKeyRef"]["key"] for one in container["env"] if "valueFrom" in one}
    return {**values, **{name: SECRET.get(key, "") for name, key in keys.items()}}


class TestKubernetes:
    def test_resources_are_valid(self) -> None:
        assert len(WORKERS) == 5
        for (kind, _), document in {**WORKERS, **KEDA}.items():
            for version in VERSIONS if kind not in CUSTOM else ():
                kubernetes_validate.validate(document, version, strict=True)

    @pytest.mark.parametrize("keda", [False, True])
    def test_kustomize_builds_the_components(self, tmp_path: Path, keda: bool) -> None:
        (tmp_path / "kubernetes").symlink_to(DEPLOY / "kubernetes")
        components = ["kubernetes/workers", "kubernetes/keda"] if keda else ["kubernetes/workers"]
        overlay = {"resources": ["kubernetes/base"], "components": components}
        (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
        made = {
            (one["kind"], one["metadata"]["name"]): one
            for one in documents(run(tool("kubectl"), "kustomize", str(tmp_path)))
        }
        for (kind, _), document in made.items():
            for version in VERSIONS if kind not in CUSTOM else ():
                kubernetes_validate.validate(document, version, strict=True)
        assert (("HorizontalPodAutoscaler", "facever-worker") in made) is not keda
        assert (("ScaledObject", "facever-worker") in made) is keda
        server = made["Deployment", "facever"]["spec"]["template"]
        assert server["metadata"]["labels"] == {
            **BASE["Deployment"]["spec"]["template"]["metadata"]["labels"],
            "facever-store": "true",
        }
        names = [one["name"] for one in server["spec"]["containers"][0]["env"]]
        assert {"FACEVER_STORE", "FACEVER_API_KEYS"} <= set(names)
        assert len(names) == len(set(names))

    def test_selectors_choose_the_workers(self) -> None:
        labels = POD["metadata"]["labels"]
        own = {"app.kubernetes.io/name": "facever-worker"}
        assert labels == {**own, "facever-store": "true"}
        assert WORKERS["Deployment", "facever-worker"]["spec"]["selector"]["matchLabels"] == own
        assert WORKERS["PodDisruptionBudget", "facever-worker"]["spec"]["selector"]["matchLabels"] == own
        assert WORKERS["NetworkPolicy", "facever-worker"]["spec"]["podSelector"]["matchLabels"] == own
        assert WORKERS["NetworkPolicy", "facever-store"]["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
        for scaler in (WORKERS["HorizontalPodAutoscaler", "facever-worker"], KEDA["ScaledObject", "facever-worker"]):
            assert scaler["spec"]["scaleTargetRef"]["name"] == "facever-worker"

    def test_the_command_and_its_port_exist(self) -> None:
        program, *arguments = CONTAINER["args"]
        assert program == "facever"
        assert build().parse_args(arguments).health_port == CONTAINER["ports"][0]["containerPort"]
        assert CONTAINER["image"] == f"facever:{__version__}"
        assert CONTAINER["startupProbe"]["httpGet"] == {"path": READY, "port": "health"}
        assert CONTAINER["livenessProbe"]["httpGet"] == {"path": LIVE, "port": "health"}

    def test_settings_are_valid_and_those_of_the_server(self) -> None:
        settings = settings_of(environment(CONTAINER))
        assert settings.store == settings_of(environment(SERVER)).store
        assert settings.store.store == SECRET["store"]
        assert POD["spec"]["terminationGracePeriodSeconds"] > stopping_seconds(settings)

    def test_the_pod_has_no_unneeded_privileges(self) -> None:
        base = BASE["Deployment"]["spec"]["template"]["spec"]
        assert POD["spec"]["securityContext"] == base["securityContext"]
        assert CONTAINER["securityContext"] == base["containers"][0]["securityContext"]
        assert POD["spec"]["automountServiceAccountToken"] is False

    @pytest.mark.platform
    def test_keda_s_query_counts_jobs(self, postgres: PostgresServer) -> None:
        (trigger,) = KEDA["ScaledObject", "facever-worker"]["spec"]["triggers"]
        assert (
            trigger["authenticationRef"]["name"] == KEDA["TriggerAuthentication", "facever-store"]["metadata"]["name"]
        )
        database = Database.of(postgres.create_database())
        with database.write() as connection:
            for due in (None, None, time.time() + 3600):
                procrastinate.insert(connection, "run_group", {}, due)
        with database.read() as connection:
            assert connection.scalar(sqlalchemy.text(trigger["metadata"]["query"])) == 2
        work = background_work(database).jobs
        assert work.waiting + work.running == 2
        database.close()


class TestAlerts:
    def test_they_use_metrics_of_background_work(self) -> None:
        metrics = BackgroundMetrics(lambda: BackgroundWork(QueueDepth(0, 0.0, 0), 0, 0))
        asyncio.run(metrics.refresh())
        exposed = {metric.name for metric in metrics.collect()}
        (group,) = yaml.safe_load(text("prometheus/alerts.store.yaml"))["groups"]
        for rule in group["rules"]:
            assert {one.name for one in used_metrics(rule["expr"])} <= exposed
            assert grouped(rule["expr"]) == {"job"}
        assert all(rule["alert"] in PAGE for rule in group["rules"])

    def test_they_fire_as_specified(self) -> None:
        run(tool("promtool"), "check", "rules", str(DEPLOY / "prometheus/alerts.store.yaml"))
        run(tool("promtool"), "test", "rules", str(Path(__file__).parent / "alerts.store.test.yaml"))


class TestCompose:
    @pytest.mark.parametrize("name", [name for name in COMPOSE if name != "facever"])
    def test_every_service_is_contained(self, name: str) -> None:
        service = COMPOSE[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert {"mem_limit", "cpus", "pids_limit"} <= set(service)
        assert "ports" not in service

    def test_only_facever_and_its_worker_leave_the_network_of_the_store(self) -> None:
        assert {name for name, one in COMPOSE.items() if one["networks"] != ["store"]} == {"facever", "worker"}

    def test_the_settings_are_valid(self) -> None:
        values = {name: re.sub(r"\$\{\w+:\?\}", "x", value) for name, value in COMPOSE["worker"]["environment"].items()}
        settings = settings_of({**values, "FACEVER_STORAGE_KEY": KEY})
        assert (
            COMPOSE["facever"]["environment"] == COMPOSE["worker"]["environment"] == COMPOSE["upgrade"]["environment"]
        )
        assert int(COMPOSE["worker"]["stop_grace_period"].removesuffix("s")) > stopping_seconds(settings)
        assert settings != Settings()
        for name in ("worker", "upgrade"):
            program, *arguments = COMPOSE[name]["command"]
            assert program == "facever"
            assert build().parse_args(arguments).run
            assert (COMPOSE[name]["user"], COMPOSE[name]["image"]) == (f"{UID}:{UID}", f"facever:{__version__}")
        assert settings.store.s3_endpoint == "http://s3:9000"
        assert settings.store.storage_url.removeprefix("s3://") in COMPOSE["bucket"]["entrypoint"][-1]

    def test_variables_that_it_needs_are_named(self) -> None:
        source = text("compose.store.yaml")
        head = source[: source.index("x-contained")]
        assert set(re.findall(r"\$\{(\w+):\?\}", source)) == set(
            re.findall(r"[A-Z][A-Z0-9_]+(?:PASSWORD|KEY|EMAIL)", head)
        )
