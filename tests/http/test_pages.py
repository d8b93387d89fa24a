"""The static files of the console and the documentation page: headers, caching, settings that switch them off."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceVer.http import console
from faceVer.http.ops import openapi
from faceVer.http.ops.assets import CONTENT_TYPES
from faceVer.http.pipeline.authentication import new_key
from tests.support_endpoints import CONSOLE_FILES
from tests.support_server import Server

FILES = sorted({*CONSOLE_FILES, *openapi.FILES})


@pytest.mark.parametrize("path", FILES)
def test_a_file_has_a_content_type_and_is_revalidated_by_etag(server: Server, path: str) -> None:
    response = server.call("GET", path)
    assert response.status == 200
    assert response.body
    assert response.headers["content-type"] == CONTENT_TYPES.get(Path(path).suffix, CONTENT_TYPES[".html"])
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-content-type-options"] == "nosniff"
    revalidated = server.call("GET", path, headers={"If-None-Match": f'"other", W/{response.headers["etag"]}'})
    assert (revalidated.status, revalidated.body) == (304, b"")
    assert server.call("GET", path, headers={"If-None-Match": '"other"'}).status == 200


@pytest.mark.parametrize("path", [console.PAGE, openapi.PAGE])
def test_the_content_security_policy_allows_only_this_server(server: Server, path: str) -> None:
    policy = server.call("GET", path).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


def test_wrong_methods_and_unknown_files_are_errors(server: Server) -> None:
    assert server.call("POST", console.PAGE).code == "BPE-002002"
    assert server.call("GET", "/console/nothing.js").status == 404
    assert server.call("GET", "/console/../../config.py").status == 404
    assert server.call("GET", "/docs/%2e%2e/__init__.py").status == 404


def test_settings_switch_both_pages_off() -> None:
    with Server(console="off", docs="false") as running:
        for path in (*FILES, "/openapi.json"):
            assert running.call("GET", path).status == 404, path


def test_with_api_keys_the_console_is_off_unless_switched_on() -> None:
    key, line = new_key("tests")
    with Server(api_keys=line) as running:
        assert running.call("GET", console.PAGE).status == 404
        assert running.call("GET", openapi.PAGE).status == 200
    with Server(api_keys=line, console="on") as running:
        assert running.call("GET", console.PAGE).status == 200
        for path in (console.FACE, console.LIVENESS):
            assert running.call("POST", path, b"").status == 401, path
            assert running.call("POST", path, b"", {"X-API-Key": key}).status == 400, path
