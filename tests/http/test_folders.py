"""Multipart detect and instant folders on a real server, with videos, archives and photos of real faces."""

from __future__ import annotations

import asyncio
import base64
import copy
import hashlib
import io
import json
import re
import resource
import signal
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp.test_utils import TestServer
from PIL import Image as Pil

from faceVer.domain.errors import InferenceError
from faceVer.http.server.app import create_app
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings
from tests import support_faces as faces
from tests.support_liveness import blank, selfie
from tests.support_media import encode_video, jpeg, make_tar, make_zip, png
from tests.support_server import JPEG, Response, Server, form, part
from tests.unit.services.reference import EXAMPLE
from tests.unit.services.test_document import walk

DETECT, INSTANT = "/v1/face/liveness/detect", "/api/instant/folders/"
ROUTES = pytest.mark.parametrize("route", [DETECT, INSTANT], ids=["detect", "instant"])
BASE64 = {"Content-Transfer-Encoding": "base64"}
BIOMETRY: dict[str, Any] = {"type": "biometry"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
# The PAD score of person 0 is about 0.0005 (bona fide), that of person 2 about 0.99 (attack), in every media type.
LIVE, ATTACK = 0, 2


@cache
def photo(number: int = LIVE) -> bytes:
    return jpeg(selfie(number))


@cache
def video(number: int = LIVE) -> bytes:
    return encode_video([selfie(number, shift=4 * n) for n in range(8)], fps=4)


@cache
def archive(number: int = LIVE) -> bytes:
    return make_zip([(f"{n}.jpg", jpeg(selfie(number, shift=4 * n))) for n in range(3)])


@cache
def empty_video() -> bytes:
    return encode_video([blank()] * 3)


def quality(**params: Any) -> dict[str, Any]:
    return {"type": "quality", "params": params}


def payload_part(payload: Any) -> bytes:
    return part("payload", payload if isinstance(payload, bytes) else json.dumps(payload).encode())


def media_part(name: str, data: bytes, content_type: str | None = "multipart/form-data;") -> bytes:
    """A media part; its default Content-Type is that of the vendor's example."""
    return part(name, data, content_type, f"{name}.bin")


def send(server: Server, parts: list[bytes], route: str = DETECT, headers: Mapping[str, str] | None = None) -> Response:
    return server.call(
        "POST", route, form(parts), {"Content-Type": "multipart/form-data; boundary=72468", **(headers or {})}
    )


def post_folder(server: Server, media: Mapping[str, bytes], payload: Any = None, route: str = DETECT) -> Response:
    """Send a folder request. payload: bytes are sent unchanged, other values as JSON, None = no payload part."""
    parts = [media_part(name, data) for name, data in media.items()]
    return send(server, parts if payload is None else [*parts, payload_part(payload)], route)


def folder_document(response: Response) -> dict[str, Any]:
    """The folder document of a response, whose invariants are checked."""
    assert response.status == 200, response
    assert response.headers["content-type"].startswith("application/json")
    assert not re.search(rb"\d[eE][-+]?\d", re.sub(rb'"(?:[^"\\]|\\.)*"', b"", response.body)), "an exponent"
    document = response.json()
    assert list(document) == list(EXAMPLE)
    assert document["time_created"] <= document["time_updated"]
    for item in (document, *document["media"], *document["analyses"]):
        assert item["folder_id"] == document["folder_id"]
    assert len({analysis["group_id"] for analysis in document["analyses"]}) == 1
    for analysis in document["analyses"]:
        assert list(analysis) == list(EXAMPLE["analyses"][0])
        assert analysis["resolution"] == analysis["resolution_status"]
        assert all(item in document["media"] for item in analysis["source_media"])
    return dict(document)


def folder(server: Server, media: Mapping[str, bytes], payload: Any = None, route: str = DETECT) -> dict[str, Any]:
    return folder_document(post_folder(server, media, payload, route))


def states(document: dict[str, Any], number: int = 0) -> tuple[str, ...]:
    one = document["analyses"][number]
    return one["state"], one["resolution_status"], document["resolution_status"], document["system_resolution"]


FAILED = ("FAILED",) * 4


def scores(analysis: dict[str, Any]) -> list[float]:
    return [result["results_data"]["confidence_spoofing"] for result in analysis["results_media"]]


def names(analysis: dict[str, Any]) -> list[str]:
    return [item["original_name"].removesuffix(".bin") for item in analysis["source_media"]]


def normalized(document: dict[str, Any]) -> dict[str, Any]:
    """The document with numbers in place of ids, and without times, so that equal requests have equal documents."""
    numbers: dict[str, str] = {}
    text = UUID.sub(lambda match: numbers.setdefault(match[0], f"id-{len(numbers)}"), json.dumps(document))
    return dict(json.loads(re.sub(r'"(time_created|time_updated)": [0-9.]+', r'"\1": 0', text)))


def without_source_ids(document: dict[str, Any]) -> dict[str, Any]:
    """The document without the ids that only the Oz API's results have; checks those ids."""
    names = {
        "VIDEO_FOLDER": "source_video_id",
        "IMAGE_FOLDER": "source_image_id",
        "SHOTS_SET_FOLDER": "source_shots_set_id",
    }
    document = copy.deepcopy(document)
    kinds = {item["media_id"]: item["media_type"] for item in document["media"]}
    for analysis in document["analyses"]:
        for result in analysis["results_media"]:
            assert list(result)[-1] == names[kinds[result["source_media_id"]]]
            assert result.popitem()[1] == result["source_media_id"]
    return document


META: dict[str, Any] = {
    "partner_side_folder_id": "partner_side_folder_id_if_needed",
    "person_info": {"first_name": "John", "middle_name": "Jameson", "last_name": "Doe"},
}
REFERENCE: dict[str, Any] = {
    "folder:meta_data": META,
    "resolution_endpoint": "https://www.your-custom-endpoint.com",
    "media:meta_data": {
        "media_key1": {"foo4": "bar5"},
        "media_key2": {"foo2": "bar3"},
    },
    "media:tags": {
        "media_key1": ["video_selfie", "video_selfie_blank", "orientation_portrait"],
        "media_key2": ["photo_selfie"],
    },
    "analyses": [
        {
            "type": "quality",
            "meta_data": {"some_key": "some_value"},
            "params": {"threshold_spoofing": 0.42, "extract_best_shot": True},
        }
    ],
}


@ROUTES
class TestReference:
    """The request of the vendor's example."""

    def test_the_document_has_the_keys_types_and_nulls_of_the_example(self, server: Server, route: str) -> None:
        body = form([media_part("media_key1", video()), payload_part(REFERENCE)], "--BOUNDARY--")
        before = time.time()
        response = server.call("POST", route, body, {"Content-Type": "multipart/form-data; boundary=--BOUNDARY--"})
        document = folder_document(response)
        walk(EXAMPLE, without_source_ids(document) if route == INSTANT else document)
        assert document["meta_data"] == META
        assert document["resolution_endpoint"] == "https://www.your-custom-endpoint.com"
        (item,), (analysis,) = document["media"], document["analyses"]
        assert item["tags"] == ["video_selfie", "video_selfie_blank", "orientation_portrait"]
        assert (item["meta_data"], analysis["meta_data"]) == ({"foo4": "bar5"}, {"some_key": "some_value"})
        assert item["info"]["video"]["md5"] == hashlib.md5(video()).hexdigest()
        assert item["info"]["video"]["size"] == len(video())
        assert (item["media_type"], item["video_id"]) == ("VIDEO_FOLDER", item["media_id"])
        assert analysis["confs"]["threshold_spoofing"] == 0.42
        assert states(document) == ("FINISHED", "SUCCESS", "FINISHED", "SUCCESS")
        (result,) = analysis["results_media"]
        assert result["source_media_id"] == result["media_association_id"] == item["media_id"]
        assert result["output_images"][0]["media_association_id"] == item["media_id"]
        assert before <= document["time_created"] <= analysis["time_created"] <= analysis["time_updated"] <= time.time()

    def test_each_request_gets_new_ids(self, server: Server, route: str) -> None:
        first, second = (folder(server, {"m": photo(), "n": photo()}, {}, route) for _ in range(2))
        found = [set(UUID.findall(json.dumps(document))) for document in (first, second)]
        # The folder, two media, the analysis, the group.
        assert [len(ids) for ids in found] == [5, 5]
        assert not found[0] & found[1]
        assert normalized(first) == normalized(second)


MIXED_MEDIA = {"video1": video, "photo1": photo, "shots1": archive}
MIXED: dict[str, Any] = {
    "folder:meta_data": {"имя": "Иван “I”", "n": [1, 2.5, 1e-7, 10**20, None, True], "😀": {}},
    "media:tags": {"video1": ["video_selfie", "video_selfie_smile"], "photo1": ["photo_selfie"]},
    "media:meta_data": {"photo1": {"a": "b"}},
    "resolution_endpoint": "https://hook.example/x?token=1#y",
    "analyses": [quality(extract_best_shot=True), {**BIOMETRY, "meta_data": {"k": 1}}],
}


@pytest.fixture(scope="module")
def documents(server: Server) -> list[dict[str, Any]]:
    media = {name: make() for name, make in MIXED_MEDIA.items()}
    return [folder(server, media, MIXED, route) for route in (DETECT, INSTANT)]


@pytest.fixture(scope="module", params=[0, 1], ids=["detect", "instant"])
def document(documents: list[dict[str, Any]], request: pytest.FixtureRequest) -> dict[str, Any]:
    return documents[request.param]


class TestMixed:
    """A video, a photo and an archive in one request, both analyses and best shots."""

    def test_both_routes_differ_only_in_source_ids(self, documents: list[dict[str, Any]]) -> None:
        assert normalized(documents[0]) == normalized(without_source_ids(documents[1]))
        assert not set(UUID.findall(json.dumps(documents[0]))) & set(UUID.findall(json.dumps(documents[1])))

    def test_analyses_have_statuses_and_one_group(self, document: dict[str, Any]) -> None:
        check, match = document["analyses"]
        assert (check["type"], match["type"]) == ("QUALITY", "BIOMETRY")
        assert states(document, 0) == states(document, 1) == ("FINISHED", "SUCCESS", "FINISHED", "SUCCESS")
        assert check["group_id"] == match["group_id"]
        assert check["analysis_id"] == check["analyse_id"] != match["analysis_id"]
        assert all(0 <= score <= 0.5 for score in scores(check))
        assert len(scores(check)) == 3
        assert match["results_data"]["min_confidence"] > 0.85
        assert match["confs"] == {"threshold_min": 0.85, "threshold_max": 0.85}
        assert [len(one["results_media"]) for one in (check, match)] == [3, 3]
        assert match["meta_data"] == {"k": 1}

    def test_metadata_and_tags_are_echoed(self, document: dict[str, Any]) -> None:
        assert document["meta_data"] == MIXED["folder:meta_data"]
        assert document["resolution_endpoint"] == MIXED["resolution_endpoint"]
        clip, still, shots = document["media"]
        assert clip["tags"] == ["video_selfie", "video_selfie_smile", "orientation_portrait"]
        assert still["tags"] == ["photo_selfie", "orientation_portrait"]
        assert shots["tags"] == ["orientation_portrait"]
        assert [item["meta_data"] for item in document["media"]] == [{}, {"a": "b"}, {}]
        assert [item["original_name"] for item in document["media"]] == ["video1.bin", "photo1.bin", "shots1.bin"]

    def test_each_media_type_has_its_fields(self, document: dict[str, Any]) -> None:
        clip, still, shots = document["media"]
        endings = {
            "VIDEO_FOLDER": ["video_id", "video_url"],
            "IMAGE_FOLDER": ["image_id", "image_url"],
            "SHOTS_SET_FOLDER": ["shots_set_id", "video_url"],
        }
        assert [item["media_type"] for item in document["media"]] == list(endings)
        for item in document["media"]:
            ending = endings[item["media_type"]]
            assert list(item)[-2:] == ending
            assert item[ending[0]] == item["media_id"]
            assert item[ending[1]] is None
        video_info = clip["info"]["video"]
        assert list(video_info) == ["duration", "FPS", "width", "height", "md5", "size", "mime-type"]
        assert (video_info["duration"], video_info["FPS"]) == (pytest.approx(2, abs=0.01), pytest.approx(4))
        for item, kind, data, mime in (
            (clip, "video", video(), "video/mp4"),
            (still, "original", photo(), "image/jpeg"),
            (shots, "shots_set", archive(), "application/zip"),
        ):
            assert list(item["info"]) == ["thumb", kind]
            assert item["info"][kind] | {"duration": 0, "FPS": 0} == {
                "duration": 0,
                "FPS": 0,
                "width": 300,
                "height": 400,
                "md5": hashlib.md5(data).hexdigest(),
                "size": len(data),
                "mime-type": mime,
            }

    def test_best_shots_are_images_of_the_face(self, server: Server, document: dict[str, Any]) -> None:
        results = document["analyses"][0]["results_media"]
        assert [len(result["output_images"]) for result in results] == [1, 0, 1], "a photo has no best shot"
        assert not any(result["output_images"] for result in document["analyses"][1]["results_media"])
        for result in (results[0], results[2]):
            (image,) = result["output_images"]
            data = base64.b64decode(image["image_b64"], validate=True)
            original = image["info"]["original"]
            assert (original["md5"], original["size"]) == (hashlib.md5(data).hexdigest(), len(data))
            with Pil.open(io.BytesIO(data)) as picture:
                assert (picture.format, picture.size) == ("JPEG", (original["width"], original["height"]))
            assert image["media_association_id"] == result["source_media_id"]
            mine = server.template(data)
            parts = [part("bio_feature", mine), part("bio_template", server.template(photo()))]
            assert server.post("compare", parts).json()["score"] > 0.85


class TestPayload:
    @pytest.mark.parametrize(
        "payload", [None, {}, {"analyses": []}, {"analyses": None}, {"analyses": [{}]}, {"unknown": {"key": 1}}]
    )
    def test_the_default_is_one_quality_analysis(self, server: Server, payload: Any) -> None:
        document = folder(server, {"m": photo()}, payload)
        (analysis,) = document["analyses"]
        assert states(document) == ("FINISHED", "SUCCESS", "FINISHED", "SUCCESS")
        assert (analysis["type"], analysis["confs"]["threshold_spoofing"]) == ("QUALITY", 0.5)
        assert analysis["confs"]["extract_best_shot"] is False
        assert (document["meta_data"], document["resolution_endpoint"]) == ({}, None)

    @ROUTES
    def test_top_level_params_are_the_defaults_of_analyses(self, server: Server, route: str) -> None:
        analyses = [{"type": "quality"}, quality(threshold_spoofing=0.25)]
        payload = {"analyses": analyses, "params": {"threshold_spoofing": 0.125, "extract_best_shot": True}}
        document = folder(server, {"m": video()}, payload, route)
        confs = [analysis["confs"] for analysis in document["analyses"]]
        assert [one["threshold_spoofing"] for one in confs] == [0.125, 0.25]
        assert [one["extract_best_shot"] for one in confs] == [True, True]

    @pytest.mark.parametrize(
        "sent",
        [
            part("payload", b"{}", "application/json"),
            part("payload", b"{}", "text/plain; charset=utf-8", "payload.json"),
            part("payload", "﻿{}".encode(), "application/octet-stream"),
            part("payload", base64.b64encode(b"{}"), extra=["Content-Transfer-Encoding: base64"]),
        ],
    )
    def test_the_payload_may_have_any_type_and_position(self, server: Server, sent: bytes) -> None:
        media = media_part("m", photo())
        for parts in ([sent, media], [media, sent]):
            assert states(folder_document(send(server, parts)))[0] == "FINISHED"

    def test_names_and_file_names_may_be_of_any_script(self, server: Server) -> None:
        key = "селфи 1 “«"
        parts = [
            part(key, photo(), "image/jpeg", "моё фото.jpg"),
            part("nameless", photo()),
            payload_part({"media:tags": {key: ["x"]}, "analyses": [{**quality(), "source_media": [key]}]}),
        ]
        document = folder_document(send(server, parts))
        assert [item["original_name"] for item in document["media"]] == ["моё фото.jpg", "nameless"]
        assert document["media"][0]["tags"] == ["x", "orientation_portrait"]
        assert len(document["analyses"][0]["source_media"]) == 1

    def test_an_orientation_tag_is_added_only_if_it_is_missing(self, server: Server) -> None:
        wide = jpeg(selfie(LIVE, width=400, height=300))
        tags = {"own": ["orientation_portrait"], "none": []}
        document = folder(server, {"own": wide, "none": wide}, {"media:tags": tags})
        assert [item["tags"] for item in document["media"]] == [["orientation_portrait"], ["orientation_landscape"]]

    def test_a_chunked_body_is_accepted(self, server: Server) -> None:
        headers = {"Content-Type": 'multipart/form-data; boundary="72468"'}
        response = server.call("POST", DETECT, form([media_part("m", photo())]), headers, chunked=True)
        assert states(folder_document(response))[0] == "FINISHED"


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


class TestBase64:
    @ROUTES
    def test_the_encoding_of_the_request_applies_to_files_but_not_to_the_payload(
        self, server: Server, route: str
    ) -> None:
        media = {"v": video(), "p": photo(), "z": archive()}
        payload = {"folder:meta_data": {"id": "7"}, "analyses": [quality(extract_best_shot=True), BIOMETRY]}
        plain = folder(server, media, payload, route)
        parts = [media_part(name, base64.b64encode(data)) for name, data in media.items()]
        encoded = folder_document(send(server, [*parts, payload_part(payload)], route, BASE64))
        assert normalized(encoded) == normalized(plain)
        assert encoded["meta_data"] == {"id": "7"}

    def test_the_encoding_of_a_part_applies_to_that_part(self, server: Server) -> None:
        text = base64.urlsafe_b64encode(photo()).rstrip(b"=")
        lines = b"\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))
        encoded = part("a", lines, "image/jpeg", extra=["content-transfer-encoding: BASE64"])
        data_uri = b"data:image/jpeg;base64," + base64.b64encode(photo())
        uri = part("b", data_uri, extra=["Content-Transfer-Encoding: base64"])
        binary = part("c", photo(), extra=["Content-Transfer-Encoding: binary"])
        document = folder_document(send(server, [encoded, uri, binary]))
        assert [item["info"]["original"]["size"] for item in document["media"]] == [len(photo())] * 3
        assert states(folder_document(send(server, [binary], DETECT, BASE64)))[0] == "FINISHED"


class TestMedia:
    @pytest.mark.parametrize(
        "labels",
        [
            (None, "multipart/form-data; ", "application/octet-stream"),
            ("image/jpeg", "video/mp4", "image/png"),
            ("binary/octet-stream", "VIDEO/x-Something; codecs=avc1", "video/webm"),
            ("application/zip", "image/gif", "application/x-tar"),
            ("*/*", "application/zip", "nonsense"),
        ],
    )
    def test_the_media_type_is_detected_from_the_bytes(self, server: Server, labels: tuple[str | None, ...]) -> None:
        media = (video(), photo(), make_tar([("a.jpg", photo())], gzip=True))
        parts = [media_part(f"m{n}", data, label) for n, (data, label) in enumerate(zip(media, labels, strict=True))]
        document = folder_document(send(server, parts))
        assert [item["media_type"] for item in document["media"]] == [
            "VIDEO_FOLDER",
            "IMAGE_FOLDER",
            "SHOTS_SET_FOLDER",
        ]
        assert states(document) == ("FINISHED", "SUCCESS", "FINISHED", "SUCCESS")

    @pytest.mark.parametrize(
        ("codec", "container", "mime"),
        [
            ("libx264", "mp4", "video/mp4"),
            ("libx264", "mov", "video/quicktime"),
            ("libx264", "mkv", "video/x-matroska"),
            ("libx265", "mkv", "video/x-matroska"),
            ("libx265", "mp4", "video/mp4"),
            ("libvpx", "webm", "video/webm"),
            ("libvpx-vp9", "webm", "video/webm"),
            ("mpeg4", "avi", "video/x-msvideo"),
            ("mpeg4", "mp4", "video/mp4"),
            ("mjpeg", "mov", "video/quicktime"),
        ],
    )
    def test_every_codec_and_container_is_decoded(self, server: Server, codec: str, container: str, mime: str) -> None:
        clip = encode_video(
            [selfie(LIVE, shift=4 * n) for n in range(8)], codec, container, 8, audio=container != "avi"
        )
        document = folder(server, {"m": clip, "p": photo()}, {"analyses": [quality(extract_best_shot=True), BIOMETRY]})
        info = document["media"][0]["info"]["video"]
        assert (info["width"], info["height"], info["mime-type"]) == (300, 400, mime)
        assert info["duration"] == pytest.approx(1, abs=0.15)
        assert info["FPS"] == pytest.approx(8, abs=0.5)
        assert [one["resolution"] for one in document["analyses"]] == ["SUCCESS", "SUCCESS"]
        (image,) = document["analyses"][0]["results_media"][0]["output_images"]
        assert server.extract(base64.b64decode(image["image_b64"])).status == 200

    @pytest.mark.parametrize("rotation", [90, 180, 270])
    @pytest.mark.parametrize("container", ["mp4", "mov"])
    def test_rotation_is_applied(self, server: Server, rotation: int, container: str) -> None:
        stored = [np.ascontiguousarray(np.rot90(selfie(LIVE, shift=4 * n), -rotation // 90)) for n in range(6)]
        clip = encode_video(stored, container=container, rotation=rotation)
        document = folder(server, {"m": clip}, {"analyses": [quality(extract_best_shot=True)]})
        (item,), (analysis,) = document["media"], document["analyses"]
        assert (item["info"]["video"]["width"], item["info"]["video"]["height"]) == (300, 400)
        assert item["tags"] == ["orientation_portrait"]
        shot = analysis["results_media"][0]["output_images"][0]["info"]["original"]
        assert (shot["width"], shot["height"]) == (300, 400)
        assert analysis["resolution"] == "SUCCESS"

    def test_videos_of_variable_frame_rate_and_truncated_videos_are_decoded(self, server: Server) -> None:
        frames = [selfie(LIVE, shift=2 * n) for n in range(8)]
        clip = encode_video(frames, times=[0, 0.05, 0.1, 0.15, 1.0, 2.0, 2.1, 4.0])
        document = folder(server, {"m": clip})
        assert document["media"][0]["info"]["video"]["duration"] >= 4
        assert document["system_resolution"] == "SUCCESS"
        cut = encode_video(frames, "libvpx", "webm")
        document = folder(server, {"m": cut[: len(cut) * 2 // 3]})
        assert document["system_resolution"] == "SUCCESS"

    @pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
    def test_every_archive_format_is_decoded(self, server: Server, kind: str) -> None:
        members = [(f"shots/{n}.{end}", make(selfie(LIVE, shift=4 * n))) for n, (end, make) in enumerate(
            [("jpg", jpeg), ("png", png), ("jpg", jpeg)])]  # fmt: skip
        data = make_zip(members) if kind == "zip" else make_tar(members, gzip=kind == "tar.gz")
        document = folder(server, {"m": data}, {"analyses": [quality(extract_best_shot=True)]})
        assert document["media"][0]["media_type"] == "SHOTS_SET_FOLDER"
        assert document["system_resolution"] == "SUCCESS"
        assert len(document["analyses"][0]["results_media"][0]["output_images"]) == 1


def assert_oz_error(response: Response, status: int, code: int, field: str | None = None) -> None:
    assert response.status == status, response
    document = response.json()
    assert list(document) == ["error_code", "error_message", "details"]
    assert document["error_code"] == code
    assert isinstance(document["error_message"], str)
    assert document["error_message"]
    assert document["details"] == (None if field is None else {"field": field})
    assert response.headers["content-type"].startswith("application/json")
    assert response.headers["x-request-id"]
    assert response.headers["access-control-allow-origin"] == "*"


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


def test_the_server_writes_nothing_to_disk() -> None:
    """With a file size limit of zero any write to a regular file kills the process (SIGXFSZ)."""

    def forbid_writing() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    media = {
        "v": video(),
        "w": encode_video([selfie(LIVE)] * 4, "libvpx", "webm"),
        "z": archive(),
        "t": make_tar([("a.jpg", photo())], gzip=True),
        "p": photo() + bytes(8_000_000),
        "h": faces.encoded(Pil.fromarray(selfie(LIVE)), "TIFF"),
    }
    payload = {"analyses": [quality(extract_best_shot=True), BIOMETRY]}
    with Server(preexec=forbid_writing) as running:
        for route in (DETECT, INSTANT):
            document = folder(running, media, payload, route)
            assert document["system_resolution"] == "SUCCESS"
        for broken in (video()[:3000], archive()[:-40], b"junk"):
            assert post_folder(running, {"m": broken}).status == 400
        assert running.call("POST", DETECT, photo(), JPEG).status == 200
        assert running.process.poll() is None


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
