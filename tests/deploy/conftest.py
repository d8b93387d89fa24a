"""A server after requests of each kind, the metrics it exposes, and a Prometheus that scrapes it."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from tests.deploy.support_deploy import text
from tests.deploy.support_metrics import Exposed
from tests.support_server import Server, free_port, template_part
from tests.support_wire import WAIT

Query = Callable[[str], list[Any]]
"""Evaluates an expression in Prometheus; its result."""


@pytest.fixture(scope="session")
def busy(server: Server, astronaut: bytes) -> Server:
    """The server after successful and failed requests."""
    template = server.template(astronaut)
    server.post("compare", [template_part("bio_feature", template), template_part("bio_template", template)])
    server.extract(b"no picture")
    for path in ("/readyz", "/livez", "/v1/face/liveness/health"):
        assert server.call("GET", path).status == 200
    return server


@pytest.fixture(scope="session")
def exposed(busy: Server) -> Exposed:
    return Exposed(busy.call("GET", "/metrics").body.decode())


@pytest.fixture(scope="package", autouse=True)
def scraper(busy: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Prometheus's port, 0 if it is not installed. It takes five seconds to start, so it starts before it is needed."""
    program, folder, port = shutil.which("prometheus"), tmp_path_factory.mktemp("prometheus"), free_port()
    if program is None:
        yield 0
        return
    config = yaml.safe_load(text("prometheus/prometheus.yml"))
    config["global"]["scrape_interval"] = "250ms"
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{busy.port}"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    for name in config["rule_files"]:
        (folder / name).write_text(text(f"prometheus/{name}"))
    options = {"config.file": folder / "prometheus.yml", "storage.tsdb.path": folder / "data"}
    process = subprocess.Popen(
        [program, *(f"--{name}={value}" for name, value in options.items()), f"--web.listen-address=127.0.0.1:{port}"],
        stderr=subprocess.DEVNULL,
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(WAIT)


@pytest.fixture(scope="package")
def prometheus(scraper: int) -> Query:
    """A real Prometheus that has scraped the server."""
    if not scraper:
        pytest.skip("prometheus is not there")

    def query(expression: str) -> list[Any]:
        address = f"http://127.0.0.1:{scraper}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(address, timeout=WAIT) as answer:
            document = json.load(answer)
        assert document["status"] == "success"
        return list(document["data"]["result"])

    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        try:
            if query("min(count_over_time(facever_requests_total[1m])) > 2"):
                return query
        except OSError:
            pass  # it has not begun to listen
        time.sleep(0.1)
    raise AssertionError("Prometheus did not scrape")
