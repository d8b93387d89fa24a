"""Metrics of a real server, and the metrics that PromQL expressions use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from prometheus_client.parser import text_string_to_metric_families

from faceVer.observability.metrics import Metrics
from tests.deploy.support_deploy import text
from tests.support_endpoints import TABLE

DASHBOARD = json.loads(text("grafana/facever-dashboard.json"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]
RULES = [rule for group in yaml.safe_load(text("prometheus/alerts.yaml"))["groups"] for rule in group["rules"]]

SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds."""
METRIC = re.compile(r"\b(facever_[a-z_]+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


@dataclass(frozen=True, slots=True)
class UsedMetric:
    """One metric in an expression. matchers: (label, operator, value)."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]


def used_metrics(expression: str) -> Iterator[UsedMetric]:
    for name, inside in METRIC.findall(expression):
        yield UsedMetric(name, tuple(MATCHER.findall(inside)))


def grouped(expression: str) -> set[str]:
    """Labels that an expression groups by."""
    return {label.strip() for inside in re.findall(r"\bby \(([^)]*)\)", expression) for label in inside.split(",")}


class Exposed:
    """The samples of one scrape: names, labels and their values."""

    def __init__(self, scrape: str) -> None:
        self._values: dict[str, dict[str, set[str]]] = {"up": {}}
        for family in text_string_to_metric_families(scrape):
            for sample in family.samples:
                if sample.name.endswith("_created"):
                    continue
                labels = self._values.setdefault(sample.name, {})
                for label, value in sample.labels.items():
                    labels.setdefault(label, set()).add(value)
        # A server that has just begun shows what has happened; these can happen.
        requests = self._values["facever_requests_total"]
        requests["route"] |= set(TABLE.labels)
        for status, code in Metrics(TABLE.labels, TABLE.outcomes).outcomes:
            requests["status"].add(status)
            requests["code"].add(code)

    @property
    def names(self) -> set[str]:
        return set(self._values)

    def labels(self, name: str) -> set[str]:
        return {*self._values[name], *SCRAPED}

    def values(self, name: str, label: str) -> set[str]:
        return self._values[name][label]

    def complaint(self, one: UsedMetric) -> str:
        """Why the server does not expose a requested metric; "" if it does."""
        if one.name not in self._values:
            return f"{one.name} is not exposed"
        for label, operator, value in one.matchers:
            if label not in self.labels(one.name):
                return f"{one.name} has no label {label}"
            if "$" in value or label in SCRAPED:
                continue
            known = self.values(one.name, label)
            if operator in ("=", "!="):
                met = value in known or value == ""
            else:
                met = any(re.fullmatch(value, candidate) for candidate in known)
            if not met:
                return f"no {label} of {one.name} is ever {value}"
        return ""
