"""Dashboard, alerts and scrape configuration use metrics that a real server exposes."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from faceVer.http.pipeline.endpoint import Access
from faceVer.http.pipeline.paths import METRICS as METRICS_PATH
from tests.deploy.support_deploy import DEPLOY, run, text, tool
from tests.deploy.support_metrics import DASHBOARD, EXPRESSIONS, PANELS, RULES, Exposed, grouped, used_metrics
from tests.support_endpoints import TABLE
from tests.support_server import Server
from tests.support_wire import WAIT

VARIABLES = {one["name"]: one for one in DASHBOARD["templating"]["list"]}


class TestDashboard:
    @pytest.mark.parametrize("target", [pytest.param(one, id=title) for title, one in EXPRESSIONS])
    def test_queries_use_exposed_metrics(self, target: dict[str, Any], exposed: Exposed) -> None:
        queried = list(used_metrics(target["expr"]))
        assert queried
        assert [complaint for one in queried if (complaint := exposed.complaint(one))] == []
        known = set().union(*(exposed.labels(one.name) for one in queried))
        shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        assert grouped(target["expr"]) <= known
        assert shown <= (grouped(target["expr"]) or known)

    def test_shows_every_metric(self, exposed: Exposed) -> None:
        used = {one.name for _, target in EXPRESSIONS for one in used_metrics(target["expr"])}
        parts = re.compile(r"_(bucket|sum|count)$")
        assert {parts.sub("", name) for name in exposed.names} == {parts.sub("", name) for name in used}

    def test_grafana_s_model_accepts_the_dashboard(self) -> None:
        assert {"uid", "title", "schemaVersion", "panels", "templating", "time"} <= set(DASHBOARD)
        assert "id" not in DASHBOARD  # Grafana's own
        assert Counter(panel["id"] for panel in DASHBOARD["panels"]).most_common(1)[0][1] == 1
        for panel in PANELS:
            assert panel["type"] in ("stat", "timeseries", "table")
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert panel["fieldConfig"]["defaults"]["unit"]
            assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        for name, variable in VARIABLES.items():
            assert name == "datasource" or variable["datasource"]["uid"] == "${datasource}"
        used = set(re.findall(r"\$\{?([a-z]\w*)", json.dumps(DASHBOARD)))
        assert used == set(VARIABLES)

    def test_panels_do_not_overlap(self) -> None:
        places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
        assert all(one["x"] >= 0 and one["x"] + one["w"] <= 24 for one in places)
        for one, other in combinations(places, 2):
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert beside or above, (one, other)

    def test_provisioning_points_to_the_dashboard(self) -> None:
        mounts = dict(
            mount.split(":")[:2] for mount in yaml.safe_load(text("compose.yaml"))["services"]["grafana"]["volumes"]
        )
        (provider,) = yaml.safe_load(text("grafana/provisioning/dashboards/facever.yaml"))["providers"]
        place = mounts["./grafana/facever-dashboard.json"]
        assert str(Path(place).parent) == provider["options"]["path"]
        home = yaml.safe_load(text("compose.yaml"))["services"]["grafana"]["environment"]
        assert home["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == place


class TestAlerts:
    @pytest.mark.parametrize("rule", [pytest.param(rule, id=rule["alert"]) for rule in RULES])
    def test_expressions_use_exposed_metrics(self, rule: dict[str, Any], exposed: Exposed) -> None:
        queried = list(used_metrics(rule["expr"]))
        assert queried
        assert [complaint for one in queried if (complaint := exposed.complaint(one))] == []
        labels = grouped(rule["expr"]) or {"job", "instance"}
        shown = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
        assert shown <= labels
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "action"}

    def test_the_deployment_page_lists_each_alert(self) -> None:
        page = (DEPLOY.parent / "docs" / "deployment.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| (FaceVer\w+) \| (\w+) \|", page, re.MULTILINE)
        assert rows == [(rule["alert"], rule["labels"]["severity"]) for rule in RULES]

    def test_promtool_accepts_the_rules(self) -> None:
        run(tool("promtool"), "check", "rules", str(DEPLOY / "prometheus/alerts.yaml"))
        run(tool("promtool"), "check", "config", str(DEPLOY / "prometheus/prometheus.yml"))

    def test_alerts_fire_as_specified(self) -> None:
        run(tool("promtool"), "test", "rules", str(Path(__file__).parent / "alerts.test.yaml"))


def test_promtool_accepts_the_metrics(busy: Server) -> None:
    scrape = busy.call("GET", METRICS_PATH).body
    done = subprocess.run([tool("promtool"), "check", "metrics"], input=scrape, capture_output=True, timeout=WAIT)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_scrape_configuration_matches_the_server() -> None:
    config = yaml.safe_load(text("prometheus/prometheus.yml"))
    (job,) = config["scrape_configs"]
    assert job.get("metrics_path", "/metrics") == METRICS_PATH
    assert TABLE.at(METRICS_PATH).access is Access.GUARDED
    services = yaml.safe_load(text("compose.yaml"))["services"]
    (target,) = job["static_configs"][0]["targets"]
    name, _, port = target.partition(":")
    assert services[name]["ports"][0].endswith(f":{port}")
    assert set(services[name]["networks"]) & set(services["prometheus"]["networks"])
    assert all(f'job="{job["job_name"]}"' in rule["expr"] for rule in RULES if rule["alert"] == "FaceVerDown")
