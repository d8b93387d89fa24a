"""The LDE codes of docs/contract.md, Errors, on a real server, and their order."""

from __future__ import annotations

from typing import Any

import pytest

from tests import support_faces as faces
from tests.http.support_detect import HEALTH, assert_error, detect
from tests.http.support_folders import (
    BASE64,
    DETECT,
    archive,
    media_part,
    payload_part,
    photo,
    post_folder,
    quality,
    send,
    video,
)
from tests.support_liveness import blank
from tests.support_media import encode_audio, jpeg, make_tar, make_zip
from tests.support_server import Server, form, part


class TestErrors:
    @pytest.mark.parametrize(
        "content_type",
        [
            "application/json",
            "application/octet-stream",
            "image/gif",
            "image/svg+xml",
            "video/mp4",
            "multipart/mixed; boundary=72468",
            "multipart/form-data",
            'multipart/form-data; boundary=""',
            "",
            None,
        ],
    )
    def test_002001_for_a_wrong_request_type(self, server: Server, content_type: str | None) -> None:
        assert_error(detect(server, photo(), content_type), 400, "LDE-002001")

    def test_002001_for_an_unknown_transfer_encoding(self, server: Server) -> None:
        assert_error(detect(server, photo(), Content_Transfer_Encoding="x-rot13"), 400, "LDE-002001")
        parts = [media_part("m", photo())]
        assert_error(send(server, parts, headers={"Content-Transfer-Encoding": "x-rot13"}), 400, "LDE-002001")
        wrong_part = part("m", photo(), "image/jpeg", extra=["Content-Transfer-Encoding: quoted-printable"])
        assert_error(send(server, [wrong_part]), 400, "LDE-002001")

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND"])
    def test_002002_for_a_wrong_method(self, server: Server, method: str) -> None:
        response = server.call(method, DETECT)
        if method == "HEAD":
            assert response.status == 400
        else:
            assert_error(response, 400, "LDE-002002")

    def test_002002_for_a_wrong_method_of_health(self, server: Server) -> None:
        for method in ("POST", "PUT", "DELETE"):
            assert_error(server.call(method, HEALTH, b"{}"), 400, "LDE-002002")

    @pytest.mark.parametrize("data", [b"", b"text" * 99, b"\xff\xd8\xff\xe0", b"GIF89a", b"BM", photo()[:3000]])
    def test_002004_for_an_unreadable_image(self, server: Server, data: bytes) -> None:
        assert_error(detect(server, data), 400, "LDE-002004")

    def test_002004_for_a_video_or_archive_as_the_body(self, server: Server) -> None:
        assert_error(detect(server, video()), 400, "LDE-002004")
        assert_error(detect(server, archive()), 400, "LDE-002004")

    def test_002004_for_invalid_base64(self, server: Server) -> None:
        assert_error(detect(server, b"@@@@!!!!" * 50, Content_Transfer_Encoding="base64"), 400, "LDE-002004")
        assert_error(detect(server, photo(), Content_Transfer_Encoding="base64"), 400, "LDE-002004")
        assert_error(send(server, [media_part("m", photo())], headers=BASE64), 400, "LDE-002004")
        wrong_part = part("m", b"@@@", "image/jpeg", extra=["Content-Transfer-Encoding: base64"])
        assert_error(send(server, [wrong_part]), 400, "LDE-002004")

    @pytest.mark.parametrize(
        "media",
        [
            {"m": b""},
            {"m": b"junk" * 99},
            {"m": photo()[:3000]},
            {"m": video()[:300]},
            {"m": archive()[:-30]},
            {"m": b"Rar!\x1a\x07\x01\x00" + bytes(100)},
            {"m": b"7z\xbc\xaf\x27\x1c" + bytes(100)},
            {"m": encode_audio()},
            {"m": make_zip([])},
            {"m": make_zip([("a.jpg", photo()), ("note.txt", b"hello")])},
            {"m": make_zip([("a.zip", archive())])},
            {"m": make_tar([("../a.jpg", photo())], gzip=True)},
            {"m": b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"junk" * 9},
            {"good": photo(), "bad": b"junk" * 99},
            {"bad": b"%PDF-1.7" + bytes(99), "good": photo()},
        ],
    )
    @pytest.mark.parametrize("payload", [None, {"analyses": [{"type": "biometry"}]}])
    def test_002004_for_unreadable_media(self, server: Server, media: dict[str, bytes], payload: Any) -> None:
        assert_error(post_folder(server, media, payload), 400, "LDE-002004")

    def test_002004_for_an_unreadable_media_item_that_no_analysis_uses(self, server: Server) -> None:
        media = {"good": photo(), "bad": photo()[:3000]}
        assert_error(post_folder(server, media, {"analyses": [{"source_media": ["good"]}]}), 400, "LDE-002004")

    def test_002004_for_a_form_without_media(self, server: Server) -> None:
        assert_error(send(server, []), 400, "LDE-002004", "media")
        assert_error(post_folder(server, {}, {"analyses": [{"type": "biometry"}]}), 400, "LDE-002004", "media")

    def test_002004_for_duplicate_and_missing_names(self, server: Server) -> None:
        assert_error(send(server, [media_part("m", photo()), media_part("m", video())]), 400, "LDE-002004", "m")
        response = send(server, [media_part("x%0A" * 900, photo())] * 2)
        assert (response.status, response.code) == (400, "LDE-002004")
        assert len(response.json()["message"]) < 200, "long and broken names are not repeated"
        assert response.json()["message"].isprintable()
        assert_error(send(server, [media_part("", photo())]), 400, "LDE-002004")
        nameless = b"Content-Type: image/jpeg\r\n\r\n" + photo()
        assert_error(send(server, [nameless]), 400, "LDE-002004")

    @pytest.mark.parametrize("body", [b"", b"junk", b"--72468", b"--72468\r\n\r\n"])
    def test_002004_for_a_malformed_form(self, server: Server, body: bytes) -> None:
        headers = {"Content-Type": "multipart/form-data; boundary=72468"}
        assert_error(server.call("POST", DETECT, body, headers), 400, "LDE-002004")

    def test_002004_for_a_truncated_form(self, server: Server) -> None:
        complete = form([media_part("m", photo()), media_part("n", photo())])
        headers = {"Content-Type": "multipart/form-data; boundary=72468"}
        for cut in (5, 20, len(photo()) // 2, len(photo()) + 120):
            assert_error(server.call("POST", DETECT, complete[:-cut], headers), 400, "LDE-002004")

    @pytest.mark.parametrize(
        "content_type",
        ["text/plain", "Text/HTML; charset=utf-8", "application/json", "audio/mpeg", "application/pdf", "model/obj"],
    )
    def test_002005_for_a_wrong_part_type(self, server: Server, content_type: str) -> None:
        good, wrong_part = media_part("m", photo()), media_part("n", photo(), content_type)
        for parts in ([wrong_part], [good, wrong_part], [wrong_part, good, payload_part({})]):
            assert_error(send(server, parts), 400, "LDE-002005")

    @pytest.mark.parametrize("path", ["nothing", "", "health/", "detect/", "Detect", "detect/x?y=1"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_002006_for_an_unknown_path(self, server: Server, method: str, path: str) -> None:
        assert_error(server.call(method, "/v1/face/liveness/" + path), 400, "LDE-002006")

    def test_003002_for_no_face(self, server: Server) -> None:
        assert_error(detect(server, jpeg(blank())), 400, "LDE-003002")
        assert_error(detect(server, faces.jpeg(faces.no_face())), 400, "LDE-003002")

    def test_003003_for_two_people(self, server: Server) -> None:
        assert_error(detect(server, faces.jpeg(faces.group())), 400, "LDE-003003")
        assert_error(detect(server, faces.jpeg(faces.scene(0.5))), 400, "LDE-003003")

    @pytest.mark.parametrize(
        ("payload", "field"),
        [
            (b"", "payload"),
            (b"{nope", "payload"),
            (b"[]", "payload"),
            (b'"text"', "payload"),
            (b"\xff\xfe{}", "payload"),
            (b'{"folder:meta_data": NaN}', "folder:meta_data"),
            (b'{"folder:meta_data": {"x": 1e999}}', "folder:meta_data"),
            (b'{"folder:meta_data": {"x": "\\ud800"}}', "folder:meta_data"),
            (b'{"x": ' + b"[" * 5000 + b"]" * 5000 + b"}", "payload"),
            (b'{"a": "' + b"x" * (1 << 20) + b'"}', "payload"),
            ({"folder:meta_data": []}, "folder:meta_data"),
            ({"resolution_endpoint": 7}, "resolution_endpoint"),
            ({"media:meta_data": "x"}, "media:meta_data"),
            ({"media:meta_data": {"m": "x"}}, "media:meta_data.m"),
            ({"media:tags": ["x"]}, "media:tags"),
            ({"media:tags": {"m": "x"}}, "media:tags.m"),
            ({"media:tags": {"m": ["x", 1]}}, "media:tags.m[1]"),
            ({"analyses": "quality"}, "analyses"),
            ({"analyses": ["quality"]}, "analyses[0]"),
            ({"analyses": [{}] * 17}, "analyses"),
            ({"analyses": [{"type": 1}]}, "analyses[0].type"),
            ({"analyses": [{}, {"type": "documents"}]}, "analyses[1].type"),
            ({"analyses": [{"meta_data": 1}]}, "analyses[0].meta_data"),
            ({"analyses": [{"source_media": "m"}]}, "analyses[0].source_media"),
            ({"analyses": [{"source_media": ["m", "x"]}]}, "analyses[0].source_media[1]"),
            ({"analyses": [{"params": []}]}, "analyses[0].params"),
            ({"analyses": [quality(threshold_spoofing=7)]}, "analyses[0].params.threshold_spoofing"),
            ({"analyses": [quality(threshold_spoofing=-0.1)]}, "analyses[0].params.threshold_spoofing"),
            ({"analyses": [quality(threshold_spoofing="0.5")]}, "analyses[0].params.threshold_spoofing"),
            ({"analyses": [quality(threshold_spoofing=True)]}, "analyses[0].params.threshold_spoofing"),
            ({"analyses": [quality(extract_best_shot="true")]}, "analyses[0].params.extract_best_shot"),
            ({"analyses": [quality(threshold_min=0.9, threshold_max=0.1)]}, "analyses[0].params.threshold_min"),
        ],
    )
    def test_003004_names_the_wrong_field(self, server: Server, payload: Any, field: str) -> None:
        assert_error(post_folder(server, {"m": photo()}, payload), 400, "LDE-003004", field)

    def test_003004_for_a_payload_part_sent_twice_or_with_invalid_base64(self, server: Server) -> None:
        media = media_part("m", photo())
        assert_error(send(server, [media, payload_part({}), payload_part({})]), 400, "LDE-003004", "payload")
        wrong_part = part("payload", b"@@@", extra=["Content-Transfer-Encoding: base64"])
        assert_error(send(server, [media, wrong_part]), 400, "LDE-003004", "payload")

    def test_003004_the_message_does_not_repeat_long_or_broken_names(self, server: Server) -> None:
        response = post_folder(server, {"m": photo()}, {"media:tags": {"x\n\0" * 999: 1}})
        assert (response.status, response.code) == (400, "LDE-003004")
        assert len(response.json()["message"]) < 200
        assert response.json()["message"].isprintable()


class TestOrder:
    """docs/contract.md, Order of checks: which error a request with two errors gets."""

    def test_the_method_is_checked_before_the_type(self, server: Server) -> None:
        assert_error(server.call("PUT", DETECT, b"", {"Content-Type": "text/plain"}), 400, "LDE-002002")

    def test_the_type_is_checked_before_the_body(self, server: Server) -> None:
        assert_error(detect(server, b"", "text/plain"), 400, "LDE-002001")

    @pytest.mark.parametrize("payloads", [[b"{nope"], [b"{}", b"{}"]])
    def test_media_parts_are_checked_before_the_payload(self, server: Server, payloads: list[bytes]) -> None:
        wrong = [payload_part(payload) for payload in payloads]
        assert_error(send(server, [*wrong, media_part("m", photo(), "text/plain")]), 400, "LDE-002005")
        encoded = part("m", b"@@@", extra=["Content-Transfer-Encoding: base64"])
        assert_error(send(server, [*wrong, encoded]), 400, "LDE-002004")

    def test_media_are_checked_before_the_content_of_the_payload(self, server: Server) -> None:
        wrong = payload_part(b"{nope")
        assert_error(send(server, [wrong, media_part("m", b"rubbish" * 9)]), 400, "LDE-002004")
        assert_error(send(server, [wrong, media_part("m", photo()), media_part("m", photo())]), 400, "LDE-002004", "m")
        assert_error(send(server, [wrong]), 400, "LDE-002004", "media")
