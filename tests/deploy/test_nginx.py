"""deploy/nginx: a real nginx in front of a real server."""

from __future__ import annotations

import base64
import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from faceVer.http.pipeline.paths import INSTANT_FOLDERS as FOLDERS_PATH
from faceVer.settings.field import MIB
from faceVer.settings.model import Settings
from tests.deploy.support_deploy import run, text
from tests.deploy.support_nginx import Nginx, directive, nothing_listens, replaced, seconds
from tests.support_endpoints import TABLE
from tests.support_server import JPEG, PATTERN, Response, Server

CONF, UPSTREAM = text("nginx/facever.conf"), text("nginx/upstream.conf")
FAMILIES = (f"{PATTERN}verify", "/v1/face/liveness/detect", FOLDERS_PATH)
"""One path per shape of error response."""


@pytest.fixture(scope="module")
def proxy(busy: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with Nginx(tmp_path_factory.mktemp("nginx"), busy.port) as running:
        yield running
        assert running.wrote_nothing()


def words(answer: Response) -> tuple[int, object, str, str | None]:
    """The parts of a response that clients rely on."""
    headers = answer.headers
    kind = headers["content-type"].partition(";")[0]
    return answer.status, answer.json(), kind, headers.get("access-control-allow-origin")


class TestLimits:
    def test_nginx_is_no_stricter_than_the_server(self) -> None:
        settings = Settings()
        assert int(directive(CONF, "client_max_body_size").removesuffix("m")) * MIB > settings.limits.max_request_bytes
        assert seconds(CONF, "client_header_timeout") >= settings.server.head_timeout
        assert seconds(CONF, "client_body_timeout") >= settings.server.body_timeout
        assert seconds(CONF, "proxy_send_timeout") > settings.server.body_timeout
        assert seconds(CONF, "proxy_read_timeout") > settings.server.request_timeout
        assert seconds(CONF, "send_timeout") >= settings.server.write_timeout

    def test_nginx_closes_idle_connections_before_the_server(self) -> None:
        assert seconds(UPSTREAM, "keepalive_timeout") < Settings().server.keepalive_timeout
        assert int(directive(UPSTREAM, "keepalive")) < Settings().server.max_connections
        assert directive(UPSTREAM, "server").startswith(f"127.0.0.1:{Settings().server.port} ")

    def test_the_compose_upstream_differs_in_its_address_only(self) -> None:
        plain = [line for line in UPSTREAM.splitlines() if not line.startswith("#")]
        compose = text("nginx/upstream-compose.conf").splitlines()[1:]
        strip = [line.partition(" #")[0].replace("127.0.0.1:", "facever:") for line in plain]
        assert [line.partition(" #")[0] for line in compose] == strip

    def test_every_path_is_named_in_the_log(self) -> None:
        found = re.findall(r'^    (?:"~(\S+)"|(/\S+)) \$uri;', CONF, re.MULTILINE)
        patterns = [pattern or re.escape(plain) for pattern, plain in found]
        ours = [
            path for path in TABLE.paths if path.startswith(("/v1/", "/api/")) or path in ("/version", "/readyz", "/")
        ]
        assert len(ours) > 10
        for path in ours:
            assert any(re.fullmatch(pattern, path) for pattern in patterns), path
            assert not any(re.fullmatch(pattern, f"{path}jane_doe") for pattern in patterns), path


def test_nginx_accepts_the_configuration(tmp_path: Path) -> None:
    nginx = Nginx(tmp_path, 1)
    run(*nginx.command, "-t")


class TestProxying:
    def test_bodies_of_15_megabytes_pass(self, proxy: Nginx, busy: Server, astronaut: bytes) -> None:
        # What follows a JPEG's end is not read.
        large = astronaut + bytes(Settings().limits.max_file_bytes - len(astronaut))
        answer = proxy.call("POST", f"{PATTERN}extract", large, JPEG)
        assert answer.status == 200
        assert answer.body == busy.template(astronaut)
        assert proxy.wrote_nothing()

    def test_large_responses_pass(self, proxy: Nginx, busy: Server, astronaut: bytes) -> None:
        answer = proxy.call("GET", "/openapi.json")
        assert answer.status == 200
        assert answer.body == busy.call("GET", "/openapi.json").body
        assert len(answer.body) > 65536  # more than nginx's buffers hold
        assert proxy.wrote_nothing()

    def test_base64_passes_both_ways(self, proxy: Nginx, busy: Server, astronaut: bytes) -> None:
        headers = {**JPEG, "Content-Transfer-Encoding": "base64"}
        answer = proxy.call("POST", f"{PATTERN}extract", base64.b64encode(astronaut), headers)
        assert (answer.status, answer.headers["content-transfer-encoding"]) == (200, "base64")
        assert base64.b64decode(answer.body, validate=True) == busy.template(astronaut)

    def test_chunked_bodies_pass(self, proxy: Nginx, busy: Server, astronaut: bytes) -> None:
        answer = proxy.call("POST", f"{PATTERN}extract", iter([astronaut[:9999], astronaut[9999:]]), JPEG)
        assert (answer.status, answer.body) == (200, busy.template(astronaut))

    @pytest.mark.parametrize("sent", ["a-client's-own-1", "", "no good", "x" * 129])
    def test_request_ids_agree(self, sent: str, proxy: Nginx, busy: Server) -> None:
        answer = proxy.call("GET", f"{PATTERN}extract?secret=word", headers={"X-Request-ID": sent} if sent else {})
        ident = answer.headers["x-request-id"]
        assert answer.code == "BPE-002002"
        assert ident == sent or re.fullmatch(r"[0-9a-f]{32}", ident)
        assert (ident == sent) == (sent == "a-client's-own-1")
        (theirs,), (ours,) = proxy.logged(ident), busy.logged(re.escape(ident))
        assert f" {ident} GET {PATTERN}extract {answer.status} " in theirs
        assert "secret" not in theirs
        assert f"{PATTERN}extract {answer.status} " in ours

    def test_unknown_paths_are_not_logged(self, proxy: Nginx) -> None:
        for ident, path in (("unknown-1", "/jane.doe"), ("unknown-2", f"{PATTERN}jane_doe")):
            answer = proxy.call("GET", path, headers={"X-Request-ID": ident})
            assert answer.code == "BPE-002006"
            (line,) = proxy.logged(ident)
            assert f" GET other {answer.status} " in line
        assert "jane" not in "".join(proxy.log)

    def test_metrics_are_blocked(self, proxy: Nginx) -> None:
        answer = proxy.call("GET", "/metrics")
        assert (answer.status, answer.code) == (404, "BPE-002006")

    def test_plain_http_is_redirected_to_tls(self, proxy: Nginx) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.plain)
        connection.request("GET", "/version", headers={"Host": "a.example"})
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Location"]) == (308, "https://a.example/version")
        connection.close()


class TestRejecting:
    def test_long_headers_get_the_server_s_response(self, proxy: Nginx, busy: Server) -> None:
        nginx, server = (one.call("GET", "/version", headers={"X-Long": "y" * 9000}) for one in (proxy, busy))
        assert words(nginx) == words(server)
        assert (nginx.status, nginx.code) == (431, "BPE-002007")

    def test_malformed_http_gets_the_server_s_response(self, proxy: Nginx, busy: Server) -> None:
        nginx, server = (one.call("GET", "/version", headers={"Content-Length": "x"}) for one in (proxy, busy))
        assert words(nginx) == words(server)
        assert (nginx.status, nginx.code) == (400, "BPE-002006")

    @pytest.mark.parametrize("path", FAMILIES)
    def test_large_bodies_get_the_server_s_response(self, path: str, proxy: Nginx) -> None:
        server, nginx = proxy.announce(path, Settings().limits.max_request_bytes + 1), proxy.announce(path, 200 * MIB)
        assert words(server) == words(nginx)
        assert nginx.status == 413
        assert nginx.headers["x-request-id"]
        assert len(proxy.logged(nginx.headers["x-request-id"])) == 1

    def test_overload_gets_the_server_s_response(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        """FaceVer's 503 passes unchanged; nginx's own, when FaceVer is down, equals it."""
        with Server(rate_limit="0.001", rate_burst="1") as server, nothing_listens() as nobody:
            server.extract(b"the one that may come")
            theirs = [server.call("POST", path, b"x", JPEG) for path in FAMILIES]
            with Nginx(tmp_path_factory.mktemp("nginx"), server.port) as proxy:
                passed = [proxy.call("POST", path, b"x", JPEG) for path in FAMILIES]
            with Nginx(tmp_path_factory.mktemp("nginx"), nobody) as proxy:
                made = [proxy.call("POST", path, b"x", JPEG) for path in FAMILIES]
        assert [answer.status for answer in theirs] == [503] * 3
        assert [words(answer) for answer in passed] == [words(answer) for answer in theirs]
        assert [words(answer) for answer in made] == [words(answer) for answer in theirs]
        # An overloaded server sends FACEVER_RETRY_AFTER; a rate limit sends when the next request may come.
        assert [answer.headers["retry-after"] for answer in made] == [str(Settings().api.retry_after)] * 3
        assert all(int(answer.headers["retry-after"]) > 900 for answer in passed)

    def test_rates_can_be_limited(self, busy: Server, tmp_path: Path) -> None:
        assert "# limit_req zone=facever_rate burst=100 nodelay;" in CONF
        slow = (
            ("rate=50r/s", "rate=1r/m"),
            ("# limit_req zone=facever_rate burst=100", "limit_req zone=facever_rate burst=1"),
        )
        with Nginx(tmp_path, busy.port, *slow) as proxy:
            answers = [proxy.call("GET", "/version") for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 503]
        assert (answers[2].code, answers[2].headers["retry-after"]) == ("BPE-001003", "1")


def test_the_check_detects_bodies_on_disk(busy: Server, tmp_path: Path, astronaut: bytes) -> None:
    """Check of the check: without the directive that forbids files, the worker is ended."""
    buffering = (("proxy_request_buffering off;", "proxy_request_buffering on;"),)
    with Nginx(tmp_path, busy.port, *buffering) as proxy:
        with pytest.raises((OSError, http.client.HTTPException)):
            proxy.call("POST", f"{PATTERN}extract", astronaut + bytes(MIB), JPEG)
        assert proxy.lost_its_worker()


def test_replaced_text_must_occur() -> None:
    with pytest.raises(AssertionError):
        replaced("a", ("b", "c"))
    assert json.loads(replaced('{"a": 1}', ("1", "2"))) == {"a": 2}
