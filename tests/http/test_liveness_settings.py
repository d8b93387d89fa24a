"""Liveness on servers with other settings: thresholds, limits, language, missing weights, overload."""

from __future__ import annotations

import base64
import shutil
import threading
from collections.abc import Iterator

import pytest

from faceVer.inference.manifest import weights_folder
from tests import support_faces as faces
from tests.http.support_detect import HEALTH, assert_error, detect, detection
from tests.http.support_folders import (
    BASE64,
    DETECT,
    INSTANT,
    assert_oz_error,
    folder,
    media_part,
    photo,
    post_folder,
    quality,
    scores,
    send,
    states,
)
from tests.support_liveness import blank
from tests.support_media import jpeg
from tests.support_server import JPEG, Server


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
    picture = photo()  # a video would wait in another queue
    with Server(threads="1", max_queue="0", retry_after="7") as busy_server:
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                post_folder(busy_server, {"a": picture, "b": picture}, {"analyses": [quality(extract_best_shot=True)]})

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
