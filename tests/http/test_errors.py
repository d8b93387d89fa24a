"""One test per row of the contract's error table and endpoint where it can occur, against a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from faceVer.http.lite.faces import USE_CASES as ENDPOINTS
from faceVer.http.pipeline.forms.content_types import IMAGE_TYPES
from faceVer.http.pipeline.part_spec import PartSpec
from tests import support_faces as faces
from tests.support_server import JPEG, PATTERN, Answer, Server, image_part, part, template_part

TABLE = {
    "BPE-002001": "Invalid Content-Type of HTTP request",
    "BPE-002002": "Invalid HTTP request method",
    "BPE-002003": "Failed to read the biometric sample",
    "BPE-002004": "Failed to read the biometric template",
    "BPE-002005": "Invalid Content-Type of the multiparted HTTP request part",
    "BPE-002006": "Invalid request",
    "BPE-002007": "Request or file larger than the limit",
    "BPE-003001": "Failed to retrieve the biometric template",
    "BPE-003002": "The biometric sample is missing face",
    "BPE-003003": "More than one person is present on the biometric sample",
}
SPECS = [pytest.param(name, spec, id=f"{name}-{spec.name}") for name, row in ENDPOINTS.items() for spec in row[:2]]
SAMPLES = [
    pytest.param(name, spec, id=f"{name}-{spec.name}")
    for name, row in ENDPOINTS.items()
    for spec in row[:2]
    if spec.types is IMAGE_TYPES
]


def expect(answer: Answer, status: int, code: str, exposed: str = "") -> None:
    assert (answer.status, answer.code) == (status, code), answer
    assert answer.json()["message"] == TABLE[code] + (f": {exposed}" if exposed else "")
    assert answer.headers["x-request-id"]


def unreadable(spec: PartSpec) -> str:
    return "BPE-002003" if spec.types is IMAGE_TYPES else "BPE-002004"


@pytest.fixture(scope="module")
def good(server: Server, astronaut: bytes) -> dict[frozenset[str], bytes]:
    """Usable bytes for each kind of part."""
    template = server.template(astronaut)
    return {
        spec.types: astronaut if spec.types is IMAGE_TYPES else template
        for row in ENDPOINTS.values()
        for spec in row[:2]
    }


def make(spec: PartSpec, data: bytes) -> bytes:
    return (image_part if spec.types is IMAGE_TYPES else template_part)(spec.name, data)


def request(server: Server, good: dict[frozenset[str], bytes], endpoint: str, wrong: dict[str, list[bytes]]) -> Answer:
    """A request that is right but for the parts in `wrong`."""
    parts: list[bytes] = []
    for spec in ENDPOINTS[endpoint][:2]:
        parts += wrong.get(spec.name, [make(spec, good[spec.types])])
    return server.post(endpoint, parts)


Good = dict[frozenset[str], bytes]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    "content_type", ["application/json", "image/jpeg", "multipart/mixed; boundary=72468", "multipart/form-data", None]
)
def test_002001_request_type(server: Server, endpoint: str, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    expect(server.call("POST", PATTERN + endpoint, b"--72468--\r\n", headers), 400, "BPE-002001")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/octet-stream",
        "multipart/form-data; boundary=x",
        "image/gif",
        "image/svg+xml",
        "",
        None,
    ],
)
def test_002001_extract(server: Server, astronaut: bytes, content_type: str | None) -> None:
    expect(server.extract(astronaut, {} if content_type is None else {"Content-Type": content_type}), 400, "BPE-002001")


@pytest.mark.parametrize("endpoint", ["extract", *ENDPOINTS])
def test_002001_transfer_encoding(server: Server, astronaut: bytes, endpoint: str) -> None:
    encoding = {"Content-Transfer-Encoding": "x-rot13"}
    answer = (
        server.extract(astronaut, {**JPEG, **encoding})
        if endpoint == "extract"
        else server.post(endpoint, [], encoding)
    )
    expect(answer, 400, "BPE-002001")


def test_002001_transfer_encoding_of_a_part(server: Server, good: Good) -> None:
    odd = part("bio_feature", b"x", "application/octet-stream", extra=["Content-Transfer-Encoding: x-rot13"])
    expect(request(server, good, "compare", {"bio_feature": [odd]}), 400, "BPE-002001")


@pytest.mark.parametrize("endpoint", ["extract", *ENDPOINTS])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND"])
def test_002002_method(server: Server, endpoint: str, method: str) -> None:
    answer = server.call(method, PATTERN + endpoint)
    if method == "HEAD":
        assert answer.status == 400
    else:
        expect(answer, 400, "BPE-002002")


@pytest.mark.parametrize("path", [PATTERN + "health", "/version"])
def test_002002_post_to_what_is_read(server: Server, path: str) -> None:
    expect(server.call("POST", path, b"x", JPEG), 400, "BPE-002002")


@pytest.mark.parametrize("data", [b"", b"hello" * 100, b"\xff\xd8\xff\xe0"])
def test_002003_extract(server: Server, data: bytes) -> None:
    expect(server.extract(data), 400, "BPE-002003")


def test_002003_half_a_jpeg(server: Server) -> None:
    whole = faces.jpeg(faces.astronaut().resize((1000, 1000)))
    expect(server.extract(whole[: len(whole) // 2]), 400, "BPE-002003")


def test_002003_not_base64(server: Server) -> None:
    expect(server.extract(b"@@@@!!!!" * 50, {**JPEG, "Content-Transfer-Encoding": "base64"}), 400, "BPE-002003")


@pytest.mark.parametrize(("endpoint", "spec"), SPECS)
@pytest.mark.parametrize("data", [b"", b"hello" * 100])
def test_unreadable_parts(server: Server, good: Good, endpoint: str, spec: PartSpec, data: bytes) -> None:
    expect(request(server, good, endpoint, {spec.name: [make(spec, data)]}), 400, unreadable(spec))


@pytest.mark.parametrize(("endpoint", "spec"), SPECS)
def test_parts_that_are_not_base64(server: Server, good: Good, endpoint: str, spec: PartSpec) -> None:
    odd = part(spec.name, b"@@@", next(iter(spec.types)), extra=["Content-Transfer-Encoding: base64"])
    expect(request(server, good, endpoint, {spec.name: [odd]}), 400, unreadable(spec))


@pytest.mark.parametrize(("endpoint", "spec"), SPECS)
def test_missing_parts_are_named(server: Server, good: Good, endpoint: str, spec: PartSpec) -> None:
    expect(request(server, good, endpoint, {spec.name: []}), 400, unreadable(spec), spec.name)


@pytest.mark.parametrize(("endpoint", "spec"), [one for one in SPECS if not one.values[1].many])  # type: ignore[union-attr]
def test_parts_sent_twice_are_named(server: Server, good: Good, endpoint: str, spec: PartSpec) -> None:
    twice = [make(spec, good[spec.types])] * 2
    expect(request(server, good, endpoint, {spec.name: twice}), 400, unreadable(spec), spec.name)


@pytest.mark.parametrize(
    "broken", ["empty", "zeros", "one zero", "truncated", "longer", "bit flipped", "an image", "text"]
)
def test_002004_broken_templates(server: Server, good: Good, astronaut: bytes, broken: str) -> None:
    template = good[ENDPOINTS["compare"][0].types]
    flipped = bytearray(template)
    flipped[len(template) // 2] ^= 1
    data = {
        "empty": b"",
        "zeros": bytes(len(template)),
        "one zero": b"\0",
        "truncated": template[:-1],
        "longer": template + b"\0",
        "bit flipped": bytes(flipped),
        "an image": astronaut,
        "text": b"{}",
    }[broken]
    for name in ("bio_feature", "bio_template"):
        expect(request(server, good, "compare", {name: [template_part(name, data)]}), 400, "BPE-002004")


@pytest.mark.parametrize("endpoint", ["compare_n", "verify_n"])
def test_002004_one_broken_template_among_many(server: Server, good: Good, endpoint: str) -> None:
    spec = ENDPOINTS[endpoint][1]
    many = [make(spec, good[spec.types]), make(spec, good[spec.types][:-1]), make(spec, good[spec.types])]
    expect(request(server, good, endpoint, {spec.name: many}), 400, "BPE-002004")


@pytest.mark.parametrize(("endpoint", "spec"), SPECS)
@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
def test_002005_part_type(server: Server, good: Good, endpoint: str, spec: PartSpec, content_type: str) -> None:
    odd = part(spec.name, good[spec.types], content_type)
    expect(request(server, good, endpoint, {spec.name: [odd]}), 400, "BPE-002005")


@pytest.mark.parametrize(("endpoint", "spec"), SPECS)
def test_002005_the_other_kind_of_part(server: Server, good: Good, endpoint: str, spec: PartSpec) -> None:
    odd = part(spec.name, good[spec.types], "application/octet-stream" if spec.types is IMAGE_TYPES else "image/jpeg")
    expect(request(server, good, endpoint, {spec.name: [odd]}), 400, "BPE-002005")


@pytest.mark.parametrize("path", ["health/health", "nothing", "extract/", "Extract", "", "compare/x?y=1"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_002006_unknown_path_under_the_prefix(server: Server, method: str, path: str) -> None:
    expect(server.call(method, PATTERN + path), 400, "BPE-002006")


@pytest.mark.parametrize(
    "path", ["/console", "/console/nothing", "/nowhere", "/v1", "/v2/face/pattern/extract", "/versions"]
)
def test_404_elsewhere(server: Server, path: str) -> None:
    expect(server.call("GET", path), 404, "BPE-002006")


def test_404_of_the_console_where_it_is_off() -> None:
    with Server(console="off", threads="1") as running:
        for path in ("/", "/console/app.js", "/console/about", "/console/status", "/console/face"):
            expect(running.call("GET", path), 404, "BPE-002006")
        expect(running.call("POST", "/console/face", b"", JPEG), 404, "BPE-002006")


def test_003001_no_template_can_be_made(server: Server, good: Good) -> None:
    cut = faces.jpeg(faces.astronaut().crop((0, 130, 512, 512)))
    expect(server.extract(cut), 400, "BPE-003001")
    blurred = faces.jpeg(faces.astronaut().resize((48, 48)).resize((512, 512)))
    expect(server.extract(blurred), 400, "BPE-003001")


@pytest.mark.parametrize(("endpoint", "spec"), SAMPLES)
@pytest.mark.parametrize("code", ["BPE-003001", "BPE-003002", "BPE-003003"])
def test_faces_of_parts(server: Server, good: Good, endpoint: str, spec: PartSpec, code: str) -> None:
    picture = {
        "BPE-003001": faces.astronaut().crop((0, 130, 512, 512)),
        "BPE-003002": faces.no_face(),
        "BPE-003003": faces.scene(0.5),
    }[code]
    expect(request(server, good, endpoint, {spec.name: [image_part(spec.name, faces.jpeg(picture))]}), 400, code)


@pytest.mark.parametrize(("picture", "code"), [(faces.no_face, "BPE-003002"), (faces.group, "BPE-003003")])
def test_faces_of_extract(server: Server, picture: object, code: str) -> None:
    expect(server.extract(faces.jpeg(picture())), 400, code)  # type: ignore[operator]


class TestOrder:
    """Two problems at once: type and method of the request first, then the parts in the order of the table's row."""

    def test_method_before_type(self, server: Server) -> None:
        expect(server.call("PUT", PATTERN + "extract", b"", {"Content-Type": "text/plain"}), 400, "BPE-002002")

    def test_request_type_before_parts(self, server: Server) -> None:
        expect(server.call("POST", PATTERN + "verify", b"junk", {"Content-Type": "text/plain"}), 400, "BPE-002001")

    def test_the_first_part_of_the_row_first(self, server: Server, good: Good) -> None:
        expect(request(server, good, "verify", {"sample": [], "bio_template": []}), 400, "BPE-002003", "sample")
        wrong = {
            "sample": [image_part("sample", faces.jpeg(faces.no_face()))],
            "bio_template": [template_part("bio_template", b"x")],
        }
        expect(request(server, good, "verify", wrong), 400, "BPE-003002")
        unreadable_sample = {"sample": [image_part("sample", b"x")], "bio_template": []}
        expect(request(server, good, "verify", unreadable_sample), 400, "BPE-002003")
        odd_type = {
            "sample_1": [image_part("sample_1", faces.jpeg(faces.no_face()))],
            "templates_n": [part("templates_n", b"x", "text/plain")],
        }
        expect(request(server, good, "verify_n", odd_type), 400, "BPE-003002")
        expect(
            request(
                server,
                good,
                "verify_n",
                {"sample_1": [image_part("sample_1", b"x")], "templates_n": [template_part("templates_n", b"x")]},
            ),
            400,
            "BPE-002003",
        )
        images = {
            "sample_1": [image_part("sample_1", faces.jpeg(faces.group()))],
            "sample_2": [image_part("sample_2", b"x")],
        }
        expect(request(server, good, "extract_and_compare", images), 400, "BPE-003003")


class TestBrokenForms:
    @pytest.mark.parametrize(
        "body",
        [
            b"junk",
            b"",
            b"--72468",
            b"--72468\r\n",
            b"--72468\r\n\r\n",
            b"--72468\r\nContent-Disposition: form-data\r\n\r\nx\r\n",
            b"--72468\nContent-Disposition: form-data; name=a\n\nx\n--72468--",
        ],
    )
    def test_what_is_no_form(self, server: Server, body: bytes) -> None:
        for endpoint, code in (("compare", "BPE-002004"), ("verify", "BPE-002003")):
            answer = server.call(
                "POST", PATTERN + endpoint, body, {"Content-Type": "multipart/form-data; boundary=72468"}
            )
            assert (answer.status, answer.code) == (400, code)

    def test_a_form_that_breaks_off_is_never_half_answered(self, server: Server, good: Good) -> None:
        template = good[ENDPOINTS["compare_n"][0].types]
        whole = (
            b"".join(
                b"--72468\r\n" + template_part(name, template) + b"\r\n"
                for name in ("template_1", "templates_n", "templates_n")
            )
            + b"--72468--\r\n"
        )
        for cut in (5, 30, len(template) + 100):
            answer = server.call(
                "POST", PATTERN + "compare_n", whole[:-cut], {"Content-Type": "multipart/form-data; boundary=72468"}
            )
            expect(answer, 400, "BPE-002004")


@pytest.fixture(scope="module")
def small() -> Iterator[Server]:
    """A server that speaks Russian and takes little."""
    limits = {"max_file_bytes": "100000", "max_request_bytes": "400000", "max_parts": "20", "max_samples": "2"}
    with Server(language="ru", threads="1", **limits) as running:
        yield running


class TestLimits:
    def refused(self, answer: Answer) -> None:
        assert (answer.status, answer.code) == (413, "BPE-002007")

    def test_a_file_of_the_limit_passes_and_one_byte_more_does_not(self, small: Server, astronaut: bytes) -> None:
        assert len(astronaut) < 100_000
        assert small.extract(astronaut + bytes(100_000 - len(astronaut))).status == 200
        self.refused(small.extract(astronaut + bytes(100_001 - len(astronaut))))
        self.refused(
            small.call("POST", PATTERN + "extract", astronaut + bytes(100_001 - len(astronaut)), JPEG, chunked=True)
        )

    def test_base64_counts_decoded(self, small: Server, astronaut: bytes) -> None:
        import base64

        headers = {**JPEG, "Content-Transfer-Encoding": "base64"}
        assert small.extract(base64.encodebytes(astronaut + bytes(100_000 - len(astronaut))), headers).status == 200
        self.refused(small.extract(base64.b64encode(astronaut + bytes(100_001 - len(astronaut))), headers))

    def test_parts(self, small: Server) -> None:
        self.refused(small.post("compare", [template_part("bio_feature", bytes(100_001))]))
        self.refused(small.post("compare", [part("other", b"x")] * 21))
        self.refused(small.post("compare", [part("other", bytes(99_000))] * 5))
        self.refused(small.post("compare", [part("other", bytes(100_001))]))

    def test_samples(self, small: Server, astronaut: bytes) -> None:
        tiny = faces.jpeg(faces.astronaut().resize((200, 200)))
        parts = [image_part("sample_1", tiny), *[image_part("samples_n", tiny)] * 2]
        assert small.post("extract_and_compare_n", parts).status == 200
        self.refused(small.post("extract_and_compare_n", [*parts, image_part("samples_n", tiny)]))

    def test_russian_words(self, small: Server) -> None:
        assert json.loads(small.extract(b"x").body) == {
            "code": "BPE-002003",
            "message": "Не удалось прочитать биометрический образец",
        }
        assert small.call("GET", "/nowhere").json()["message"] == "Неверный запрос"


def test_every_refusal_leaves_a_log_line_with_the_id_and_nothing_of_the_content(server: Server) -> None:
    answer = server.extract(b"secret-content" * 10, {**JPEG, "X-Request-ID": "log-me-1"})
    assert answer.code == "BPE-002003"
    (line,) = server.logged("log-me-1")
    assert "BPE-002003" in line
    assert "not a readable picture" in line
    assert "secret" not in line
