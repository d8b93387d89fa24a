"""deploy/kubernetes: valid by the schemas, consistent with each other and with FaceVer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from faceVer import __version__
from faceVer.http.pipeline.endpoint import Access
from faceVer.http.pipeline.paths import METRICS as METRICS_PATH
from faceVer.settings.model import Settings
from tests.deploy.support_deploy import DEPLOY, UID, documents, run, settings_of, stopping_seconds, text, tool
from tests.deploy.support_metrics import Exposed
from tests.support_endpoints import TABLE

KUBERNETES = DEPLOY / "kubernetes"
VERSIONS = ("1.29", "1.37")
"""Oldest and newest supported version of Kubernetes."""
CUSTOM = ("ServiceMonitor", "Kustomization", "Component")
"""Kinds of other projects, without a schema here."""
Document = dict[str, Any]


def folder(name: str) -> dict[str, Document]:
    """Resources in a kustomization's own files, by kind."""
    kustomization = yaml.safe_load(text(f"kubernetes/{name}/kustomization.yaml"))
    files = [*kustomization.get("resources", ()), *(one["path"] for one in kustomization.get("patches", ()))]
    read = [one for file in files for one in documents(text(f"kubernetes/{name}/{file}"))]
    assert len({one["kind"] for one in read}) == len(read)
    return {one["kind"]: one for one in read}


def rendered(path: Path) -> dict[str, Document]:
    """Resources that would be applied, by kind."""
    return {one["kind"]: one for one in documents(run(tool("kubectl"), "kustomize", str(path)))}


def check(found: dict[str, Document]) -> None:
    for version in VERSIONS:
        for kind, document in found.items():
            if kind not in CUSTOM:
                kubernetes_validate.validate(document, version, strict=True)


BASE = folder("base")
POD = BASE["Deployment"]["spec"]["template"]
(CONTAINER,) = POD["spec"]["containers"]
LABELS = POD["metadata"]["labels"]
ENVIRONMENT = {one["name"]: one.get("value") for one in CONTAINER["env"]}


@pytest.fixture(scope="module")
def settings() -> Settings:
    return settings_of({name: value for name, value in ENVIRONMENT.items() if value is not None})


class TestSchemas:
    def test_the_base_is_valid(self) -> None:
        assert len(BASE) == 6
        check(BASE)

    def test_the_components_are_valid(self) -> None:
        for name in ("prometheus", "webhooks"):
            parts = folder(name)
            parts.get("HorizontalPodAutoscaler", {}).get("spec", {}).update(BASE["HorizontalPodAutoscaler"]["spec"])
            parts.get("NetworkPolicy", {}).get("spec", {}).update(BASE["NetworkPolicy"]["spec"])
            check(parts)

    def test_an_invalid_field_is_reported(self) -> None:
        with pytest.raises(kubernetes_validate.ValidationError):
            check({"Service": {**BASE["Service"], "specs": {}}})

    def test_kustomize_builds_the_base(self) -> None:
        assert rendered(KUBERNETES / "base") == BASE

    def test_kustomize_builds_the_example(self) -> None:
        made = rendered(KUBERNETES / "example")
        check(made)
        assert set(made) == {*BASE, "Namespace", "Secret", "Ingress", "ServiceMonitor"}
        namespace = made.pop("Namespace")["metadata"]["name"]
        assert {one["metadata"]["namespace"] for one in made.values()} == {namespace}
        (container,) = made["Deployment"]["spec"]["template"]["spec"]["containers"]
        assert container["image"] == f"registry.example.com/facever:{__version__}"
        references = [one["valueFrom"]["secretKeyRef"]["name"] for one in container["env"] if "valueFrom" in one]
        assert set(references) == {made["Secret"]["metadata"]["name"]}
        settings_of({one["name"]: one["value"] for one in container["env"] if "value" in one})
        metrics = made["HorizontalPodAutoscaler"]["spec"]["metrics"]
        assert [one["type"] for one in metrics] == ["Pods", "Resource"]
        assert made["HorizontalPodAutoscaler"]["spec"]["behavior"]

    def test_kustomize_builds_the_webhooks_component(self, tmp_path: Path) -> None:
        (tmp_path / "kubernetes").symlink_to(KUBERNETES)
        overlay = {"resources": ["kubernetes/base"], "components": ["kubernetes/webhooks"]}
        (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
        made = rendered(tmp_path)
        check(made)
        assert len(made["NetworkPolicy"]["spec"]["egress"]) == 2
        assert made["NetworkPolicy"]["spec"]["ingress"] == BASE["NetworkPolicy"]["spec"]["ingress"]


class TestConsistency:
    def test_selectors_choose_the_pods(self) -> None:
        assert BASE["Deployment"]["spec"]["selector"]["matchLabels"] == LABELS
        assert BASE["Service"]["spec"]["selector"] == LABELS
        assert BASE["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == LABELS
        assert BASE["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == LABELS
        spread = POD["spec"]["topologySpreadConstraints"]
        assert [one["labelSelector"]["matchLabels"] for one in spread] == [LABELS] * 2
        monitor = folder("prometheus")["ServiceMonitor"]["spec"]
        assert monitor["selector"]["matchLabels"].items() <= BASE["Service"]["metadata"]["labels"].items()

    def test_the_autoscaler_scales_the_deployment(self) -> None:
        spec = BASE["HorizontalPodAutoscaler"]["spec"]
        target = BASE["Deployment"]
        assert spec["scaleTargetRef"] == {
            "apiVersion": target["apiVersion"],
            "kind": target["kind"],
            "name": target["metadata"]["name"],
        }
        assert "replicas" not in target["spec"]
        # With one replica the budget would allow its eviction.
        assert spec["minReplicas"] > BASE["PodDisruptionBudget"]["spec"]["maxUnavailable"]
        assert POD["spec"]["serviceAccountName"] == BASE["ServiceAccount"]["metadata"]["name"]

    def test_ports_match_the_server(self, settings: Settings) -> None:
        (port,) = CONTAINER["ports"]
        assert port["containerPort"] == settings.server.port
        (served,) = BASE["Service"]["spec"]["ports"]
        assert served["targetPort"] == port["name"]
        (rule,) = BASE["NetworkPolicy"]["spec"]["ingress"]
        assert [one["port"] for one in rule["ports"]] == [port["name"]]
        (endpoint,) = folder("prometheus")["ServiceMonitor"]["spec"]["endpoints"]
        assert (endpoint["port"], endpoint["path"]) == (served["name"], METRICS_PATH)
        (ingress,) = documents(text("kubernetes/example/ingress.yaml"))
        (name,) = {json.dumps(one["backend"]["service"]) for one in ingress["spec"]["rules"][0]["http"]["paths"]}
        assert json.loads(name) == {"name": BASE["Service"]["metadata"]["name"], "port": {"name": served["name"]}}

    def test_the_ingress_exposes_client_paths_only(self) -> None:
        (ingress,) = documents(text("kubernetes/example/ingress.yaml"))
        paths = [(one["path"], one["pathType"]) for one in ingress["spec"]["rules"][0]["http"]["paths"]]

        def let_in(path: str) -> bool:
            return any(path == start or (kind == "Prefix" and path.startswith(f"{start}/")) for start, kind in paths)

        own = {path for path in TABLE.paths if not let_in(path)}
        assert {path for path in own if not path.startswith("/console/")} == {"/", METRICS_PATH, "/livez", "/readyz"}

    def test_the_ingress_is_no_stricter_than_the_server(self, settings: Settings) -> None:
        (ingress,) = documents(text("kubernetes/example/ingress.yaml"))
        noted = {name.rpartition("/")[2]: value for name, value in ingress["metadata"]["annotations"].items()}
        assert int(noted["proxy-body-size"].removesuffix("m")) << 20 > settings.limits.max_request_bytes
        assert int(noted["proxy-read-timeout"]) > settings.server.request_timeout
        assert (noted["proxy-request-buffering"], noted["proxy-max-temp-file-size"]) == ("off", "0")


class TestFaceVerSettings:
    def test_settings_are_valid(self, settings: Settings) -> None:
        assert settings != Settings()
        assert POD["spec"]["terminationGracePeriodSeconds"] > stopping_seconds(settings)
        memory = int(CONTAINER["resources"]["limits"]["memory"].removesuffix("Gi")) << 30
        assert settings.limits.max_inflight_bytes * 2 < memory

    def test_secrets_are_optional_and_listed_in_the_example(self) -> None:
        secrets = [one["valueFrom"]["secretKeyRef"] for one in CONTAINER["env"] if "valueFrom" in one]
        assert secrets
        assert all(one["optional"] for one in secrets)
        example = re.findall(r"^(?:# )?([a-z-]+)=", text("kubernetes/example/secret.env"), re.MULTILINE)
        assert sorted(example) == sorted(one["key"] for one in secrets)
        names = {name for name, value in ENVIRONMENT.items() if value is None}
        values = {"FACEVER_API_KEYS": "a:" + "0" * 64, "FACEVER_TEMPLATE_KEY": "0" * 64, "FACEVER_WEBHOOK_SECRET": "x"}
        assert names == set(values)
        assert settings_of(values).auth.api_keys
        # A missing optional key is an unset variable; an empty one counts as unset.
        settings_of(dict.fromkeys(values, ""))

    def test_probes_use_open_endpoints(self, settings: Settings) -> None:
        for name in ("startupProbe", "readinessProbe", "livenessProbe"):
            probe = CONTAINER[name]
            assert TABLE.at(probe["httpGet"]["path"]).access is Access.OPEN
            assert probe["httpGet"]["port"] == CONTAINER["ports"][0]["name"]
            assert probe["timeoutSeconds"] > settings.api.health_timeout

    def test_the_pod_has_no_unneeded_privileges(self) -> None:
        pod, container = POD["spec"]["securityContext"], CONTAINER["securityContext"]
        assert (pod["runAsNonRoot"], pod["runAsUser"], pod["runAsGroup"]) == (True, UID, UID)
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["readOnlyRootFilesystem"] is True
        assert container["allowPrivilegeEscalation"] is False
        assert container["capabilities"] == {"drop": ["ALL"]}
        assert POD["spec"]["automountServiceAccountToken"] is False
        assert BASE["ServiceAccount"]["automountServiceAccountToken"] is False
        assert "volumes" not in POD["spec"]
        policy = BASE["NetworkPolicy"]["spec"]
        assert sorted(policy["policyTypes"]) == ["Egress", "Ingress"]
        assert policy["egress"] == []
        assert CONTAINER["image"] == f"facever:{__version__}"

    def test_the_autoscaler_s_metric_is_exposed(self, exposed: Exposed) -> None:
        metric = folder("prometheus")["HorizontalPodAutoscaler"]["spec"]["metrics"][0]["pods"]["metric"]
        (rule,) = yaml.safe_load(text("kubernetes/prometheus/adapter-values.yaml"))["rules"]["custom"]
        assert rule["name"]["as"] == rule["name"]["matches"] == metric["name"]
        assert rule["seriesQuery"].startswith(metric["name"] + "{")
        for label, value in metric["selector"]["matchLabels"].items():
            assert value in exposed.values(metric["name"], label)
        # The query uses the autoscaler's selector; without it the lanes would be added up.
        assert "<<.LabelMatchers>>" in rule["metricsQuery"]
