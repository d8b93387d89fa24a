"""Panels and alerts, evaluated by a real Prometheus that scrapes a real server."""

from __future__ import annotations

import re

from tests.deploy.conftest import Query
from tests.deploy.support_metrics import EXPRESSIONS, RULES


def test_every_panel_has_data(prometheus: Query) -> None:
    silent = []
    for title, target in EXPRESSIONS:
        expression = target["expr"].replace("$__rate_interval", "1m").replace('"$job"', '"facever"')
        expression = re.sub(r'"\$(instance|route)"', '".*"', expression)
        assert "$" not in expression
        if not prometheus(expression):
            silent.append(title)
    assert not silent


def test_a_healthy_server_raises_no_alert(prometheus: Query) -> None:
    for rule in RULES:
        assert prometheus(rule["expr"]) == [], rule["alert"]
    assert prometheus('up{job="facever"}')[0]["value"][1] == "1"
