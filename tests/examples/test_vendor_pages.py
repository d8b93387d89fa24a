"""The example requests of the vendor's pages, sent as they stand there, get the answers that stand there."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests import support_faces as faces
from tests import support_media as media
from tests.examples import vendor
from tests.support_server import PATTERN, Response, Server, form, part, template_part
from tests.support_wire import send
from tests.unit.services.reference import EXAMPLE

BASE64 = "Content-Transfer-Encoding: base64"
SAME = {"score": 1.0, "decision": "approved"}


@pytest.fixture(scope="module")
def other() -> bytes:
    return faces.jpeg(faces.person(4))


@pytest.fixture(scope="module")
def templates(server: Server, astronaut: bytes, stranger: bytes, other: bytes) -> list[bytes]:
    """Of the astronaut, of the stranger, of another."""
    return [server.template(image) for image in (astronaut, stranger, other)]


@pytest.fixture(scope="module")
def video() -> bytes:
    return media.encode_video(media.face_frames(4, 240, 320))


def replay(server: Server, text: str, *streams: bytes, encoded: bool = False) -> Response:
    """The answer to a request of the pages. encoded: with base64, as they say it is switched on."""
    if encoded:
        return send(server, vendor.request(text, map(base64.b64encode, streams), [BASE64]))
    return send(server, vendor.request(text, streams))


def good(answer: Response) -> Any:
    """The JSON of an answer that is as the pages have it."""
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "application/json"), answer
    return answer.json()


def shape(value: Any) -> Any:
    """Keys and types."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return [shape(value[0])] if isinstance(value, list) else type(value)


def test_version(server: Server) -> None:
    wanted = {"core": str, "tfss": str, "models": [{"name": str, "version": str}]}
    assert shape(good(replay(server, vendor.VERSION))) == wanted


@pytest.mark.parametrize("text", [vendor.PATTERN_HEALTH, vendor.LIVENESS_HEALTH])
def test_health(server: Server, text: str) -> None:
    assert good(replay(server, text)) == {"status": 0, "message": ""}


@pytest.mark.parametrize("encoded", [False, True], ids=["bytes", "base64"])
class TestBiometry:
    def test_extract(self, server: Server, astronaut: bytes, templates: list[bytes], encoded: bool) -> None:
        answer = replay(server, vendor.EXTRACT, astronaut, encoded=encoded)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream")
        assert answer.body == (base64.b64encode(templates[0]) if encoded else templates[0])

    def test_compare(self, server: Server, templates: list[bytes], encoded: bool) -> None:
        assert good(replay(server, vendor.COMPARE, templates[0], templates[0], encoded=encoded)) == SAME

    def test_verify(self, server: Server, astronaut: bytes, templates: list[bytes], encoded: bool) -> None:
        answer = replay(server, vendor.VERIFY, templates[0], astronaut, encoded=encoded)
        assert answer.status == 200
        kind, _, mark = answer.headers["content-type"].partition("; boundary=")
        assert kind == "multipart/form-data"
        template = base64.b64encode(templates[0]) if encoded else templates[0]
        wanted = [
            part("score", b'{"score": 1.0}', "application/json"),
            part("bio_feature", template, "application/octet-stream", extra=[BASE64] * encoded),
        ]
        assert answer.body == form(wanted, mark)

    def test_extract_and_compare(self, server: Server, astronaut: bytes, encoded: bool) -> None:
        assert good(replay(server, vendor.EXTRACT_AND_COMPARE, astronaut, astronaut, encoded=encoded)) == SAME

    def test_compare_n(self, server: Server, templates: list[bytes], encoded: bool) -> None:
        mine, strangers, others = templates
        answer = replay(server, vendor.COMPARE_N, mine, strangers, mine, others, encoded=encoded)
        check_results(good(answer), "template")

    def test_verify_n(self, server: Server, astronaut: bytes, templates: list[bytes], encoded: bool) -> None:
        mine, strangers, others = templates
        answer = replay(server, vendor.VERIFY_N, astronaut, strangers, mine, others, encoded=encoded)
        check_results(good(answer), "template")

    def test_extract_and_compare_n(
        self, server: Server, astronaut: bytes, stranger: bytes, other: bytes, encoded: bool
    ) -> None:
        pictures = (astronaut, stranger, astronaut, other)
        check_results(good(replay(server, vendor.EXTRACT_AND_COMPARE_N, *pictures, encoded=encoded)), "jpeg")


def check_results(answer: Any, ending: str) -> None:
    """Three results, of which the second is the same person's: the names and decisions of the pages."""
    assert list(answer) == ["results"]
    rows = answer["results"]
    assert [list(row) for row in rows] == [["filename", "score", "decision"]] * 3
    assert [row["filename"] for row in rows] == [f"{number}.{ending}" for number in (1, 2, 3)]
    assert [row["decision"] for row in rows] == ["declined", "approved", "declined"]
    assert rows[1]["score"] == 1.0
    assert all(0 <= row["score"] < 0.85 for row in (rows[0], rows[2]))


class TestLiveness:
    def test_an_image(self, server: Server, astronaut: bytes) -> None:
        assert shape(good(replay(server, vendor.DETECT, astronaut))) == {"passed": bool, "score": float}

    @pytest.mark.parametrize(("text", "shots"), [(vendor.DETECT_FOLDER, 0), (vendor.DETECT_BEST_SHOT, 1)])
    def test_a_video_with_a_payload(self, server: Server, video: bytes, text: str, shots: int) -> None:
        document = good(replay(server, text, video))
        assert list(document) == list(EXAMPLE)
        assert (document["resolution_status"], document["resolution_endpoint"]) == (
            "FINISHED",
            "https://www.your-custom-endpoint.com",
        )
        assert document["meta_data"]["person_info"]["middle_name"] == "Jameson"
        (medium,) = document["media"]
        assert list(medium) == list(EXAMPLE["media"][0])
        assert (medium["original_name"], medium["meta_data"]) == ("video.mp4", {"foo": "bar2"})
        assert medium["tags"] == ["video_selfie", "video_selfie_blank", "orientation_portrait"]
        (analysis,) = document["analyses"]
        assert list(analysis) == list(EXAMPLE["analyses"][0])
        assert (analysis["state"], analysis["meta_data"]) == ("FINISHED", {"example1": "some_example1"})
        assert analysis["confs"] == {
            "threshold_replay": 0.5,
            "extract_best_shot": bool(shots),
            "threshold_liveness": 0.5,
            "threshold_spoofing": 0.6,
        }
        (result,) = analysis["results_media"]
        assert result["source_media_id"] == medium["media_id"] == medium["video_id"]
        assert len(result["output_images"]) == shots
        for image in result["output_images"]:
            assert server.extract(base64.b64decode(image["image_b64"])).status == 200

    @pytest.mark.parametrize("path", ["/v1/face/liveness/detect", "/api/instant/folders/"])
    def test_the_payload_of_three_media(self, server: Server, video: bytes, astronaut: bytes, path: str) -> None:
        """With the page's comments the payload is not JSON."""
        answer = self.post(server, path, video, astronaut, vendor.without_comments(vendor.PAYLOAD))
        document = good(answer)
        assert [len(medium["tags"]) for medium in document["media"]] == [3, 2, 3]
        assert document["analyses"][0]["confs"]["threshold_spoofing"] == 0.42
        assert [len(row["output_images"]) for row in document["analyses"][0]["results_media"]] == [1, 0, 1]
        refused = self.post(server, path, video, astronaut, vendor.PAYLOAD)
        assert refused.status == 400
        assert refused.json().get("code", "LDE-003004") == "LDE-003004"

    def post(self, server: Server, path: str, video: bytes, photo: bytes, payload: str) -> Response:
        contents = [video, photo, video]
        parts = [part(f"media_key{number}", data, filename="x") for number, data in enumerate(contents, 1)]
        parts.append(part("payload", payload.encode()))
        return server.call("POST", path, form(parts), {"Content-Type": "multipart/form-data; boundary=72468"})


class TestWhatCannotWork:
    """The pages' typesetting, taken for bytes: an error that says which, and nothing worse."""

    @pytest.mark.parametrize(
        ("what", "typeset"),
        [
            ("delimiters without their hyphens", lambda raw: raw.replace(b"\r\n----BOUNDARY", b"\r\n--BOUNDARY")),
            ("no hyphens after the last", lambda raw: raw.replace(b"----BOUNDARY----", b"----BOUNDARY--")),
            ("curly quotes", lambda raw: raw.replace(b'"', "”".encode())),
        ],
    )
    def test_a_form(self, server: Server, templates: list[bytes], what: str, typeset: Any) -> None:
        raw = vendor.request(vendor.COMPARE, [templates[0]] * 2)
        head, _, body = raw.partition(b"\r\n\r\n")
        broken = typeset(b"\r\n" + body)[2:]
        assert broken != body, what
        head = head.replace(f"Content-Length: {len(body)}".encode(), f"Content-Length: {len(broken)}".encode())
        answer = send(server, head + b"\r\n\r\n" + broken)
        assert (answer.status, answer.code) == (400, "BPE-002004")

    def test_a_header_in_two_lines(self, server: Server, templates: list[bytes]) -> None:
        raw = vendor.request(vendor.COMPARE, [templates[0]] * 2).replace(b"; boundary", b";\r\n boundary")
        answer = send(server, raw)
        assert (answer.status, answer.code) == (400, "BPE-002006")

    def test_a_template_of_another_product(self, server: Server, templates: list[bytes]) -> None:
        """Other products' templates are recognized and never compared, whether pickle, JSON or zeros."""
        for foreign in (b"\x80\x04\x95" + bytes(range(256)) * 8, json.dumps([0.5] * 128).encode(), bytes(2048)):
            parts = [template_part("bio_feature", templates[0]), template_part("bio_template", foreign)]
            answer = server.post("compare", parts)
            assert (answer.status, answer.code) == (400, "BPE-002004")
            assert answer.json()["message"] == "Failed to read the biometric template"
            assert server.call("POST", f"{PATTERN}compare", foreign).status == 400
