"""Liveness health, single-image detect, and the LDE codes of docs/contract.md, Errors, on a real server."""

from __future__ import annotations

import base64
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image as Pil

from faceVer.inference.manifest import weights_folder
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings
from tests import support_faces as faces
from tests.http.test_folders import (
    ATTACK,
    BASE64,
    DETECT,
    INSTANT,
    LIVE,
    archive,
    assert_oz_error,
    folder,
    media_part,
    payload_part,
    photo,
    post_folder,
    quality,
    scores,
    send,
    states,
    video,
)
from tests.support_liveness import blank, liveness, selfie
from tests.support_media import encode_audio, jpeg, make_tar, make_zip
from tests.support_server import JPEG, Response, Server, form, part

pillow_heif.register_heif_opener(thumbnails=False)

HEALTH = "/v1/face/liveness/health"
TABLE = {
    "LDE-002001": "Invalid Content-Type of HTTP request",
    "LDE-002002": "Invalid HTTP request method",
    "LDE-002004": "Failed to read the biometric sample",
    "LDE-002005": "Invalid Content-Type of the multiparted HTTP request part",
    "LDE-002006": "Invalid request",
    "LDE-002007": "Request or file larger than the limit",
    "LDE-003002": "The biometric sample is missing face",
    "LDE-003003": "More than one person is present on the biometric sample",
    "LDE-003004": "Failed to read the payload",
    "LDE-001002": "TFSS error. Call the health method",
    "LDE-001003": "Overloaded, try again",
}
IMAGE_TYPES = [
    "image/jpeg",
    "Image/JPEG; charset=binary",
    "image/jpg",
    "image/png",
    "image/webp",
    "image/heic",
    "image/heif",
    "image/bmp",
    "image/tiff",
]


def detect(server: Server, image: bytes, content_type: str | None = "image/jpeg", **headers: str) -> Response:
    """Single-image detect. headers: `X_Y` is sent as `X-Y`."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.call("POST", DETECT, image, sent if content_type is None else {"Content-Type": content_type, **sent})


def detection(response: Response) -> tuple[bool, float]:
    """(passed, score) of a response, whose JSON is checked."""
    assert response.status == 200, response
    assert response.headers["content-type"].startswith("application/json")
    assert re.fullmatch(rb'\{"passed": (true|false), "score": [01]\.\d{1,6}\}', response.body), response.body
    document = response.json()
    return document["passed"], document["score"]


def assert_error(response: Response, status: int, code: str, exposed: str = "") -> None:
    assert (response.status, response.code) == (status, code), response
    assert response.json()["message"] == TABLE[code] + (f": {exposed}" if exposed else "")
    assert response.headers["x-request-id"]


class TestHealth:
    def test_health_is_ok(self, server: Server) -> None:
        response = server.call("GET", HEALTH)
        assert (response.status, response.json()) == (200, {"status": 0, "message": ""})
        assert server.call("HEAD", HEALTH).status == 200

    def test_the_liveness_models_are_named(self, server: Server) -> None:
        models = {model["name"] for model in server.call("GET", "/version").json()["models"]}
        assert models >= {info.name for info in liveness().infos}


class TestSingleImage:
    def test_detect_returns_the_result_of_the_service(
        self, server: Server, engine: FaceEngine, settings: Settings
    ) -> None:
        service = FolderService(engine, liveness(), settings)
        outcomes = set()
        for data in [*map(photo, range(6)), *(faces.jpeg(faces.person(n)) for n in range(6))]:
            passed, score = detection(detect(server, data))
            assert passed == (score <= 0.5)
            assert (passed, score) == service.detect_image(data)
            outcomes.add(passed)
        assert outcomes == {True, False}

    @pytest.mark.parametrize("content_type", IMAGE_TYPES)
    def test_the_content_type_decides_acceptance_only(self, server: Server, content_type: str) -> None:
        expected = detect(server, photo()).body
        assert detect(server, photo(), content_type).body == expected
        gif = detect(server, faces.encoded(Pil.fromarray(selfie(LIVE)).quantize(), "GIF"), content_type)
        assert detection(gif)[0] is True

    @pytest.mark.parametrize(
        ("kind", "options"),
        [("PNG", {}), ("WEBP", {"lossless": True}), ("BMP", {}), ("TIFF", {"compression": "tiff_lzw"})],
    )
    def test_the_file_format_does_not_change_the_score(
        self, server: Server, kind: str, options: dict[str, Any]
    ) -> None:
        picture = Pil.fromarray(selfie(ATTACK))
        plain = detection(detect(server, faces.encoded(picture, "PNG")))
        assert detection(detect(server, faces.encoded(picture, kind, **options), f"image/{kind.lower()}")) == plain

    def test_heif_is_accepted(self, server: Server) -> None:
        data = faces.encoded(Pil.fromarray(selfie(ATTACK)), "HEIF", quality=95)
        assert detection(detect(server, data, "image/heic"))[0] is False

    @pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16", "1"])
    def test_every_pixel_mode_is_accepted(self, server: Server, mode: str) -> None:
        picture = Pil.fromarray(selfie(LIVE))
        deep = Pil.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
        picture = deep if mode == "I;16" else picture.convert(mode)
        detection(detect(server, faces.encoded(picture, "TIFF" if mode == "CMYK" else "PNG")))

    @pytest.mark.parametrize("orientation", range(2, 9))
    def test_exif_orientation_is_applied(self, server: Server, orientation: int) -> None:
        upright = Pil.fromarray(selfie(1))
        turned = faces.turned_away(upright, orientation, "PNG")
        assert detect(server, turned, "image/png").body == detect(server, faces.encoded(upright, "PNG")).body

    def test_a_sideways_photo_is_accepted(self, server: Server) -> None:
        upright = Pil.fromarray(selfie(LIVE))
        assert detection(detect(server, faces.jpeg(upright.transpose(Pil.Transpose.ROTATE_90))))[0] is True

    def test_a_small_face_in_the_background_is_ignored(self, server: Server) -> None:
        detection(detect(server, faces.jpeg(faces.scene(0.2))))

    @pytest.mark.parametrize(
        "code",
        [
            base64.b64encode,
            base64.encodebytes,
            base64.urlsafe_b64encode,
            lambda data: base64.b64encode(data).rstrip(b"="),
            lambda data: b"data:image/jpeg;base64," + base64.b64encode(data),
        ],
        ids=["plain", "wrapped", "url-safe", "unpadded", "data-uri"],
    )
    def test_base64_is_decoded_and_the_response_is_not_encoded(
        self, server: Server, code: Callable[[bytes], bytes]
    ) -> None:
        expected = detect(server, photo()).body
        response = detect(server, code(photo()), Content_Transfer_Encoding="base64")
        assert response.body == expected
        assert "content-transfer-encoding" not in response.headers

    @pytest.mark.parametrize("encoding", ["binary", "8bit", "7BIT"])
    def test_binary_encodings_leave_the_body_unchanged(self, server: Server, encoding: str) -> None:
        assert detection(detect(server, photo(), Content_Transfer_Encoding=encoding))[0] is True

    def test_a_chunked_body_is_accepted(self, server: Server) -> None:
        assert server.call("POST", DETECT, photo(), JPEG, chunked=True).body == detect(server, photo()).body

    def test_parallel_requests_have_equal_results(self, server: Server) -> None:
        with ThreadPoolExecutor(8) as pool:
            assert (
                len({response.body for response in pool.map(lambda _: detect(server, photo(ATTACK)), range(24))}) == 1
            )


@pytest.fixture(scope="module")
def limited() -> Iterator[Server]:
    """A server with Russian messages, low limits and the PAD threshold 0."""
    limits = {"max_file_bytes": "60000", "max_request_bytes": "150000", "max_media": "2"}
    with Server(language="ru", threads="1", spoofing_threshold="0", **limits) as running:
        yield running


class TestThresholdSetting:
    def test_a_score_above_the_threshold_does_not_pass(self, server: Server, limited: Server) -> None:
        passed, score = detection(detect(limited, photo()))
        assert passed is False
        assert (True, score) == detection(detect(server, photo()))

    def test_the_threshold_is_the_default_of_folders(self, limited: Server) -> None:
        document = folder(limited, {"m": photo()})
        assert document["system_resolution"] == "DECLINED"
        assert document["analyses"][0]["confs"]["threshold_spoofing"] == 0
        document = folder(limited, {"m": photo()}, {"analyses": [quality(threshold_spoofing=0.5)]})
        assert document["system_resolution"] == "SUCCESS"
        assert 0 < scores(document["analyses"][0])[0] < 0.5


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
        assert_error(send(server, [wrong, media_part("m", b"junk" * 9)]), 400, "LDE-002004")
        assert_error(send(server, [wrong, media_part("m", photo()), media_part("m", photo())]), 400, "LDE-002004", "m")
        assert_error(send(server, [wrong]), 400, "LDE-002004", "media")


class TestRussianAndLimits:
    def test_messages_are_russian(self, limited: Server) -> None:
        for response, code, message in (
            (detect(limited, photo(), "text/plain"), "002001", "Неверный Content-Type HTTP-запроса"),
            (limited.call("GET", DETECT), "002002", "Неверный метод HTTP-запроса"),
            (detect(limited, b"junk"), "002004", "Не удалось прочитать биометрический образец"),
            (
                send(limited, [media_part("m", photo(), "text/plain")]),
                "002005",
                "Неверный Content-Type части multiparted HTTP-запроса",
            ),
            (limited.call("GET", "/v1/face/liveness/x"), "002006", "Неверный запрос"),
            (detect(limited, jpeg(blank())), "003002", "На биометрическом образце отсутствует лицо"),
            (
                detect(limited, faces.jpeg(faces.scene(0.5), quality=60)),
                "003003",
                "На биометрическом образце присутствует более, чем одно лицо",
            ),
            (
                post_folder(limited, {"m": photo()}, {"analyses": 1}),
                "003004",
                "Не удалось прочитать metadata: analyses",
            ),
        ):
            assert (response.status, response.json()) == (400, {"code": f"LDE-{code}", "message": message})

    def test_messages_of_instant_folders_are_russian(self, limited: Server) -> None:
        response = post_folder(limited, {"m": photo()}, {"analyses": 1}, INSTANT)
        assert response.json() == {
            "error_code": 5,
            "error_message": "Не удалось прочитать metadata",
            "details": {"field": "analyses"},
        }

    def test_analysis_errors_stay_english(self, limited: Server) -> None:
        document = folder(limited, {"m": jpeg(blank())})
        assert document["analyses"][0]["error_message"].startswith("Could not locate face")

    def test_a_file_may_have_the_size_of_the_limit_but_no_byte_more(self, limited: Server) -> None:
        def padded(size: int) -> bytes:
            return photo().ljust(size, b"\0")

        assert detect(limited, padded(60_000)).status == 200
        assert post_folder(limited, {"a": padded(60_000), "b": padded(60_000)}).status == 200
        text = base64.encodebytes(padded(60_000))
        assert detect(limited, text, Content_Transfer_Encoding="base64").status == 200
        for response in (
            detect(limited, padded(60_001)),
            limited.call("POST", DETECT, padded(60_001), JPEG, chunked=True),
            detect(limited, base64.b64encode(padded(60_001)), Content_Transfer_Encoding="base64"),
            post_folder(limited, {"a": photo(), "b": padded(60_001)}),
            send(limited, [media_part("a", base64.b64encode(padded(60_001)))], headers=BASE64),
            post_folder(limited, {"a": photo(), "b": photo(), "c": photo()}),
            post_folder(limited, {name: padded(60_000) for name in "abc"}),
        ):
            assert (response.status, response.code) == (413, "LDE-002007")


@pytest.fixture(scope="module")
def without_weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose liveness weights are missing."""
    folder = tmp_path_factory.mktemp("weights")
    shutil.copytree(weights_folder(""), folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("minifasnet.onnx"))
    with Server(weights=str(folder), threads="1") as running:
        yield running


class TestMissingWeights:
    def test_health_reports_the_missing_weights(self, without_weights: Server) -> None:
        for _ in range(2):
            response = without_weights.call("GET", HEALTH)
            assert response.status == 503
            assert set(response.json()) == {"status", "message"}
            assert response.json()["status"] == 3
            assert response.json()["message"]
        assert without_weights.logged("liveness is inoperative: weights of minifasnet are missing")

    def test_faces_work_without_liveness_weights(self, without_weights: Server, server: Server) -> None:
        assert without_weights.call("GET", "/v1/face/pattern/health").json() == {"status": 0, "message": ""}
        assert without_weights.template(photo()) == server.template(photo())

    def test_001002_for_requests_that_need_the_models(self, without_weights: Server) -> None:
        assert_error(detect(without_weights, photo()), 400, "LDE-001002")
        assert_error(post_folder(without_weights, {"m": photo()}, {}), 400, "LDE-001002")
        assert_oz_error(post_folder(without_weights, {"m": photo()}, {}, INSTANT), 400, 0)

    def test_the_request_is_checked_before_the_models(self, without_weights: Server) -> None:
        assert_error(without_weights.call("GET", DETECT), 400, "LDE-002002")
        assert_error(detect(without_weights, photo(), "text/plain"), 400, "LDE-002001")


def test_001003_with_retry_after_under_overload() -> None:
    clip = video()
    with Server(threads="1", max_queue="0", retry_after="7") as busy_server:
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                post_folder(busy_server, {"a": clip, "b": clip}, {"analyses": [quality(extract_best_shot=True)]})

        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        try:
            for request in (
                lambda: detect(busy_server, photo()),
                lambda: post_folder(busy_server, {"m": photo()}),
                lambda: post_folder(busy_server, {"m": photo()}, route=INSTANT),
            ):
                for _ in range(200):
                    response = request()
                    if response.status != 200:
                        break
                assert (response.status, response.headers["retry-after"]) == (503, "7")
                if "code" in response.json():
                    assert_error(response, 503, "LDE-001003")
                else:
                    assert_oz_error(response, 503, 0)
            assert busy_server.call("GET", HEALTH).json()["status"] == 0
        finally:
            stop.set()
            for worker in workers:
                worker.join()
        assert states(folder(busy_server, {"m": photo()}))[0] == "FINISHED"


def test_a_rejected_request_is_logged_with_its_id_and_without_its_content(server: Server) -> None:
    response = post_folder(server, {"secret-name": b"secret-content" * 9}, {"folder:meta_data": {"x": "secret"}})
    assert response.code == "LDE-002004"
    (line,) = server.logged(response.headers["x-request-id"])
    assert "LDE-002004" in line
    assert "of no known kind" in line
    assert "secret-content" not in line
