"""The parameter `face` on a real server, with photos of several people."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from PIL import Image

from tests import support_faces as faces
from tests.support_liveness import pair
from tests.support_media import jpeg
from tests.support_server import JPEG, PATTERN, Response, Server, form, image_part, part, template_part

DETECT = "/v1/face/liveness/detect"
FORM = {"Content-Type": "multipart/form-data; boundary=72468"}
WRONG = ["", "0", "-1", "x", "1,2,3", "1,1,0,5", "%00", "1" * 70, "largest,1"]


@pytest.fixture(scope="module")
def both() -> bytes:
    """Person 0 on the left, person 2 on the right."""
    return jpeg(pair(0, 2))


@pytest.fixture(scope="module")
def templates(server: Server) -> list[bytes]:
    return [server.template(faces.jpeg(faces.person(number))) for number in (0, 2)]


def text(name: str, value: str) -> bytes:
    return part(name, value.encode())


def post(server: Server, method: str, parts: list[bytes], query: str = "", **headers: str) -> Response:
    return server.call("POST", f"{PATTERN}{method}{query}", form(parts), {**FORM, **headers})


def score(response: Response) -> float:
    assert response.status == 200, response
    return float(response.json()["score"])


@pytest.mark.parametrize(("choice", "who"), [("1", 0), ("2", 1), ("10,10,280,280", 0), ("310,-20,290,310", 1)])
def test_extract_makes_the_template_of_the_chosen_face(
    server: Server, both: bytes, templates: list[bytes], choice: str, who: int
) -> None:
    assert server.call("POST", f"{PATTERN}extract", both, JPEG).code == "BPE-003003"
    chosen = server.call("POST", f"{PATTERN}extract?face={choice}", both, JPEG)
    assert chosen.status == 200, chosen
    parts = [template_part("bio_feature", chosen.body), template_part("bio_template", templates[who])]
    assert score(post(server, "compare", parts)) > 0.99
    parts[1] = template_part("bio_template", templates[1 - who])
    assert score(post(server, "compare", parts)) < 0.5


def test_a_photo_of_one_person_gives_the_same_template(server: Server, astronaut: bytes) -> None:
    for choice in ("largest", "central", "1"):
        assert server.call("POST", f"{PATTERN}extract?face={choice}", astronaut, JPEG).body == server.template(
            astronaut
        )
    assert server.call("POST", f"{PATTERN}extract?other=0", astronaut, JPEG).body == server.template(astronaut)


@pytest.mark.parametrize(("query", "extra"), [("?face=2", []), ("", [text("face", "2")]), ("", [text("face", " 2\n")])])
def test_verify_takes_it_as_a_parameter_and_as_a_part(
    server: Server, both: bytes, templates: list[bytes], query: str, extra: list[bytes]
) -> None:
    parts = [image_part("sample", both), template_part("bio_template", templates[1]), *extra]
    response = post(server, "verify", parts, query)
    assert response.status == 200, response
    assert json.loads(response.body.split(b"\r\n\r\n")[1].split(b"\r\n")[0])["score"] > 0.99


def test_each_photo_has_its_own(server: Server, both: bytes) -> None:
    parts = [image_part("sample_1", both), image_part("sample_2", both)]
    assert score(post(server, "extract_and_compare", parts, "?face=1")) == 1.0
    assert score(post(server, "extract_and_compare", parts, "?face_1=1&face_2=2")) < 0.5
    assert score(post(server, "extract_and_compare", [*parts, text("face_2", "2")], "?face=1")) < 0.5
    assert post(server, "extract_and_compare", parts, "?face_1=1").code == "BPE-003003"


def test_one_to_n(server: Server, both: bytes, templates: list[bytes]) -> None:
    parts = [image_part("sample_1", both), *(template_part("templates_n", one) for one in templates)]
    for query in ("?face=2", "?face_1=2"):
        left, right = (one["score"] for one in post(server, "verify_n", parts, query).json()["results"])
        assert left < 0.5 < 0.99 < right
    alone = image_part("sample_1", faces.jpeg(faces.person(2)))
    parts = [alone, image_part("samples_n", both), image_part("samples_n", both)]
    assert post(server, "extract_and_compare_n", parts).code == "BPE-003003"
    for query, least in (("?face_n=2", 0.99), ("?face_n=1", 0.0)):
        scores = [one["score"] for one in post(server, "extract_and_compare_n", parts, query).json()["results"]]
        assert all(least <= one < least + 0.5 for one in scores)


def test_a_form_in_base64(server: Server, both: bytes, templates: list[bytes]) -> None:
    """The value may be base64, too, as every other part of such a form is."""
    files = [image_part("sample_1", base64.b64encode(both)), image_part("sample_2", base64.b64encode(both))]
    for value in (b"2", base64.b64encode(b"2")):
        response = post(
            server, "extract_and_compare", [*files, part("face", value)], **{"Content-Transfer-Encoding": "base64"}
        )
        assert score(response) == 1.0


def test_liveness_of_the_chosen_face(server: Server, both: bytes) -> None:
    assert server.call("POST", DETECT, both, JPEG).code == "LDE-003003"
    scores = []
    for choice in ("1", "2"):
        response = server.call("POST", f"{DETECT}?face={choice}", both, JPEG)
        assert response.status == 200, response
        scores.append(response.json()["score"])
    assert scores[0] != scores[1]
    for face in ("3", "0,0,1,1"):
        assert server.call("POST", f"{DETECT}?face={face}", both, JPEG).code == "LDE-003002"


def test_a_face_that_is_not_there_is_003002(server: Server, both: bytes) -> None:
    for face in ("3", "9999", "0,0,1,1", "900,900,5,5"):
        response = server.call("POST", f"{PATTERN}extract?face={face}", both, JPEG)
        assert (response.status, response.code) == (400, "BPE-003002")
        assert response.json()["message"] == "The biometric sample is missing face"


@pytest.mark.parametrize("value", WRONG)
def test_what_is_no_choice_is_002006(server: Server, both: bytes, value: str) -> None:
    for response, name, prefix in wrong_answers(server, both, value):
        assert (response.status, response.code) == (400, f"{prefix}-002006")
        assert response.json() == {"code": f"{prefix}-002006", "message": f"Invalid request: {name}"}


def wrong_answers(server: Server, both: bytes, value: str) -> Iterator[tuple[Response, str, str]]:
    yield server.call("POST", f"{PATTERN}extract?face={value}", both, JPEG), "face", "BPE"
    yield server.call("POST", f"{DETECT}?face={value}", both, JPEG), "face", "LDE"
    parts = [image_part("sample_1", both), image_part("sample_2", both)]
    yield post(server, "extract_and_compare", parts, f"?face_2={value}"), "face_2", "BPE"
    yield post(server, "extract_and_compare", [*parts, text("face_1", value)]), "face_1", "BPE"


def test_twice_is_002006(server: Server, both: bytes) -> None:
    assert server.call("POST", f"{PATTERN}extract?face=1&face=1", both, JPEG).code == "BPE-002006"
    parts = [image_part("sample_1", both), image_part("sample_2", both), text("face", "1")]
    assert post(server, "extract_and_compare", parts, "?face=1").code == "BPE-002006"
    assert post(server, "extract_and_compare", [*parts, text("face", "1")]).code == "BPE-002006"


def test_a_part_that_is_no_text(server: Server, both: bytes) -> None:
    parts = [image_part("sample_1", both), image_part("sample_2", both), part("face", b"\xff\xfe" * 500_000)]
    assert post(server, "extract_and_compare", parts).code == "BPE-002006"


def test_where_there_is_no_photo_it_is_ignored_and_in_a_folder_rejected(
    server: Server, both: bytes, templates: list[bytes]
) -> None:
    parts = [template_part("bio_feature", templates[0]), template_part("bio_template", templates[0]), text("face", "x")]
    assert score(post(server, "compare", parts, "?face=x")) == 1.0
    folder = form([image_part("media_key1", both)])
    assert server.call("POST", f"{DETECT}?face=1", folder, FORM).code == "LDE-002006"
    assert server.call("POST", DETECT, folder, FORM).status == 200


def test_six_people_from_left_to_right(server: Server) -> None:
    photo = faces.jpeg(faces.group())
    for number, (left, top, right, bottom) in enumerate(sorted(faces.BOXES), 1):
        parts = [image_part("sample_1", photo), image_part("sample_2", photo)]
        box = f"{left},{top},{right - left},{bottom - top}"
        assert score(post(server, "extract_and_compare", parts, f"?face_1={number}&face_2={box}")) == 1.0


def test_a_picture_that_its_exif_turns(server: Server) -> None:
    picture = Image.fromarray(pair(0, 2))
    upright = server.call("POST", f"{PATTERN}extract?face=310,10,280,280", faces.encoded(picture, "PNG"), JPEG).body
    turned = faces.turned_away(picture, 6, "PNG")
    assert server.call("POST", f"{PATTERN}extract?face=310,10,280,280", turned, JPEG).body == upright
