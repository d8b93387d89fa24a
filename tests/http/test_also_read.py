"""A change of packs without downtime: servers of pack open, of open-2, and of open-2 that also reads open."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import support_faces as faces
from tests.http.test_pattern import parts_of, raw_feature
from tests.support_server import Server, image_part, template_part

OLD, NEW = "mobilefacenet-0.0.1-87aacdfe5751", "sface-1.1.1-fb143eea0783-quantize-centre"


@pytest.fixture(scope="module")
def newer() -> Iterator[Server]:
    with Server(pack="open-2", vendor_prefix="bank") as running:
        yield running


@pytest.fixture(scope="module")
def both() -> Iterator[Server]:
    with Server(pack="open-2", also_read="open", workers="2", vendor_prefix="bank") as running:
        yield running


@pytest.fixture(scope="module")
def photos() -> list[bytes]:
    return [faces.jpeg(faces.person(number)) for number in range(4)]


@pytest.fixture(scope="module")
def old(server: Server, photos: list[bytes]) -> list[bytes]:
    return [server.template(photo) for photo in photos]


@pytest.fixture(scope="module")
def new(newer: Server, photos: list[bytes]) -> list[bytes]:
    return [newer.template(photo) for photo in photos]


def compared(running: Server) -> dict[str, float]:
    families = text_string_to_metric_families(running.call("GET", "/metrics").body.decode())
    (family,) = (one for one in families if one.name == "facever_templates_compared")
    return {sample.labels["model"]: sample.value for sample in family.samples}


def pair(left: bytes, right: bytes) -> list[bytes]:
    return [template_part("bio_feature", left), template_part("bio_template", right)]


def gallery(first: bytes, templates: list[bytes]) -> list[bytes]:
    return [first, *(template_part("templates_n", one, f"{n}.t") for n, one in enumerate(templates))]


def test_what_is_loaded_is_shown(both: Server, newer: Server) -> None:
    names = [model["name"] for model in both.call("GET", "/version").json()["models"]]
    assert names[:4] == ["yunet", "centerface", "sface", "mobilefacenet"]
    assert "mobilefacenet" not in [model["name"] for model in newer.call("GET", "/version").json()["models"]]
    assert b'task="older-recognition",version="0.0.1"' in both.call("GET", "/metrics").body
    assert both.call("GET", "/readyz").status == 200


def test_extract_makes_templates_of_the_new_model(both: Server, photos: list[bytes], new: list[bytes]) -> None:
    assert [both.template(photo) for photo in photos] == new


def test_old_templates_have_the_scores_of_their_own_server(both: Server, server: Server, old: list[bytes]) -> None:
    for other in old:
        assert both.post("compare", pair(old[0], other)).body == server.post("compare", pair(old[0], other)).body
    parts = gallery(template_part("template_1", old[0]), old)
    assert both.post("compare_n", parts).body == server.post("compare_n", parts).body


def test_verify_compares_by_the_old_model_and_returns_the_new_template(
    both: Server, server: Server, photos: list[bytes], old: list[bytes], new: list[bytes]
) -> None:
    for number, template in enumerate(old):
        parts = [image_part("sample", photos[0]), template_part("bio_template", template)]
        response = both.post("verify", parts)
        assert response.status == 200
        assert raw_feature(response.body) == new[0]
        theirs = server.post("verify", parts)
        score, expected = (
            json.loads(str(parts_of(one.body, one.headers["content-type"])["score"].get_payload()))["score"]
            for one in (response, theirs)
        )
        assert score == pytest.approx(expected, abs=0.05)
        assert (score >= 0.85) == (number == 0)


def test_a_mixed_gallery_is_ranked_on_one_scale(
    both: Server, photos: list[bytes], old: list[bytes], new: list[bytes]
) -> None:
    before = compared(both)
    mixed = [old[1], new[0], old[0], new[2], old[3]] * 10
    results = both.post("verify_n", gallery(image_part("sample_1", photos[0]), mixed)).json()["results"]
    assert [one["filename"] for one in results] == [f"{number}.t" for number in range(50)]
    assert [one["decision"] for one in results[:5]] == ["declined", "approved", "approved", "declined", "declined"]
    assert all(
        results[:5] == [{**one, "filename": f"{n % 5}.t"} for n, one in enumerate(results[at : at + 5])]
        for at in range(0, 50, 5)
    )
    after = compared(both)
    assert {name: after[name] - before[name] for name in after} == {"own": 20.0, "older": 30.0}


def test_templates_of_two_models_need_the_photo(
    both: Server, photos: list[bytes], old: list[bytes], new: list[bytes]
) -> None:
    told = f"made by {OLD} and {NEW}, which cannot be compared; send the photo instead of one"
    for name, parts in (
        ("compare", pair(old[0], new[0])),
        ("compare_n", gallery(template_part("template_1", old[0]), [old[1], new[1]])),
    ):
        response = both.post(name, parts)
        assert (response.status, response.code) == (400, "BPE-002004")
        assert told in response.json()["message"]
    vendor = both.call(
        "POST",
        "/v1/bank/pattern/compare",
        b"".join(b"--b\r\n" + part + b"\r\n" for part in pair(old[0], new[0])) + b"--b--\r\n",
        {"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert (vendor.status, vendor.code) == (400, "BPE-002004")
    assert "mobilefacenet" not in vendor.json()["message"]


def test_without_the_setting_the_error_says_what_to_do(
    newer: Server, photos: list[bytes], old: list[bytes], new: list[bytes]
) -> None:
    told = (
        f"Failed to read the biometric template: made by {OLD}, not by {NEW}; "
        "facever reextract makes it again from its photo; FACEVER_ALSO_READ reads it until then"
    )
    for name, parts in (
        ("compare", pair(new[0], old[0])),
        ("verify", [image_part("sample", photos[0]), template_part("bio_template", old[0])]),
        ("compare_n", gallery(template_part("template_1", new[0]), [new[1], old[1]])),
        ("verify_n", gallery(image_part("sample_1", photos[0]), [new[1], old[1]])),
    ):
        response = newer.post(name, parts)
        assert (response.status, response.code, response.json()["message"]) == (400, "BPE-002004", told)


def test_an_error_of_the_photo_comes_before_that_of_a_template(both: Server, old: list[bytes]) -> None:
    parts = [image_part("sample", faces.jpeg(faces.no_face((320, 240)))), template_part("bio_template", b"junk")]
    assert both.post("verify", parts).code == "BPE-003002"
    assert both.post("verify_n", gallery(image_part("sample_1", b"junk"), [old[0], b"junk"])).code == "BPE-002003"


@pytest.mark.parametrize("name", ["nope", "open-2", "sface", "open,mobilefacenet"])
def test_a_name_that_cannot_be_meant_stops_the_start(name: str) -> None:
    with pytest.raises(RuntimeError, match="facever: FACEVER_ALSO_READ: "), Server(pack="open-2", also_read=name):
        pass
