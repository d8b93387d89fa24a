"""The endpoint table: look-up by the matched resource, labels, limits, paths with parameters."""

from __future__ import annotations

import asyncio
import json
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from faceVer.domain.errors import SettingsError
from faceVer.http.endpoints import OPERATIONS, endpoint_table
from faceVer.http.lite.errors import FACES, LIVENESS
from faceVer.http.oz.errors import OZ
from faceVer.http.pipeline.authentication import new_key
from faceVer.http.pipeline.context import METRICS
from faceVer.http.pipeline.endpoint import OTHER, Endpoint, EndpointTable, Lane
from faceVer.http.pipeline.responses import json_response
from faceVer.http.server.app import create_app
from faceVer.http.vendor.errors import LIVENESS as VENDOR_LIVENESS
from faceVer.http.vendor.errors import VERIFICATION
from faceVer.settings.model import Settings
from tests.support_endpoints import TABLE

FOLDER = "/api/folders/{folder_id}/"


async def folder(request: web.Request) -> web.Response:
    """Read a folder."""
    return json_response({"folder_id": request.match_info["folder_id"]})


def table() -> EndpointTable:
    row = Endpoint(method="GET", path=FOLDER, handler=folder, family=OZ)
    add = Endpoint(method="POST", path=FOLDER, handler=folder, family=OZ)
    return EndpointTable([*TABLE.endpoints, row, add], [("/api/", OZ), ("/", OPERATIONS)])


def answers(settings: Settings, *requests: tuple[str, str, dict[str, str]]) -> tuple[list[tuple[int, str]], set[str]]:
    """(status and body of each request, labels counted) of an app with the test's table."""

    async def main() -> tuple[list[tuple[int, str]], set[str]]:
        engine = Mock(infos=(), backend=Mock(providers=()))
        app = create_app(settings, engine, folders=Mock(infos=()), table=table())
        async with TestClient(TestServer(app)) as client:
            found = []
            for method, path, headers in requests:
                async with client.request(method, path, headers=headers) as response:
                    found.append((response.status, await response.text()))
            return found, {label for label, _, _ in app[METRICS].requests()}

    return asyncio.run(main())


def test_a_path_with_a_parameter_is_found_counted_and_limited() -> None:
    key, line = new_key("tests")
    settings = Settings.of(api_keys=(line,), rate_limit=0.001, rate_burst=1)
    with_key = {"X-Forensic-Access-Token": key}
    found, labels = answers(
        settings,
        ("GET", "/api/folders/f-1/", {}),
        ("GET", "/api/folders/f-1/", {"X-Forensic-Access-Token": "wrong"}),
        ("GET", "/api/folders/f-1/", with_key),
        ("POST", "/api/folders/f-2/", with_key),
        ("DELETE", "/api/folders/f-2/", {}),
    )
    assert [status for status, _ in found] == [401, 401, 200, 503, 401]
    assert [json.loads(body).get("error_code") for _, body in found] == [6, 7, None, 0, 6]
    assert json.loads(found[2][1]) == {"folder_id": "f-1"}
    assert labels == {FOLDER}


def test_a_wrong_method_on_a_path_with_a_parameter_is_an_error_of_its_family() -> None:
    found, labels = answers(Settings(), ("DELETE", "/api/folders/f/", {}), ("GET", "/api/folders/f/x/", {}))
    assert [status for status, _ in found] == [405, 404]
    assert labels == {FOLDER, OTHER}


def test_an_endpoint_of_a_full_lane_rejects_before_the_body() -> None:
    async def main() -> int:
        app = create_app(Settings(), Mock(infos=(), backend=Mock(providers=())), folders=Mock(infos=()), table=table())
        from faceVer.http.pipeline.context import EXECUTOR

        app[EXECUTOR].inference.requests = 10_000
        async with TestClient(TestServer(app)) as client, client.post("/api/folders/f/", data=b"x") as response:
            return response.status

    assert asyncio.run(main()) == 503


def test_unknown_paths_belong_to_the_family_of_their_prefix() -> None:
    families = {"/v1/face/pattern/x": FACES, "/v1/face/liveness": LIVENESS, "/api/x": OZ, "/apix": OPERATIONS}
    assert {path: TABLE.family_of(path) for path in families} == families


def test_every_endpoint_has_a_label_without_client_data() -> None:
    assert OTHER in TABLE.labels
    assert {row.label for row in TABLE.endpoints} < set(TABLE.labels)
    assert [row.path for row in TABLE.endpoints if row.lane is Lane.COMPARISON] == [
        "/v1/face/pattern/compare",
        "/v1/face/pattern/compare_n",
    ]


def test_a_vendor_prefix_adds_rows_and_changes_no_others() -> None:
    for prefix, base in (("bank", "/v1/bank/pattern"), ("a/b", "/v1/a/b/pattern"), (".", "/v1/pattern")):
        found = endpoint_table(Settings.of(vendor_prefix=(prefix,)))
        liveness = base.replace("pattern", "liveness")
        names = {path.removeprefix(base) for path in set(found.paths) - set(TABLE.paths)}
        assert names == {"/health", "/extract", "/compare", "/verify", f"{liveness}/health", f"{liveness}/detect"}
        assert found.family_of(f"{base}/x") is VERIFICATION
        assert found.family_of(f"{liveness}/x") is VENDOR_LIVENESS
        assert {row.family for row in found.endpoints if row.path.startswith("/v1/face/pattern/")} == {FACES}


def test_the_vendor_prefix_face_replaces_paths_of_api_lite() -> None:
    found = endpoint_table(Settings.of(vendor_prefix=("face",)))
    assert set(found.paths) == set(TABLE.paths)
    rows = [row for row in found.endpoints if row.path.startswith("/v1/face/pattern/")]
    assert {row.family for row in rows} == {VERIFICATION}
    changed = {row.path.rpartition("/")[2] for row in rows if row.parts and "image/*" in row.parts[0].types}
    assert changed == {"verify"}
    assert found.at("/v1/face/liveness/detect").family is LIVENESS


@pytest.mark.parametrize("prefix", ["/a", "a/", "a b", "..", "a/../b", "", "ä"])
def test_a_vendor_prefix_must_be_a_path_segment(prefix: str) -> None:
    with pytest.raises(SettingsError, match="VENDOR_PREFIX"):
        Settings.of(vendor_prefix=(prefix,))
