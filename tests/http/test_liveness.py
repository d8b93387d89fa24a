"""Liveness health, single-image detect and the LDE rows of the error table, against a real server."""

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
    ask,
    expect_instant,
    folder,
    media_part,
    payload_part,
    photo,
    quality,
    scores,
    send,
    states,
    video,
)
from tests.support_liveness import blank, liveness, selfie
from tests.support_media import encode_audio, jpeg, make_tar, make_zip
from tests.support_server import JPEG, Answer, Server, form, part

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


def detect(server: Server, image: bytes, content_type: str | None = "image/jpeg", **headers: str) -> Answer:
    """Single-image detect. headers: `X_Y` is sent as `X-Y`."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.call(
        "POST", DETECT, image, given if content_type is None else {"Content-Type": content_type, **given}
    )


def found(answer: Answer) -> tuple[bool, float]:
    """(passed, score), the answer's form checked."""
    assert answer.status == 200, answer
    assert answer.headers["content-type"].startswith("application/json")
    assert re.fullmatch(rb'\{"passed": (true|false), "score": [01]\.\d{1,6}\}', answer.body), answer.body
    document = answer.json()
    return document["passed"], document["score"]


def expect(answer: Answer, status: int, code: str, exposed: str = "") -> None:
    assert (answer.status, answer.code) == (status, code), answer
    assert answer.json()["message"] == TABLE[code] + (f": {exposed}" if exposed else "")
    assert answer.headers["x-request-id"]


class TestHealth:
    def test_it_works(self, server: Server) -> None:
        answer = server.call("GET", HEALTH)
        assert (answer.status, answer.json()) == (200, {"status": 0, "message": ""})
        assert server.call("HEAD", HEALTH).status == 200

    def test_the_liveness_models_are_named(self, server: Server) -> None:
        models = {model["name"] for model in server.call("GET", "/version").json()["models"]}
        assert models >= {info.name for info in liveness().infos}


class TestSingleImage:
    def test_as_the_library_says(self, server: Server, engine: FaceEngine, settings: Settings) -> None:
        service = FolderService(engine, liveness(), settings)
        seen = set()
        for data in [*map(photo, range(6)), *(faces.jpeg(faces.person(n)) for n in range(6))]:
            passed, score = found(detect(server, data))
            assert passed == (score <= 0.5)
            assert (passed, score) == service.detect_image(data)
            seen.add(passed)
        assert seen == {True, False}

    @pytest.mark.parametrize("content_type", IMAGE_TYPES)
    def test_the_label_decides_acceptance_only(self, server: Server, content_type: str) -> None:
        alone = detect(server, photo()).body
        assert detect(server, photo(), content_type).body == alone
        gif = detect(server, faces.encoded(Pil.fromarray(selfie(LIVE)).quantize(), "GIF"), content_type)
        assert found(gif)[0] is True

    @pytest.mark.parametrize(
        ("kind", "options"),
        [("PNG", {}), ("WEBP", {"lossless": True}), ("BMP", {}), ("TIFF", {"compression": "tiff_lzw"})],
    )
    def test_the_format_does_not_matter(self, server: Server, kind: str, options: dict[str, Any]) -> None:
        picture = Pil.fromarray(selfie(ATTACK))
        plain = found(detect(server, faces.encoded(picture, "PNG")))
        assert found(detect(server, faces.encoded(picture, kind, **options), f"image/{kind.lower()}")) == plain

    def test_heif(self, server: Server) -> None:
        data = faces.encoded(Pil.fromarray(selfie(ATTACK)), "HEIF", quality=95)
        assert found(detect(server, data, "image/heic"))[0] is False

    @pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16", "1"])
    def test_modes_are_converted(self, server: Server, mode: str) -> None:
        picture = Pil.fromarray(selfie(LIVE))
        deep = Pil.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
        picture = deep if mode == "I;16" else picture.convert(mode)
        found(detect(server, faces.encoded(picture, "TIFF" if mode == "CMYK" else "PNG")))

    @pytest.mark.parametrize("orientation", range(2, 9))
    def test_exif_orientation_is_applied(self, server: Server, orientation: int) -> None:
        upright = Pil.fromarray(selfie(1))
        turned = faces.turned_away(upright, orientation, "PNG")
        assert detect(server, turned, "image/png").body == detect(server, faces.encoded(upright, "PNG")).body

    def test_a_picture_that_lies_on_its_side(self, server: Server) -> None:
        upright = Pil.fromarray(selfie(LIVE))
        assert found(detect(server, faces.jpeg(upright.transpose(Pil.Transpose.ROTATE_90))))[0] is True

    def test_a_small_face_behind_is_ignored(self, server: Server) -> None:
        found(detect(server, faces.jpeg(faces.scene(0.2))))

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
    def test_base64(self, server: Server, code: Callable[[bytes], bytes]) -> None:
        alone = detect(server, photo()).body
        answer = detect(server, code(photo()), Content_Transfer_Encoding="base64")
        assert answer.body == alone
        assert "content-transfer-encoding" not in answer.headers

    @pytest.mark.parametrize("encoding", ["binary", "8bit", "7BIT"])
    def test_as_is(self, server: Server, encoding: str) -> None:
        assert found(detect(server, photo(), Content_Transfer_Encoding=encoding))[0] is True

    def test_a_chunked_body(self, server: Server) -> None:
        assert server.call("POST", DETECT, photo(), JPEG, chunked=True).body == detect(server, photo()).body

    def test_it_is_deterministic(self, server: Server) -> None:
        with ThreadPoolExecutor(8) as pool:
            assert len({answer.body for answer in pool.map(lambda _: detect(server, photo(ATTACK)), range(24))}) == 1


@pytest.fixture(scope="module")
def small() -> Iterator[Server]:
    """A server that speaks Russian, takes little and lets nothing pass."""
    limits = {"max_file_bytes": "60000", "max_request_bytes": "150000", "max_media": "2"}
    with Server(language="ru", threads="1", spoofing_threshold="0", **limits) as running:
        yield running


class TestThresholdSetting:
    def test_above_it_nothing_passes(self, server: Server, small: Server) -> None:
        passed, score = found(detect(small, photo()))
        assert passed is False
        assert (True, score) == found(detect(server, photo()))

    def test_it_is_the_default_of_folders(self, small: Server) -> None:
        document = folder(small, {"m": photo()})
        assert document["system_resolution"] == "DECLINED"
        assert document["analyses"][0]["confs"]["threshold_spoofing"] == 0
        document = folder(small, {"m": photo()}, {"analyses": [quality(threshold_spoofing=0.5)]})
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
    def test_002001_request_type(self, server: Server, content_type: str | None) -> None:
        expect(detect(server, photo(), content_type), 400, "LDE-002001")

    def test_002001_transfer_encoding(self, server: Server) -> None:
        expect(detect(server, photo(), Content_Transfer_Encoding="x-rot13"), 400, "LDE-002001")
        parts = [media_part("m", photo())]
        expect(send(server, parts, headers={"Content-Transfer-Encoding": "x-rot13"}), 400, "LDE-002001")
        odd = part("m", photo(), "image/jpeg", extra=["Content-Transfer-Encoding: quoted-printable"])
        expect(send(server, [odd]), 400, "LDE-002001")

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND"])
    def test_002002_method(self, server: Server, method: str) -> None:
        answer = server.call(method, DETECT)
        if method == "HEAD":
            assert answer.status == 400
        else:
            expect(answer, 400, "LDE-002002")

    def test_002002_health(self, server: Server) -> None:
        for method in ("POST", "PUT", "DELETE"):
            expect(server.call(method, HEALTH, b"{}"), 400, "LDE-002002")

    @pytest.mark.parametrize("data", [b"", b"text" * 99, b"\xff\xd8\xff\xe0", b"GIF89a", b"BM", photo()[:3000]])
    def test_002004_unreadable_image(self, server: Server, data: bytes) -> None:
        expect(detect(server, data), 400, "LDE-002004")

    def test_002004_no_single_image(self, server: Server) -> None:
        expect(detect(server, video()), 400, "LDE-002004")
        expect(detect(server, archive()), 400, "LDE-002004")

    def test_002004_not_base64(self, server: Server) -> None:
        expect(detect(server, b"@@@@!!!!" * 50, Content_Transfer_Encoding="base64"), 400, "LDE-002004")
        expect(detect(server, photo(), Content_Transfer_Encoding="base64"), 400, "LDE-002004")
        expect(send(server, [media_part("m", photo())], headers=BASE64), 400, "LDE-002004")
        odd = part("m", b"@@@", "image/jpeg", extra=["Content-Transfer-Encoding: base64"])
        expect(send(server, [odd]), 400, "LDE-002004")

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
    def test_002004_media(self, server: Server, media: dict[str, bytes], payload: Any) -> None:
        expect(ask(server, media, payload), 400, "LDE-002004")

    def test_002004_an_unused_medium_is_read_too(self, server: Server) -> None:
        media = {"good": photo(), "bad": photo()[:3000]}
        expect(ask(server, media, {"analyses": [{"source_media": ["good"]}]}), 400, "LDE-002004")

    def test_002004_no_media(self, server: Server) -> None:
        expect(send(server, []), 400, "LDE-002004", "media")
        expect(ask(server, {}, {"analyses": [{"type": "biometry"}]}), 400, "LDE-002004", "media")

    def test_002004_names(self, server: Server) -> None:
        expect(send(server, [media_part("m", photo()), media_part("m", video())]), 400, "LDE-002004", "m")
        answer = send(server, [media_part("x%0A" * 900, photo())] * 2)
        assert (answer.status, answer.code) == (400, "LDE-002004")
        assert len(answer.json()["message"]) < 200, "long and broken names are not repeated"
        assert answer.json()["message"].isprintable()
        expect(send(server, [media_part("", photo())]), 400, "LDE-002004")
        nameless = b"Content-Type: image/jpeg\r\n\r\n" + photo()
        expect(send(server, [nameless]), 400, "LDE-002004")

    @pytest.mark.parametrize("body", [b"", b"junk", b"--72468", b"--72468\r\n\r\n"])
    def test_002004_no_form(self, server: Server, body: bytes) -> None:
        headers = {"Content-Type": "multipart/form-data; boundary=72468"}
        expect(server.call("POST", DETECT, body, headers), 400, "LDE-002004")

    def test_002004_a_form_that_breaks_off(self, server: Server) -> None:
        whole = form([media_part("m", photo()), media_part("n", photo())])
        headers = {"Content-Type": "multipart/form-data; boundary=72468"}
        for cut in (5, 20, len(photo()) // 2, len(photo()) + 120):
            expect(server.call("POST", DETECT, whole[:-cut], headers), 400, "LDE-002004")

    @pytest.mark.parametrize(
        "content_type",
        ["text/plain", "Text/HTML; charset=utf-8", "application/json", "audio/mpeg", "application/pdf", "model/obj"],
    )
    def test_002005_part_type(self, server: Server, content_type: str) -> None:
        good, odd = media_part("m", photo()), media_part("n", photo(), content_type)
        for parts in ([odd], [good, odd], [odd, good, payload_part({})]):
            expect(send(server, parts), 400, "LDE-002005")

    @pytest.mark.parametrize("path", ["nothing", "", "health/", "detect/", "Detect", "detect/x?y=1"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_002006_unknown_path(self, server: Server, method: str, path: str) -> None:
        expect(server.call(method, "/v1/face/liveness/" + path), 400, "LDE-002006")

    def test_003002_no_face(self, server: Server) -> None:
        expect(detect(server, jpeg(blank())), 400, "LDE-003002")
        expect(detect(server, faces.jpeg(faces.no_face())), 400, "LDE-003002")

    def test_003003_two_people(self, server: Server) -> None:
        expect(detect(server, faces.jpeg(faces.group())), 400, "LDE-003003")
        expect(detect(server, faces.jpeg(faces.scene(0.5))), 400, "LDE-003003")

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
    def test_003004_names_the_field(self, server: Server, payload: Any, field: str) -> None:
        expect(ask(server, {"m": photo()}, payload), 400, "LDE-003004", field)

    def test_003004_the_part(self, server: Server) -> None:
        media = media_part("m", photo())
        expect(send(server, [media, payload_part({}), payload_part({})]), 400, "LDE-003004", "payload")
        odd = part("payload", b"@@@", extra=["Content-Transfer-Encoding: base64"])
        expect(send(server, [media, odd]), 400, "LDE-003004", "payload")

    def test_003004_the_message_does_not_repeat_long_or_broken_names(self, server: Server) -> None:
        answer = ask(server, {"m": photo()}, {"media:tags": {"x\n\0" * 999: 1}})
        assert (answer.status, answer.code) == (400, "LDE-003004")
        assert len(answer.json()["message"]) < 200
        assert answer.json()["message"].isprintable()


class TestOrder:
    """Two problems at once: type and method of the request first, then the media, then the payload."""

    def test_method_before_type(self, server: Server) -> None:
        expect(server.call("PUT", DETECT, b"", {"Content-Type": "text/plain"}), 400, "LDE-002002")

    def test_type_before_body(self, server: Server) -> None:
        expect(detect(server, b"", "text/plain"), 400, "LDE-002001")

    @pytest.mark.parametrize("payloads", [[b"{nope"], [b"{}", b"{}"]])
    def test_media_parts_before_the_payload(self, server: Server, payloads: list[bytes]) -> None:
        wrong = [payload_part(payload) for payload in payloads]
        expect(send(server, [*wrong, media_part("m", photo(), "text/plain")]), 400, "LDE-002005")
        coded = part("m", b"@@@", extra=["Content-Transfer-Encoding: base64"])
        expect(send(server, [*wrong, coded]), 400, "LDE-002004")

    def test_media_before_what_the_payload_says(self, server: Server) -> None:
        wrong = payload_part(b"{nope")
        expect(send(server, [wrong, media_part("m", b"junk" * 9)]), 400, "LDE-002004")
        expect(send(server, [wrong, media_part("m", photo()), media_part("m", photo())]), 400, "LDE-002004", "m")
        expect(send(server, [wrong]), 400, "LDE-002004", "media")


class TestRussianAndLimits:
    def test_words(self, small: Server) -> None:
        for answer, code, words in (
            (detect(small, photo(), "text/plain"), "002001", "Неверный Content-Type HTTP-запроса"),
            (small.call("GET", DETECT), "002002", "Неверный метод HTTP-запроса"),
            (detect(small, b"junk"), "002004", "Не удалось прочитать биометрический образец"),
            (
                send(small, [media_part("m", photo(), "text/plain")]),
                "002005",
                "Неверный Content-Type части multiparted HTTP-запроса",
            ),
            (small.call("GET", "/v1/face/liveness/x"), "002006", "Неверный запрос"),
            (detect(small, jpeg(blank())), "003002", "На биометрическом образце отсутствует лицо"),
            (
                detect(small, faces.jpeg(faces.scene(0.5), quality=60)),
                "003003",
                "На биометрическом образце присутствует более, чем одно лицо",
            ),
            (
                ask(small, {"m": photo()}, {"analyses": 1}),
                "003004",
                "Не удалось прочитать metadata: analyses",
            ),
        ):
            assert (answer.status, answer.json()) == (400, {"code": f"LDE-{code}", "message": words})

    def test_instant_words(self, small: Server) -> None:
        answer = ask(small, {"m": photo()}, {"analyses": 1}, INSTANT)
        assert answer.json() == {
            "error_code": 5,
            "error_message": "Не удалось прочитать metadata",
            "details": {"field": "analyses"},
        }

    def test_statuses_stay_english(self, small: Server) -> None:
        document = folder(small, {"m": jpeg(blank())})
        assert document["analyses"][0]["error_message"].startswith("Could not locate face")

    def test_a_file_of_the_limit_passes_and_one_byte_more_does_not(self, small: Server) -> None:
        def padded(size: int) -> bytes:
            return photo().ljust(size, b"\0")

        assert detect(small, padded(60_000)).status == 200
        assert ask(small, {"a": padded(60_000), "b": padded(60_000)}).status == 200
        text = base64.encodebytes(padded(60_000))
        assert detect(small, text, Content_Transfer_Encoding="base64").status == 200
        for answer in (
            detect(small, padded(60_001)),
            small.call("POST", DETECT, padded(60_001), JPEG, chunked=True),
            detect(small, base64.b64encode(padded(60_001)), Content_Transfer_Encoding="base64"),
            ask(small, {"a": photo(), "b": padded(60_001)}),
            send(small, [media_part("a", base64.b64encode(padded(60_001)))], headers=BASE64),
            ask(small, {"a": photo(), "b": photo(), "c": photo()}),
            ask(small, {name: padded(60_000) for name in "abc"}),
        ):
            assert (answer.status, answer.code) == (413, "LDE-002007")


@pytest.fixture(scope="module")
def lame(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose liveness weights are missing."""
    folder = tmp_path_factory.mktemp("weights")
    shutil.copytree(weights_folder(""), folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("minifasnet.onnx"))
    with Server(weights=str(folder), threads="1") as running:
        yield running


class TestMissingWeights:
    def test_health(self, lame: Server) -> None:
        for _ in range(2):
            answer = lame.call("GET", HEALTH)
            assert answer.status == 503
            assert set(answer.json()) == {"status", "message"}
            assert answer.json()["status"] == 3
            assert answer.json()["message"]
        assert lame.logged("liveness is inoperative: weights of minifasnet are missing")

    def test_the_pattern_side_works(self, lame: Server, server: Server) -> None:
        assert lame.call("GET", "/v1/face/pattern/health").json() == {"status": 0, "message": ""}
        assert lame.template(photo()) == server.template(photo())

    def test_001002(self, lame: Server) -> None:
        expect(detect(lame, photo()), 400, "LDE-001002")
        expect(ask(lame, {"m": photo()}, {}), 400, "LDE-001002")
        expect_instant(ask(lame, {"m": photo()}, {}, INSTANT), 400, 0)

    def test_the_request_is_still_checked_first(self, lame: Server) -> None:
        expect(lame.call("GET", DETECT), 400, "LDE-002002")
        expect(detect(lame, photo(), "text/plain"), 400, "LDE-002001")


def test_001003_more_than_fits_is_told_to_come_again() -> None:
    clip = video()
    with Server(threads="1", max_queue="0", retry_after="7") as tight:
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                ask(tight, {"a": clip, "b": clip}, {"analyses": [quality(extract_best_shot=True)]})

        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        try:
            for request in (
                lambda: detect(tight, photo()),
                lambda: ask(tight, {"m": photo()}),
                lambda: ask(tight, {"m": photo()}, route=INSTANT),
            ):
                for _ in range(200):
                    answer = request()
                    if answer.status != 200:
                        break
                assert (answer.status, answer.headers["retry-after"]) == (503, "7")
                if "code" in answer.json():
                    expect(answer, 503, "LDE-001003")
                else:
                    expect_instant(answer, 503, 0)
            assert tight.call("GET", HEALTH).json()["status"] == 0
        finally:
            stop.set()
            for worker in workers:
                worker.join()
        assert states(folder(tight, {"m": photo()}))[0] == "FINISHED"


def test_a_refusal_leaves_a_log_line_with_the_id_and_nothing_of_the_content(server: Server) -> None:
    answer = ask(server, {"secret-name": b"secret-content" * 9}, {"folder:meta_data": {"x": "secret"}})
    assert answer.code == "LDE-002004"
    (line,) = server.logged(answer.headers["x-request-id"])
    assert "LDE-002004" in line
    assert "of no known kind" in line
    assert "secret-content" not in line
