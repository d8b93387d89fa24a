"""The pattern endpoints against a real server: what works, with real faces."""

from __future__ import annotations

import base64
import email
import re

import pytest

from faceVer import __version__
from faceVer.services.faces import FaceEngine
from tests import support_faces as faces
from tests.support_server import OCTETS, PATTERN, Server, image_part, part, template_part

BASE64 = {"Content-Transfer-Encoding": "base64"}
NAMES = ["1.template", "второй шаблон.bin", "third (3).t"]


@pytest.fixture(scope="module")
def mine(server: Server, astronaut: bytes) -> bytes:
    return server.template(astronaut)


@pytest.fixture(scope="module")
def theirs(server: Server, stranger: bytes) -> bytes:
    return server.template(stranger)


def test_version(server: Server, engine: FaceEngine) -> None:
    answer = server.call("GET", "/version")
    assert answer.status == 200
    document = answer.json()
    assert set(document) == {"core", "tfss", "models"}
    assert document["core"] == __version__
    assert re.fullmatch(r"onnxruntime 1\.\d+\.\d+", document["tfss"])
    assert {(model["name"], model["version"]) for model in document["models"]} >= {
        (info.name, f"{info.version} {info.sha256[:12]}") for info in engine.infos
    }


def test_health(server: Server) -> None:
    answer = server.call("GET", PATTERN + "health")
    assert (answer.status, answer.json()) == (200, {"status": 0, "message": ""})
    assert server.call("HEAD", PATTERN + "health").status == 200


def test_extract_gives_a_template_the_library_reads(server: Server, engine: FaceEngine, astronaut: bytes) -> None:
    answer = server.extract(astronaut)
    assert (answer.status, answer.headers["content-type"]) == (200, OCTETS)
    assert answer.body == engine.extract(astronaut)


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
        "image/heif",
        "image/bmp",
        "image/tiff",
    ],
)
def test_the_label_decides_acceptance_only(server: Server, astronaut: bytes, mine: bytes, content_type: str) -> None:
    assert server.extract(astronaut, {"content-type": content_type}).body == mine


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientations_compare_above_099(server: Server, mine: bytes, orientation: int) -> None:
    turned = server.template(faces.turned_away(faces.astronaut(), orientation))
    parts = [template_part("bio_feature", mine), template_part("bio_template", turned)]
    assert server.post("compare", parts).json()["score"] > 0.99


def test_a_template_against_itself(server: Server, mine: bytes) -> None:
    answer = server.post("compare", [template_part("bio_feature", mine), template_part("bio_template", mine)])
    assert (answer.status, answer.body) == (200, b'{"score": 1.0, "decision": "approved"}')
    assert answer.headers["content-type"].startswith("application/json")


def test_strangers_are_declined(server: Server, mine: bytes) -> None:
    for number in range(6):
        other = server.template(faces.jpeg(faces.person(number)))
        answer = server.post("compare", [template_part("bio_feature", mine), template_part("bio_template", other)])
        assert answer.json()["decision"] == "declined"
        assert answer.json()["score"] < 0.5
        assert not re.search(rb"\d[eE]", answer.body)


def test_comparison_is_symmetric(server: Server, mine: bytes, theirs: bytes) -> None:
    one = server.post("compare", [template_part("bio_feature", mine), template_part("bio_template", theirs)])
    two = server.post("compare", [template_part("bio_feature", theirs), template_part("bio_template", mine)])
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


def test_verify_answers_two_parts(server: Server, astronaut: bytes, mine: bytes) -> None:
    answer = server.post("verify", [template_part("bio_template", mine), image_part("sample", astronaut)])
    assert answer.status == 200
    parts = parts_of(answer.body, answer.headers["content-type"])
    assert list(parts) == ["score", "bio_feature"]
    assert parts["score"].get_content_type() == "application/json"
    assert parts["score"].get_payload() == '{"score": 1.0}'
    assert parts["bio_feature"].get_content_type() == OCTETS
    assert raw_feature(answer.body) == mine


def test_extract_and_compare(server: Server, astronaut: bytes, stranger: bytes) -> None:
    same = server.post("extract_and_compare", [image_part("sample_1", astronaut), image_part("sample_2", astronaut)])
    assert same.json() == {"score": 1.0, "decision": "approved"}
    other = server.post("extract_and_compare", [image_part("sample_1", astronaut), image_part("sample_2", stranger)])
    assert other.json()["decision"] == "declined"


def test_every_way_to_one_comparison_gives_one_score(
    server: Server, astronaut: bytes, stranger: bytes, mine: bytes, theirs: bytes
) -> None:
    scores = {
        server.post("compare", [template_part("bio_feature", mine), template_part("bio_template", theirs)]).json()[
            "score"
        ],
        server.post(
            "extract_and_compare", [image_part("sample_1", astronaut), image_part("sample_2", stranger)]
        ).json()["score"],
        server.post(
            "compare_n", [template_part("template_1", mine), *[template_part("templates_n", theirs)] * 50]
        ).json()["results"][49]["score"],
        server.post("verify_n", [image_part("sample_1", astronaut), template_part("templates_n", theirs)]).json()[
            "results"
        ][0]["score"],
        server.post(
            "extract_and_compare_n", [image_part("sample_1", astronaut), image_part("samples_n", stranger)]
        ).json()["results"][0]["score"],
    }
    assert len(scores) == 1


@pytest.mark.parametrize("endpoint", ["compare_n", "verify_n", "extract_and_compare_n"])
def test_one_to_many(
    server: Server, astronaut: bytes, stranger: bytes, mine: bytes, theirs: bytes, endpoint: str
) -> None:
    first = {
        "compare_n": template_part("template_1", mine),
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
            template_part("templates_n", data, name) for data, name in zip((theirs, mine, theirs), NAMES, strict=True)
        ]
    answer = server.post(endpoint, [*many[:1], first, *many[1:]])
    assert answer.status == 200
    results = answer.json()["results"]
    assert [row["filename"] for row in results] == NAMES
    assert [row["decision"] for row in results] == ["declined", "approved", "declined"]
    assert results[1]["score"] == 1.0
    assert all(list(row) == ["filename", "score", "decision"] for row in results)


def test_parts_without_a_filename_are_numbered(server: Server, mine: bytes) -> None:
    many = [
        template_part("templates_n", mine),
        template_part("templates_n", mine, "two"),
        template_part("templates_n", mine),
        template_part("templates_n", mine, ""),
    ]
    answer = server.post("compare_n", [template_part("template_1", mine), *many])
    assert [row["filename"] for row in answer.json()["results"]] == ["1", "two", "3", ""]


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
def test_filenames_come_back_verbatim(server: Server, mine: bytes, disposition: str, filename: str) -> None:
    named = f'Content-Disposition: form-data; name="templates_n"; {disposition}\r\n\r\n'.encode() + mine
    answer = server.post("compare_n", [template_part("template_1", mine), named])
    assert [row["filename"] for row in answer.json()["results"]] == [filename]


def test_filenames_that_are_not_utf8_are_read_as_latin1(server: Server, mine: bytes) -> None:
    named = b'Content-Disposition: form-data; name="templates_n"; filename="caf\xe9.t"\r\n\r\n' + mine
    assert (
        server.post("compare_n", [template_part("template_1", mine), named]).json()["results"][0]["filename"]
        == "café.t"
    )


def test_thousands_of_templates_in_one_request(server: Server, mine: bytes, theirs: bytes) -> None:
    many = [template_part("templates_n", mine if number % 7 == 0 else theirs, f"{number}.t") for number in range(5000)]
    answer = server.post("compare_n", [template_part("template_1", mine), *many])
    assert answer.status == 200
    assert [row["filename"] for row in answer.json()["results"]] == [f"{number}.t" for number in range(5000)]
    assert all((row["score"] == 1.0) == (number % 7 == 0) for number, row in enumerate(answer.json()["results"]))


class TestBase64:
    def test_extract(self, server: Server, astronaut: bytes, mine: bytes) -> None:
        for text in (
            base64.b64encode(astronaut),
            base64.encodebytes(astronaut).replace(b"\n", b"\r\n"),
            base64.urlsafe_b64encode(astronaut).rstrip(b"="),
            b"data:image/jpeg;base64," + base64.b64encode(astronaut),
        ):
            answer = server.extract(text, {"Content-Type": "image/jpeg", "content-transfer-encoding": "BASE64"})
            assert answer.headers["content-transfer-encoding"] == "base64"
            assert base64.b64decode(answer.body, validate=True) == mine

    def test_binary_means_as_is(self, server: Server, astronaut: bytes, mine: bytes) -> None:
        for value in ("binary", "8bit", "7bit"):
            answer = server.extract(astronaut, {"Content-Type": "image/jpeg", "Content-Transfer-Encoding": value})
            assert answer.body == mine
            assert "content-transfer-encoding" not in answer.headers

    def test_every_part_of_a_base64_request(self, server: Server, mine: bytes) -> None:
        text = base64.b64encode(mine)
        answer = server.post(
            "compare", [template_part("bio_feature", text), template_part("bio_template", text)], BASE64
        )
        assert answer.json()["score"] == 1.0

    @pytest.mark.parametrize("value", ["binary", "8bit", "7BIT"])
    def test_parts_that_say_binary_whatever_is_in_them(
        self, value: str, server: Server, astronaut: bytes, mine: bytes
    ) -> None:
        """As Apache HttpClient 4 writes every part, also in a request whose files are base64."""
        extra = [f"Content-Transfer-Encoding: {value}"]
        sample = part("sample", base64.encodebytes(astronaut), "image/jpeg", "a.jpg", extra=extra)
        template = part("bio_template", mine, OCTETS, "a.t", extra=extra)
        assert server.post("verify", [sample, template], BASE64).status == 200
        junk = part("bio_template", b"neither of them", OCTETS, "a.t", extra=extra)
        assert server.post("verify", [sample, junk], BASE64).code == "BPE-002004"

    def test_a_byte_order_mark_before_it(self, server: Server, astronaut: bytes, mine: bytes) -> None:
        answer = server.extract(b"\xef\xbb\xbf" + base64.b64encode(astronaut), {"Content-Type": "image/jpeg", **BASE64})
        assert base64.b64decode(answer.body) == mine

    def test_one_part(self, server: Server, mine: bytes) -> None:
        encoded = part("bio_feature", base64.b64encode(mine), OCTETS, extra=["Content-Transfer-Encoding: base64"])
        assert server.post("compare", [encoded, template_part("bio_template", mine)]).json()["score"] == 1.0

    def test_a_part_may_differ_from_the_request(self, server: Server, mine: bytes) -> None:
        plain = part("bio_template", mine, OCTETS, extra=["Content-Transfer-Encoding: binary"])
        assert (
            server.post("compare", [template_part("bio_feature", base64.b64encode(mine)), plain], BASE64).json()[
                "score"
            ]
            == 1.0
        )

    def test_verify_answers_in_base64(self, server: Server, astronaut: bytes, mine: bytes) -> None:
        parts = [
            image_part("sample", base64.b64encode(astronaut)),
            template_part("bio_template", base64.b64encode(mine)),
        ]
        answer = server.post("verify", parts, BASE64)
        feature = parts_of(answer.body, answer.headers["content-type"])["bio_feature"]
        assert feature["Content-Transfer-Encoding"] == "base64"
        assert feature.get_payload(decode=True) == mine
        assert base64.b64decode(raw_feature(answer.body), validate=True) == mine

    @pytest.mark.parametrize("endpoint", ["compare_n", "verify_n"])
    def test_one_to_many(self, server: Server, astronaut: bytes, mine: bytes, endpoint: str) -> None:
        first = (
            template_part("template_1", base64.b64encode(mine))
            if endpoint == "compare_n"
            else image_part("sample_1", base64.b64encode(astronaut))
        )
        answer = server.post(endpoint, [first, template_part("templates_n", base64.b64encode(mine), "x")], BASE64)
        assert answer.json() == {"results": [{"filename": "x", "score": 1.0, "decision": "approved"}]}
