"""Multipart detect and instant folders on a real server: the document."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import time
from typing import Any

import pytest
from PIL import Image as Pil

from tests import support_faces as faces
from tests.http.support_folders import (
    BIOMETRY,
    DETECT,
    INSTANT,
    LIVE,
    ROUTES,
    UUID,
    archive,
    folder,
    folder_document,
    media_part,
    normalized,
    payload_part,
    photo,
    post_folder,
    quality,
    scores,
    states,
    video,
    without_source_ids,
)
from tests.support_liveness import selfie
from tests.support_media import encode_video, make_tar
from tests.support_processes import written
from tests.support_server import JPEG, Server, form, part
from tests.unit.services.reference import EXAMPLE
from tests.unit.services.test_document import walk

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


def test_the_server_writes_nothing_to_disk() -> None:
    media = {
        "v": video(),
        "w": encode_video([selfie(LIVE)] * 4, "libvpx", "webm"),
        "z": archive(),
        "t": make_tar([("a.jpg", photo())], gzip=True),
        "p": photo() + bytes(8_000_000),
        "h": faces.encoded(Pil.fromarray(selfie(LIVE)), "TIFF"),
    }
    payload = {"analyses": [quality(extract_best_shot=True), BIOMETRY]}
    with Server() as running:
        folder(running, media, payload)
        before = written(running.process.pid)
        for route in (DETECT, INSTANT):
            document = folder(running, media, payload, route)
            assert document["system_resolution"] == "SUCCESS"
        for broken in (video()[:3000], archive()[:-40], b"junk"):
            assert post_folder(running, {"m": broken}).status == 400
        assert running.call("POST", DETECT, photo(), JPEG).status == 200
        assert written(running.process.pid) == before
        assert running.process.poll() is None
