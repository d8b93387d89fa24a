"""The error codes of instant folders on a real server."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from faceVer.domain.errors import InferenceError
from faceVer.http.server.app import create_app
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings
from tests.http.support_folders import (
    DETECT,
    INSTANT,
    assert_oz_error,
    media_part,
    payload_part,
    photo,
    post_folder,
    quality,
    send,
    video,
)
from tests.support_server import JPEG, Server, form


class TestInstantErrors:
    """docs/contract.md, Instant folders: the shape and the codes of the Oz API."""

    @pytest.mark.parametrize("payload", [b"", b"{nope", b"[]", b"null", b"\xff", b'{"a": ' + b"[" * 70 + b"]" * 70])
    def test_code_3_for_a_payload_of_wrong_structure(self, server: Server, payload: bytes) -> None:
        response = post_folder(server, {"m": photo()}, payload, INSTANT)
        assert_oz_error(response, 400, 3, "payload")

    def test_code_3_for_a_payload_sent_twice(self, server: Server) -> None:
        parts = [media_part("m", photo()), payload_part({}), payload_part({})]
        assert_oz_error(send(server, parts, INSTANT), 400, 3, "payload")

    @pytest.mark.parametrize(
        ("payload", "field"),
        [
            ({"analyses": [quality(threshold_spoofing=7)]}, "analyses[0].params.threshold_spoofing"),
            ({"analyses": [{"type": "blacklist"}]}, "analyses[0].type"),
            ({"analyses": [{"source_media": ["x"]}]}, "analyses[0].source_media[0]"),
        ],
    )
    def test_code_4_for_a_wrong_value(self, server: Server, payload: Any, field: str) -> None:
        assert_oz_error(post_folder(server, {"m": photo()}, payload, INSTANT), 400, 4, field)

    def test_code_4_for_unreadable_media(self, server: Server) -> None:
        assert_oz_error(post_folder(server, {}, {}, INSTANT), 400, 4, "media")
        for media in ({"m": b"junk" * 99}, {"m": b""}, {"m": photo()[:2000]}, {"m": video()[:200]}):
            assert_oz_error(post_folder(server, media, {}, INSTANT), 400, 4)
        assert_oz_error(send(server, [media_part("m", photo())] * 2, INSTANT), 400, 4, "m")

    @pytest.mark.parametrize(
        ("payload", "field"),
        [
            ({"analyses": "quality"}, "analyses"),
            ({"analyses": [quality(extract_best_shot=1)]}, "analyses[0].params.extract_best_shot"),
            ({"media:tags": {"m": "selfie"}}, "media:tags.m"),
            ({"resolution_endpoint": 1}, "resolution_endpoint"),
        ],
    )
    def test_code_5_for_a_wrong_type(self, server: Server, payload: Any, field: str) -> None:
        assert_oz_error(post_folder(server, {"m": photo()}, payload, INSTANT), 400, 5, field)

    def test_code_5_for_a_wrong_content_type(self, server: Server) -> None:
        for content_type in (
            "application/json",
            "image/jpeg",
            "multipart/form-data",
            "multipart/mixed; boundary=72468",
        ):
            assert_oz_error(server.call("POST", INSTANT, form([]), {"Content-Type": content_type}), 400, 5)
        assert_oz_error(send(server, [media_part("m", photo(), "text/plain")], INSTANT), 400, 5)
        assert_oz_error(send(server, [], INSTANT, {"Content-Transfer-Encoding": "x-rot13"}), 400, 5)

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
    def test_code_1_for_a_wrong_method(self, server: Server, method: str) -> None:
        response = server.call(method, INSTANT, b"x" if method == "PUT" else None)
        if method == "HEAD":
            assert response.status == 405
        else:
            assert_oz_error(response, 405, 1)

    @pytest.mark.parametrize("path", ["/api/", "/api/instant", "/api/instant/folders/1", "/api/folders/", "/api/x?y"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_code_10_for_an_unknown_path(self, server: Server, method: str, path: str) -> None:
        assert_oz_error(server.call(method, path), 404, 10)

    def test_code_4_for_too_large_requests(self, server: Server) -> None:
        assert_oz_error(post_folder(server, {f"m{n}": photo() for n in range(11)}, {}, INSTANT), 413, 4)
        assert_oz_error(post_folder(server, {"m": photo() + bytes(15 << 20)}, {}, INSTANT), 413, 4)

    @pytest.mark.parametrize(
        ("error", "status", "lde"),
        [(ZeroDivisionError("secret"), 500, "001001"), (InferenceError("secret"), 400, "001002")],
    )
    def test_code_0_for_internal_errors(
        self,
        engine: FaceEngine,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception,
        status: int,
        lde: str,
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(FolderService, "run", fail)
        monkeypatch.setattr(FolderService, "detect_image", fail)
        monkeypatch.setattr(FolderService, "probe", fail)

        async def main() -> list[tuple[int, Any]]:
            async with TestServer(create_app(settings, engine)) as running, aiohttp.ClientSession() as session:
                root = str(running.make_url("")).rstrip("/")
                found = []
                headers = {"Content-Type": "multipart/form-data; boundary=72468"}
                for route, body, head in ((INSTANT, form([media_part("m", photo())]), headers),
                                          (DETECT, form([media_part("m", photo())]), headers),
                                          (DETECT, photo(), JPEG)):  # fmt: skip
                    async with session.post(root + route, data=body, headers=head) as response:
                        found.append((response.status, await response.json()))
                async with session.get(root + "/v1/face/liveness/health") as response:
                    found.append((response.status, await response.json()))
                return found

        instant, multipart, single, health = asyncio.run(main())
        message = {
            "001001": "Internal liveness detection processor error",
            "001002": "TFSS error. Call the health method",
        }[lde]
        assert instant == (status, {"error_code": 0, "error_message": message, "details": None})
        assert multipart == single == (status, {"code": f"LDE-{lde}", "message": message})
        assert (health[0], health[1]["status"]) == (503, 3)
        assert "secret" not in str(health)


def test_instant_folders_allow_cross_origin_requests(server: Server) -> None:
    preflight = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "content-type, content-transfer-encoding, x-request-id"}  # fmt: skip
    for route in (INSTANT, DETECT):
        response = server.call("OPTIONS", route, headers=preflight)
        assert (response.status, response.headers["access-control-allow-origin"]) == (204, "*")
    response = post_folder(server, {"m": photo()})
    assert response.headers["access-control-allow-origin"] == "*"
