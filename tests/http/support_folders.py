"""Folder requests with videos, archives and photos of real faces, and what their documents hold."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from tests.support_liveness import blank, selfie
from tests.support_media import encode_video, jpeg, make_zip
from tests.support_server import Response, Server, form, part
from tests.unit.services.reference import EXAMPLE

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
