"""Successful requests to /v1/face/pattern on a real server, with real faces."""

from __future__ import annotations

import base64
import email
import re

import numpy as np
import pytest

from faceVer import __version__
from faceVer.matching.readers import WAY_OUT
from faceVer.matching.template import TemplateCodec
from faceVer.services.faces import FaceEngine
from tests import support_faces as faces
from tests.support_server import OCTETS, PATTERN, Server, image_part, part, template_part

BASE64 = {"Content-Transfer-Encoding": "base64"}
NAMES = ["1.template", "второй шаблон.bin", "third (3).t"]


@pytest.fixture(scope="module")
def astronaut_template(server: Server, astronaut: bytes) -> bytes:
    return server.template(astronaut)


@pytest.fixture(scope="module")
def stranger_template(server: Server, stranger: bytes) -> bytes:
    return server.template(stranger)


def test_version_names_software_runtime_and_models(server: Server, engine: FaceEngine) -> None:
    response = server.call("GET", "/version")
    assert response.status == 200
    document = response.json()
    assert set(document) == {"core", "tfss", "models"}
    assert document["core"] == __version__
    assert re.fullmatch(r"onnxruntime 1\.\d+\.\d+", document["tfss"])
    assert {(model["name"], model["version"]) for model in document["models"]} >= {
        (info.name, f"{info.version} {info.sha256[:12]}") for info in engine.infos
    }


def test_health_is_ok(server: Server) -> None:
    response = server.call("GET", PATTERN + "health")
    assert (response.status, response.json()) == (200, {"status": 0, "message": ""})
    assert server.call("HEAD", PATTERN + "health").status == 200


def test_extract_returns_the_template_of_the_engine(server: Server, engine: FaceEngine, astronaut: bytes) -> None:
    response = server.extract(astronaut)
    assert (response.status, response.headers["content-type"]) == (200, OCTETS)
    assert response.body == engine.extract(astronaut)


@pytest.mark.parametrize(
    "content_type",
    [
        "image/jpeg",
        "IMAGE/JPEG",
        "image/jpeg; charset=binary",
        "image/jpg",
        "image/png",
        "image/webp",
        "image/heic",
        "image/heic-sequence",
        "image/heif",
        "image/heif-sequence",
        "image/avif",
        "image/bmp",
        "image/tiff",
    ],
)
def test_the_content_type_decides_acceptance_only(
    server: Server, astronaut: bytes, astronaut_template: bytes, content_type: str
) -> None:
    assert server.extract(astronaut, {"content-type": content_type}).body == astronaut_template


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_gives_a_similar_template(
    server: Server, astronaut_template: bytes, orientation: int
) -> None:
    turned = server.template(faces.turned_away(faces.astronaut(), orientation))
    parts = [template_part("bio_feature", astronaut_template), template_part("bio_template", turned)]
    assert server.post("compare", parts).json()["score"] > 0.99


def test_a_template_matches_itself_with_score_1(server: Server, astronaut_template: bytes) -> None:
    response = server.post(
        "compare", [template_part("bio_feature", astronaut_template), template_part("bio_template", astronaut_template)]
    )
    assert (response.status, response.body) == (200, b'{"score": 1.0, "decision": "approved"}')
    assert response.headers["content-type"].startswith("application/json")


def test_different_people_are_declined(server: Server, astronaut_template: bytes) -> None:
    for number in range(6):
        other = server.template(faces.jpeg(faces.person(number)))
        response = server.post(
            "compare", [template_part("bio_feature", astronaut_template), template_part("bio_template", other)]
        )
        assert response.json()["decision"] == "declined"
        assert response.json()["score"] < 0.5
        assert not re.search(rb"\d[eE]", response.body)


def test_comparison_is_symmetric(server: Server, astronaut_template: bytes, stranger_template: bytes) -> None:
    one = server.post(
        "compare", [template_part("bio_feature", astronaut_template), template_part("bio_template", stranger_template)]
    )
    two = server.post(
        "compare", [template_part("bio_feature", stranger_template), template_part("bio_template", astronaut_template)]
    )
    assert one.body == two.body


def parts_of(body: bytes, content_type: str) -> dict[str, email.message.Message]:
    message = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts = message.get_payload()
    assert isinstance(parts, list)
    return {
        str(one.get_param("name", header="content-disposition")): one
        for one in parts
        if isinstance(one, email.message.Message)
    }


def raw_feature(body: bytes) -> bytes:
    return body.split(b'name="bio_feature"')[1].split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]


def test_verify_returns_score_and_template(server: Server, astronaut: bytes, astronaut_template: bytes) -> None:
    response = server.post(
        "verify", [template_part("bio_template", astronaut_template), image_part("sample", astronaut)]
    )
    assert response.status == 200
    parts = parts_of(response.body, response.headers["content-type"])
    assert list(parts) == ["score", "bio_feature"]
    assert parts["score"].get_content_type() == "application/json"
    assert parts["score"].get_payload() == '{"score": 1.0}'
    assert parts["bio_feature"].get_content_type() == OCTETS
    assert raw_feature(response.body) == astronaut_template


def test_extract_and_compare_approves_one_person_and_declines_two(
    server: Server, astronaut: bytes, stranger: bytes
) -> None:
    same = server.post("extract_and_compare", [image_part("sample_1", astronaut), image_part("sample_2", astronaut)])
    assert same.json() == {"score": 1.0, "decision": "approved"}
    other = server.post("extract_and_compare", [image_part("sample_1", astronaut), image_part("sample_2", stranger)])
    assert other.json()["decision"] == "declined"


def test_all_endpoints_give_a_pair_the_same_score(
    server: Server, astronaut: bytes, stranger: bytes, astronaut_template: bytes, stranger_template: bytes
) -> None:
    scores = {
        server.post(
            "compare",
            [template_part("bio_feature", astronaut_template), template_part("bio_template", stranger_template)],
        ).json()["score"],
        server.post(
            "extract_and_compare", [image_part("sample_1", astronaut), image_part("sample_2", stranger)]
        ).json()["score"],
        server.post(
            "compare_n",
            [template_part("template_1", astronaut_template), *[template_part("templates_n", stranger_template)] * 50],
        ).json()["results"][49]["score"],
        server.post(
            "verify_n", [image_part("sample_1", astronaut), template_part("templates_n", stranger_template)]
        ).json()["results"][0]["score"],
        server.post(
            "extract_and_compare_n", [image_part("sample_1", astronaut), image_part("samples_n", stranger)]
        ).json()["results"][0]["score"],
    }
    assert len(scores) == 1


@pytest.mark.parametrize("endpoint", ["compare_n", "verify_n", "extract_and_compare_n"])
def test_one_to_many_keeps_the_order_of_parts(
    server: Server,
    astronaut: bytes,
    stranger: bytes,
    astronaut_template: bytes,
    stranger_template: bytes,
    endpoint: str,
) -> None:
    first = {
        "compare_n": template_part("template_1", astronaut_template),
        "verify_n": image_part("sample_1", astronaut),
        "extract_and_compare_n": image_part("sample_1", astronaut),
    }[endpoint]
    if endpoint == "extract_and_compare_n":
        many = [
            image_part("samples_n", data, name)
            for data, name in zip((stranger, astronaut, stranger), NAMES, strict=True)
        ]
    else:
        many = [
            template_part("templates_n", data, name)
            for data, name in zip((stranger_template, astronaut_template, stranger_template), NAMES, strict=True)
        ]
    response = server.post(endpoint, [*many[:1], first, *many[1:]])
    assert response.status == 200
    results = response.json()["results"]
    assert [row["filename"] for row in results] == NAMES
    assert [row["decision"] for row in results] == ["declined", "approved", "declined"]
    assert results[1]["score"] == 1.0
    assert all(list(row) == ["filename", "score", "decision"] for row in results)


def test_parts_without_a_filename_are_numbered(server: Server, astronaut_template: bytes) -> None:
    many = [
        template_part("templates_n", astronaut_template),
        template_part("templates_n", astronaut_template, "two"),
        template_part("templates_n", astronaut_template),
        template_part("templates_n", astronaut_template, ""),
    ]
    response = server.post("compare_n", [template_part("template_1", astronaut_template), *many])
    assert [row["filename"] for row in response.json()["results"]] == ["1", "two", "3", ""]


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        (r'filename="say \"hi\".t"', 'say "hi".t'),
        ('filename="say %22hi%22.t"', 'say "hi".t'),
        ("filename*=UTF-8''%D1%88%D0%B0%D0%B1.t", "шаб.t"),
        ('filename="人脸 🙂.t"', "人脸 🙂.t"),
        (r'filename="C:\faces\a.t"', r"C:\faces\a.t"),
    ],
)
def test_file_names_are_returned_decoded(
    server: Server, astronaut_template: bytes, disposition: str, filename: str
) -> None:
    named = f'Content-Disposition: form-data; name="templates_n"; {disposition}\r\n\r\n'.encode() + astronaut_template
    response = server.post("compare_n", [template_part("template_1", astronaut_template), named])
    assert [row["filename"] for row in response.json()["results"]] == [filename]


def test_file_names_that_are_not_utf8_are_read_as_latin1(server: Server, astronaut_template: bytes) -> None:
    named = b'Content-Disposition: form-data; name="templates_n"; filename="caf\xe9.t"\r\n\r\n' + astronaut_template
    assert (
        server.post("compare_n", [template_part("template_1", astronaut_template), named]).json()["results"][0][
            "filename"
        ]
        == "café.t"
    )


def test_one_request_may_have_thousands_of_templates(
    server: Server, astronaut_template: bytes, stranger_template: bytes
) -> None:
    many = [
        template_part("templates_n", astronaut_template if number % 7 == 0 else stranger_template, f"{number}.t")
        for number in range(5000)
    ]
    response = server.post("compare_n", [template_part("template_1", astronaut_template), *many])
    assert response.status == 200
    assert [row["filename"] for row in response.json()["results"]] == [f"{number}.t" for number in range(5000)]
    assert all((row["score"] == 1.0) == (number % 7 == 0) for number, row in enumerate(response.json()["results"]))


class TestBase64:
    def test_extract_accepts_every_form_of_base64(
        self, server: Server, astronaut: bytes, astronaut_template: bytes
    ) -> None:
        for text in (
            base64.b64encode(astronaut),
            base64.encodebytes(astronaut).replace(b"\n", b"\r\n"),
            base64.urlsafe_b64encode(astronaut).rstrip(b"="),
            b"data:image/jpeg;base64," + base64.b64encode(astronaut),
        ):
            response = server.extract(text, {"Content-Type": "image/jpeg", "content-transfer-encoding": "BASE64"})
            assert response.headers["content-transfer-encoding"] == "base64"
            assert base64.b64decode(response.body, validate=True) == astronaut_template

    def test_binary_encodings_leave_the_body_unchanged(
        self, server: Server, astronaut: bytes, astronaut_template: bytes
    ) -> None:
        for value in ("binary", "8bit", "7bit"):
            response = server.extract(astronaut, {"Content-Type": "image/jpeg", "Content-Transfer-Encoding": value})
            assert response.body == astronaut_template
            assert "content-transfer-encoding" not in response.headers

    def test_every_part_of_a_base64_request_is_decoded(self, server: Server, astronaut_template: bytes) -> None:
        text = base64.b64encode(astronaut_template)
        response = server.post(
            "compare", [template_part("bio_feature", text), template_part("bio_template", text)], BASE64
        )
        assert response.json()["score"] == 1.0

    @pytest.mark.parametrize("value", ["binary", "8bit", "7BIT"])
    def test_base64_in_parts_marked_as_binary_is_detected(
        self, value: str, server: Server, astronaut: bytes, astronaut_template: bytes
    ) -> None:
        """Apache HttpClient 4 marks every part as binary, even in a request whose files are base64."""
        extra = [f"Content-Transfer-Encoding: {value}"]
        sample = part("sample", base64.encodebytes(astronaut), "image/jpeg", "a.jpg", extra=extra)
        template = part("bio_template", astronaut_template, OCTETS, "a.t", extra=extra)
        assert server.post("verify", [sample, template], BASE64).status == 200
        junk = part("bio_template", b"neither of them", OCTETS, "a.t", extra=extra)
        assert server.post("verify", [sample, junk], BASE64).code == "BPE-002004"

    def test_a_byte_order_mark_before_base64_is_skipped(
        self, server: Server, astronaut: bytes, astronaut_template: bytes
    ) -> None:
        response = server.extract(
            b"\xef\xbb\xbf" + base64.b64encode(astronaut), {"Content-Type": "image/jpeg", **BASE64}
        )
        assert base64.b64decode(response.body) == astronaut_template

    def test_one_part_may_be_base64(self, server: Server, astronaut_template: bytes) -> None:
        encoded = part(
            "bio_feature", base64.b64encode(astronaut_template), OCTETS, extra=["Content-Transfer-Encoding: base64"]
        )
        assert (
            server.post("compare", [encoded, template_part("bio_template", astronaut_template)]).json()["score"] == 1.0
        )

    def test_a_part_may_be_binary_in_a_base64_request(self, server: Server, astronaut_template: bytes) -> None:
        plain = part("bio_template", astronaut_template, OCTETS, extra=["Content-Transfer-Encoding: binary"])
        assert (
            server.post(
                "compare", [template_part("bio_feature", base64.b64encode(astronaut_template)), plain], BASE64
            ).json()["score"]
            == 1.0
        )

    def test_verify_returns_the_template_in_base64(
        self, server: Server, astronaut: bytes, astronaut_template: bytes
    ) -> None:
        parts = [
            image_part("sample", base64.b64encode(astronaut)),
            template_part("bio_template", base64.b64encode(astronaut_template)),
        ]
        response = server.post("verify", parts, BASE64)
        feature = parts_of(response.body, response.headers["content-type"])["bio_feature"]
        assert feature["Content-Transfer-Encoding"] == "base64"
        assert feature.get_payload(decode=True) == astronaut_template
        assert base64.b64decode(raw_feature(response.body), validate=True) == astronaut_template

    @pytest.mark.parametrize("endpoint", ["compare_n", "verify_n"])
    def test_one_to_many_decodes_every_part(
        self, server: Server, astronaut: bytes, astronaut_template: bytes, endpoint: str
    ) -> None:
        first = (
            template_part("template_1", base64.b64encode(astronaut_template))
            if endpoint == "compare_n"
            else image_part("sample_1", base64.b64encode(astronaut))
        )
        response = server.post(
            endpoint, [first, template_part("templates_n", base64.b64encode(astronaut_template), "x")], BASE64
        )
        assert response.json() == {"results": [{"filename": "x", "score": 1.0, "decision": "approved"}]}


@pytest.mark.parametrize("plain", ["auto", "accept"])
def test_templates_of_a_server_with_a_key(engine: FaceEngine, astronaut: bytes, plain: str) -> None:
    """A plain template with a fresh checksum can be made by anyone, from any photo."""
    forged = engine.extract(astronaut)
    with Server(template_key="ab" * 32, template_plain=plain) as server:
        own = server.template(astronaut)
        assert len(own) > len(forged)
        for path, first, second in (
            ("compare", template_part("bio_feature", own), template_part("bio_template", forged)),
            ("verify", image_part("sample", astronaut), template_part("bio_template", forged)),
            ("compare_n", template_part("template_1", forged), template_part("templates_n", own)),
            ("verify_n", image_part("sample_1", astronaut), template_part("templates_n", forged)),
        ):
            response = server.post(path, [first, second])
            if plain == "auto":
                assert (response.status, response.code) == (400, "BPE-002004")
            else:
                assert response.status == 200
        assert server.post("compare", [template_part("bio_feature", own), template_part("bio_template", own)]).json()


def test_the_message_names_both_models_of_a_template_that_does_not_fit(
    server: Server, astronaut_template: bytes
) -> None:
    other = TemplateCodec("sface-1.1.1-fb143eea0783", 128).encode(np.eye(128, dtype=np.float32)[0])
    response = server.post(
        "compare", [template_part("bio_feature", astronaut_template), template_part("bio_template", other)]
    )
    assert (response.status, response.code) == (400, "BPE-002004")
    names = "made by sface-1.1.1-fb143eea0783, not by mobilefacenet-0.0.1-87aacdfe5751"
    assert response.json()["message"] == f"Failed to read the biometric template: {names}; {WAY_OUT}"
