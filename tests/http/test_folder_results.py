"""Multipart detect and instant folders on a real server: scores, decisions and failed analyses."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.http.support_folders import (
    ATTACK,
    BIOMETRY,
    DETECT,
    FAILED,
    INSTANT,
    LIVE,
    ROUTES,
    archive,
    empty_video,
    folder,
    names,
    normalized,
    photo,
    quality,
    scores,
    states,
    video,
)
from tests.support_liveness import blank, selfie
from tests.support_media import jpeg, make_tar, png
from tests.support_server import JPEG, Server


class TestResults:
    def test_a_photo_has_the_score_of_single_image_detect(self, server: Server) -> None:
        for number in range(4):
            expected = server.call("POST", DETECT, photo(number), JPEG).json()
            document = folder(server, {"m": photo(number)})
            assert scores(document["analyses"][0]) == [expected["score"]]
            assert document["system_resolution"] == ("SUCCESS" if expected["passed"] else "DECLINED")

    @ROUTES
    def test_the_threshold_of_the_request_decides(self, server: Server, route: str) -> None:
        media = {"live": photo(LIVE), "attack": video(ATTACK)}
        live, attack = scores(folder(server, media)["analyses"][0])
        assert live < 0.5 < attack
        for threshold, resolution in (
            (attack, "SUCCESS"),
            (attack - 1e-6, "DECLINED"),
            (0, "DECLINED"),
            (1, "SUCCESS"),
        ):
            document = folder(server, media, {"analyses": [quality(threshold_spoofing=threshold)]}, route)
            assert states(document) == ("FINISHED", resolution, "FINISHED", resolution)
            assert document["analyses"][0]["confs"]["threshold_spoofing"] == threshold

    @ROUTES
    def test_biometry_compares_every_pair_and_the_lowest_score_decides(self, server: Server, route: str) -> None:
        same = {"a": photo(), "b": video(), "c": archive()}
        document = folder(server, same, {"analyses": [BIOMETRY]}, route)
        assert states(document) == ("FINISHED", "SUCCESS", "FINISHED", "SUCCESS")
        document = folder(server, {**same, "d": photo(1)}, {"analyses": [BIOMETRY]}, route)
        assert states(document) == ("FINISHED", "DECLINED", "FINISHED", "DECLINED")
        result = document["analyses"][0]["results_data"]
        assert result["min_confidence"] < 0.5 < 0.85 < result["max_confidence"]
        assert [one["results_data"]["max_confidence"] > 0.85 for one in document["analyses"][0]["results_media"]] == [
            True,
            True,
            True,
            False,
        ]

    def test_biometry_uses_the_thresholds_of_the_request(self, server: Server) -> None:
        media = {"a": photo(0), "b": photo(1)}
        for low, high, resolution in (
            (0, 0, "SUCCESS"),
            (0, 1, "OPERATOR_REQUIRED"),
            (0.9, 1, "DECLINED"),
            (None, 0, "SUCCESS"),
            (0, None, "OPERATOR_REQUIRED"),
            (1, None, "DECLINED"),
        ):
            params = {"threshold_min": low, "threshold_max": high}
            document = folder(server, media, {"analyses": [{**BIOMETRY, "params": params}]})
            assert states(document) == ("FINISHED", resolution, "FINISHED", resolution), params

    def test_the_worst_analysis_determines_the_folder(self, server: Server) -> None:
        media = {"live": photo(LIVE), "attack": photo(ATTACK), "empty": jpeg(blank())}
        live, attack, empty = ({**quality(), "source_media": [name]} for name in media)
        doubt = {**BIOMETRY, "source_media": ["live", "attack"], "params": {"threshold_min": 0, "threshold_max": 1}}
        for analyses, state, resolution in (
            ([live, live], "FINISHED", "SUCCESS"),
            ([live, doubt], "FINISHED", "OPERATOR_REQUIRED"),
            ([doubt, attack, live], "FINISHED", "DECLINED"),
            ([attack, empty, live, doubt], "FAILED", "FAILED"),
        ):
            document = folder(server, media, {"analyses": analyses})
            assert (document["resolution_status"], document["system_resolution"]) == (state, resolution)
            assert len(document["analyses"]) == len(analyses)

    @ROUTES
    @pytest.mark.parametrize("analysis", [quality(extract_best_shot=True), BIOMETRY], ids=["quality", "biometry"])
    def test_the_error_names_the_video_without_a_face(
        self, server: Server, route: str, analysis: dict[str, Any]
    ) -> None:
        document = folder(server, {"face": photo(), "empty": empty_video()}, {"analyses": [analysis]}, route)
        assert states(document) == FAILED
        (one,) = document["analyses"]
        assert one["error_code"] == 202
        assert one["error_message"] == f"Could not locate face on source media [{document['media'][1]['media_id']}]"
        assert (one["results_media"], one["results_data"]) == ([], None)
        assert names(one) == ["face", "empty"]

    def test_an_archive_or_photo_without_a_face_fails(self, server: Server) -> None:
        for data in (make_tar([("0.png", png(blank()))], gzip=True), jpeg(blank())):
            document = folder(server, {"m": data})
            assert states(document) == FAILED
            assert document["analyses"][0]["error_code"] == 202

    @ROUTES
    def test_quality_of_id_photos_only_fails(self, server: Server, route: str) -> None:
        media = {"front": photo(), "back": photo(), "id": photo()}
        tags = {"front": ["photo_id", "photo_id_front"], "back": ["photo_id_back"], "id": ["photo_id"]}
        document = folder(server, media, {"media:tags": tags}, route)
        assert states(document) == FAILED
        (one,) = document["analyses"]
        assert (one["error_code"], one["error_message"]) == (5, "Invalid/missed tag values to process quality check")

    def test_id_photos_are_compared_but_not_scored(self, server: Server) -> None:
        media = {"selfie": video(), "front": photo(), "back": jpeg(blank())}
        tags = {"selfie": ["video_selfie"], "front": ["photo_id_front"], "back": ["photo_id_back"]}
        document = folder(server, media, {"media:tags": tags, "analyses": [quality(), BIOMETRY]})
        check, match = document["analyses"]
        assert (names(check), names(match)) == (["selfie"], ["selfie", "front"])
        assert document["system_resolution"] == "SUCCESS"

    @ROUTES
    def test_biometry_of_one_media_item_fails(self, server: Server, route: str) -> None:
        for media, tags in (({"m": photo()}, {}), ({"m": photo(), "n": photo()}, {"n": ["photo_id_back"]})):
            document = folder(server, media, {"analyses": [BIOMETRY], "media:tags": tags}, route)
            assert states(document) == FAILED
            (one,) = document["analyses"]
            assert one["error_code"] == 202
            assert one["error_message"] == "Biometry. Analysis requires at least 2 media objects to process"

    def test_two_people_in_a_media_item_fail(self, server: Server) -> None:
        document = folder(server, {"m": jpeg(np.hstack([selfie(0), selfie(2)]))})
        assert states(document) == FAILED
        assert document["analyses"][0]["error_code"] == 202
        assert document["analyses"][0]["error_message"].startswith("More than one person")


def test_parallel_requests_have_the_results_of_single_ones(server: Server) -> None:
    both = {"analyses": [quality(extract_best_shot=True), BIOMETRY]}
    kinds: list[tuple[dict[str, bytes], Any]] = [
        ({"v": video(0), "p": photo(0)}, both),
        ({"z": archive(1), "p": photo(2)}, both),
        ({"v": video(2)}, {"analyses": [quality(extract_best_shot=True)]}),
        ({"e": empty_video(), "p": photo(3)}, both),
    ]
    requests = [(*kind, route) for kind, route in zip(kinds, (DETECT, INSTANT) * 2, strict=True)]
    expected = [normalized(folder(server, *request)) for request in requests]
    with ThreadPoolExecutor(16) as pool:
        parallel = list(pool.map(lambda request: normalized(folder(server, *request)), requests * 2))
    assert parallel == expected * 2


@pytest.fixture(scope="module")
def development(data_folder: Path) -> Path:
    folder = data_folder / "liveness-dev"
    if not folder.is_dir():
        pytest.skip("no liveness-dev in the development data")
    return folder


@ROUTES
@pytest.mark.parametrize(("name", "resolution"), [("real-1.mp4", "SUCCESS"), ("spoof-1.mp4", "DECLINED")])
def test_development_videos_have_the_expected_result(
    server: Server, development: Path, route: str, name: str, resolution: str
) -> None:
    payload = {"analyses": [quality(extract_best_shot=True)]}
    document = folder(server, {"m": (development / name).read_bytes()}, payload, route)
    assert states(document) == ("FINISHED", resolution, "FINISHED", resolution)
    (image,) = document["analyses"][0]["results_media"][0]["output_images"]
    assert server.extract(base64.b64decode(image["image_b64"])).status == 200


@pytest.mark.parametrize(("name", "passed"), [("real-2.jpg", True), ("spoof-2.jpg", False), ("spoof-3.jpg", False)])
def test_development_photos_have_the_expected_result(
    server: Server, development: Path, name: str, passed: bool
) -> None:
    response = server.call("POST", DETECT, (development / name).read_bytes(), JPEG)
    assert (response.status, response.json()["passed"]) == (200, passed)
