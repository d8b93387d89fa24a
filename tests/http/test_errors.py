"""docs/contract.md, Errors: each BPE code at each endpoint that can report it, from a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from faceVer.http.lite.faces import COMPARING as ENDPOINTS
from faceVer.http.pipeline.forms.content_types import IMAGE_TYPES
from faceVer.http.pipeline.part_spec import PartSpec
from tests import support_faces as faces
from tests.support_server import JPEG, PATTERN, Response, Server, image_part, part, template_part

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


def assert_error(response: Response, status: int, code: str, exposed: str = "") -> None:
    assert (response.status, response.code) == (status, code), response
    assert response.json()["message"] == TABLE[code] + (f": {exposed}" if exposed else "")
    assert response.headers["x-request-id"]


def code_if_unreadable(spec: PartSpec) -> str:
    return "BPE-002003" if spec.types is IMAGE_TYPES else "BPE-002004"


@pytest.fixture(scope="module")
def valid(server: Server, astronaut: bytes) -> dict[frozenset[str], bytes]:
    """Valid bytes for each kind of part."""
    template = server.template(astronaut)
    return {
        spec.types: astronaut if spec.types is IMAGE_TYPES else template
        for row in ENDPOINTS.values()
        for spec in row[:2]
    }


def part_of(spec: PartSpec, data: bytes) -> bytes:
    return (image_part if spec.types is IMAGE_TYPES else template_part)(spec.name, data)


def request(
    server: Server, valid: dict[frozenset[str], bytes], endpoint: str, wrong: dict[str, list[bytes]]
) -> Response:
    """A valid request, except for the parts in `wrong`."""
    parts: list[bytes] = []
    for spec in ENDPOINTS[endpoint][:2]:
        parts += wrong.get(spec.name, [part_of(spec, valid[spec.types])])
    return server.post(endpoint, parts)


Valid = dict[frozenset[str], bytes]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    "content_type", ["application/json", "image/jpeg", "multipart/mixed; boundary=72468", "multipart/form-data", None]
)
def test_002001_for_a_wrong_request_type(server: Server, endpoint: str, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert_error(server.call("POST", PATTERN + endpoint, b"--72468--\r\n", headers), 400, "BPE-002001")


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
def test_002001_for_a_body_that_is_not_an_image_type(
    server: Server, astronaut: bytes, content_type: str | None
) -> None:
    assert_error(
        server.extract(astronaut, {} if content_type is None else {"Content-Type": content_type}), 400, "BPE-002001"
    )


@pytest.mark.parametrize("endpoint", ["extract", *ENDPOINTS])
def test_002001_for_an_unknown_transfer_encoding(server: Server, astronaut: bytes, endpoint: str) -> None:
    encoding = {"Content-Transfer-Encoding": "x-rot13"}
    response = (
        server.extract(astronaut, {**JPEG, **encoding})
        if endpoint == "extract"
        else server.post(endpoint, [], encoding)
    )
    assert_error(response, 400, "BPE-002001")


def test_002001_for_an_unknown_transfer_encoding_of_a_part(server: Server, valid: Valid) -> None:
    wrong_part = part("bio_feature", b"x", "application/octet-stream", extra=["Content-Transfer-Encoding: x-rot13"])
    assert_error(request(server, valid, "compare", {"bio_feature": [wrong_part]}), 400, "BPE-002001")


@pytest.mark.parametrize("endpoint", ["extract", *ENDPOINTS])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND"])
def test_002002_for_a_wrong_method(server: Server, endpoint: str, method: str) -> None:
    response = server.call(method, PATTERN + endpoint)
    if method == "HEAD":
        assert response.status == 400
    else:
        assert_error(response, 400, "BPE-002002")


@pytest.mark.parametrize("path", [PATTERN + "health", "/version"])
def test_002002_for_post_to_health_and_version(server: Server, path: str) -> None:
    assert_error(server.call("POST", path, b"x", JPEG), 400, "BPE-002002")


@pytest.mark.parametrize("data", [b"", b"hello" * 100, b"\xff\xd8\xff\xe0"])
def test_002003_for_an_unreadable_image(server: Server, data: bytes) -> None:
    assert_error(server.extract(data), 400, "BPE-002003")


def test_002003_for_half_a_jpeg(server: Server) -> None:
    complete = faces.jpeg(faces.astronaut().resize((1000, 1000)))
    assert_error(server.extract(complete[: len(complete) // 2]), 400, "BPE-002003")


def test_002003_for_invalid_base64(server: Server) -> None:
    assert_error(server.extract(b"@@@@!!!!" * 50, {**JPEG, "Content-Transfer-Encoding": "base64"}), 400, "BPE-002003")


@pytest.mark.parametrize(("endpoint", "spec"), SPECS)
@pytest.mark.parametrize("data", [b"", b"hello" * 100])
def test_unreadable_parts_have_the_code_of_their_kind(
    server: Server, valid: Valid, endpoint: str, spec: PartSpec, data: bytes
) -> None:
    assert_error(request(server, valid, endpoint, {spec.name: [part_of(spec, data)]}), 400, code_if_unreadable(spec))


@pytest.mark.parametrize(("endpoint", "spec"), SPECS)
def test_parts_with_invalid_base64_have_the_code_of_their_kind(
    server: Server, valid: Valid, endpoint: str, spec: PartSpec
) -> None:
    wrong_part = part(spec.name, b"@@@", next(iter(spec.types)), extra=["Content-Transfer-Encoding: base64"])
    assert_error(request(server, valid, endpoint, {spec.name: [wrong_part]}), 400, code_if_unreadable(spec))


@pytest.mark.parametrize(("endpoint", "spec"), SPECS)
def test_missing_parts_are_named(server: Server, valid: Valid, endpoint: str, spec: PartSpec) -> None:
    assert_error(request(server, valid, endpoint, {spec.name: []}), 400, code_if_unreadable(spec), spec.name)


@pytest.mark.parametrize(("endpoint", "spec"), [one for one in SPECS if not one.values[1].many])  # type: ignore[union-attr]
def test_parts_sent_twice_are_named(server: Server, valid: Valid, endpoint: str, spec: PartSpec) -> None:
    twice = [part_of(spec, valid[spec.types])] * 2
    assert_error(request(server, valid, endpoint, {spec.name: twice}), 400, code_if_unreadable(spec), spec.name)


@pytest.mark.parametrize(
    "broken", ["empty", "zeros", "one zero", "truncated", "longer", "bit flipped", "an image", "text"]
)
def test_002004_for_a_broken_template(server: Server, valid: Valid, astronaut: bytes, broken: str) -> None:
    template = valid[ENDPOINTS["compare"][0].types]
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
        assert_error(request(server, valid, "compare", {name: [template_part(name, data)]}), 400, "BPE-002004")


@pytest.mark.parametrize("endpoint", ["compare_n", "verify_n"])
def test_002004_for_one_broken_template_among_many(server: Server, valid: Valid, endpoint: str) -> None:
    spec = ENDPOINTS[endpoint][1]
    many = [part_of(spec, valid[spec.types]), part_of(spec, valid[spec.types][:-1]), part_of(spec, valid[spec.types])]
    assert_error(request(server, valid, endpoint, {spec.name: many}), 400, "BPE-002004")


@pytest.mark.parametrize(("endpoint", "spec"), SPECS)
@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
def test_002005_for_a_wrong_part_type(
    server: Server, valid: Valid, endpoint: str, spec: PartSpec, content_type: str
) -> None:
    wrong_part = part(spec.name, valid[spec.types], content_type)
    assert_error(request(server, valid, endpoint, {spec.name: [wrong_part]}), 400, "BPE-002005")


@pytest.mark.parametrize(("endpoint", "spec"), SPECS)
def test_002005_for_an_image_type_on_a_template_and_vice_versa(
    server: Server, valid: Valid, endpoint: str, spec: PartSpec
) -> None:
    wrong_part = part(
        spec.name, valid[spec.types], "application/octet-stream" if spec.types is IMAGE_TYPES else "image/jpeg"
    )
    assert_error(request(server, valid, endpoint, {spec.name: [wrong_part]}), 400, "BPE-002005")


@pytest.mark.parametrize("path", ["health/health", "nothing", "extract/", "Extract", "", "compare/x?y=1"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_002006_for_an_unknown_path_below_the_prefix(server: Server, method: str, path: str) -> None:
    assert_error(server.call(method, PATTERN + path), 400, "BPE-002006")


@pytest.mark.parametrize(
    "path", ["/console", "/console/nothing", "/nowhere", "/v1", "/v2/face/pattern/extract", "/versions"]
)
def test_404_for_an_unknown_path_elsewhere(server: Server, path: str) -> None:
    assert_error(server.call("GET", path), 404, "BPE-002006")


def test_404_for_the_console_if_it_is_off() -> None:
    with Server(console="off", threads="1") as running:
        for path in ("/", "/console/app.js", "/console/about", "/console/status", "/console/face"):
            assert_error(running.call("GET", path), 404, "BPE-002006")
        assert_error(running.call("POST", "/console/face", b"", JPEG), 404, "BPE-002006")


def test_003001_for_a_face_that_is_cut_or_blurred(server: Server, valid: Valid) -> None:
    cut = faces.jpeg(faces.astronaut().crop((0, 130, 512, 512)))
    assert_error(server.extract(cut), 400, "BPE-003001")
    blurred = faces.jpeg(faces.astronaut().resize((48, 48)).resize((512, 512)))
    assert_error(server.extract(blurred), 400, "BPE-003001")


@pytest.mark.parametrize(("endpoint", "spec"), SAMPLES)
@pytest.mark.parametrize("code", ["BPE-003001", "BPE-003002", "BPE-003003"])
def test_face_errors_of_parts_have_their_codes(
    server: Server, valid: Valid, endpoint: str, spec: PartSpec, code: str
) -> None:
    picture = {
        "BPE-003001": faces.astronaut().crop((0, 130, 512, 512)),
        "BPE-003002": faces.no_face(),
        "BPE-003003": faces.scene(0.5),
    }[code]
    assert_error(request(server, valid, endpoint, {spec.name: [image_part(spec.name, faces.jpeg(picture))]}), 400, code)


@pytest.mark.parametrize(("picture", "code"), [(faces.no_face, "BPE-003002"), (faces.group, "BPE-003003")])
def test_face_errors_of_extract_have_their_codes(server: Server, picture: object, code: str) -> None:
    assert_error(server.extract(faces.jpeg(picture())), 400, code)  # type: ignore[operator]


class TestOrder:
    """docs/contract.md, Order of checks: which error a request with two errors gets."""

    def test_the_method_is_checked_before_the_type(self, server: Server) -> None:
        assert_error(server.call("PUT", PATTERN + "extract", b"", {"Content-Type": "text/plain"}), 400, "BPE-002002")

    def test_the_request_type_is_checked_before_the_parts(self, server: Server) -> None:
        assert_error(
            server.call("POST", PATTERN + "verify", b"junk", {"Content-Type": "text/plain"}), 400, "BPE-002001"
        )

    def test_the_first_parts_error_is_reported_first(self, server: Server, valid: Valid) -> None:
        assert_error(request(server, valid, "verify", {"sample": [], "bio_template": []}), 400, "BPE-002003", "sample")
        wrong = {
            "sample": [image_part("sample", faces.jpeg(faces.no_face()))],
            "bio_template": [template_part("bio_template", b"x")],
        }
        assert_error(request(server, valid, "verify", wrong), 400, "BPE-003002")
        unreadable_sample = {"sample": [image_part("sample", b"x")], "bio_template": []}
        assert_error(request(server, valid, "verify", unreadable_sample), 400, "BPE-002003")
        odd_type = {
            "sample_1": [image_part("sample_1", faces.jpeg(faces.no_face()))],
            "templates_n": [part("templates_n", b"x", "text/plain")],
        }
        assert_error(request(server, valid, "verify_n", odd_type), 400, "BPE-003002")
        assert_error(
            request(
                server,
                valid,
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
        assert_error(request(server, valid, "extract_and_compare", images), 400, "BPE-003003")


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
    def test_a_malformed_form_has_the_code_of_the_endpoint(self, server: Server, body: bytes) -> None:
        for endpoint, code in (("compare", "BPE-002004"), ("verify", "BPE-002003")):
            response = server.call(
                "POST", PATTERN + endpoint, body, {"Content-Type": "multipart/form-data; boundary=72468"}
            )
            assert (response.status, response.code) == (400, code)

    def test_a_truncated_form_is_rejected(self, server: Server, valid: Valid) -> None:
        template = valid[ENDPOINTS["compare_n"][0].types]
        complete = (
            b"".join(
                b"--72468\r\n" + template_part(name, template) + b"\r\n"
                for name in ("template_1", "templates_n", "templates_n")
            )
            + b"--72468--\r\n"
        )
        for cut in (5, 30, len(template) + 100):
            response = server.call(
                "POST", PATTERN + "compare_n", complete[:-cut], {"Content-Type": "multipart/form-data; boundary=72468"}
            )
            assert_error(response, 400, "BPE-002004")


@pytest.fixture(scope="module")
def limited() -> Iterator[Server]:
    """A server with Russian messages and low limits."""
    limits = {"max_file_bytes": "100000", "max_request_bytes": "400000", "max_parts": "20", "max_samples": "2"}
    limits["max_folder_pixels"] = str(3 * 512 * 512)
    with Server(language="ru", threads="1", **limits) as running:
        yield running


class TestLimits:
    def rejected(self, response: Response) -> None:
        assert (response.status, response.code) == (413, "BPE-002007")

    def test_a_file_may_have_the_size_of_the_limit_but_no_byte_more(self, limited: Server, astronaut: bytes) -> None:
        assert len(astronaut) < 100_000
        assert limited.extract(astronaut + bytes(100_000 - len(astronaut))).status == 200
        self.rejected(limited.extract(astronaut + bytes(100_001 - len(astronaut))))
        self.rejected(
            limited.call("POST", PATTERN + "extract", astronaut + bytes(100_001 - len(astronaut)), JPEG, chunked=True)
        )

    def test_the_file_limit_applies_to_decoded_base64(self, limited: Server, astronaut: bytes) -> None:
        import base64

        headers = {**JPEG, "Content-Transfer-Encoding": "base64"}
        assert limited.extract(base64.encodebytes(astronaut + bytes(100_000 - len(astronaut))), headers).status == 200
        self.rejected(limited.extract(base64.b64encode(astronaut + bytes(100_001 - len(astronaut))), headers))

    @pytest.mark.parametrize("others", [1, 2])
    def test_the_pictures_of_a_request_share_a_budget_of_pixels(
        self, limited: Server, astronaut: bytes, others: int
    ) -> None:
        """One picture more than the budget has pixels for; each of them is fine alone."""
        large = faces.encoded(faces.astronaut().resize((800, 800)), "JPEG", quality=50)
        name, second = ("extract_and_compare", "sample_2") if others == 1 else ("extract_and_compare_n", "samples_n")
        small = [image_part("sample_1", astronaut), *[image_part(second, astronaut)] * others]
        assert limited.post(name, small).status == 200
        answer = limited.post(name, [image_part("sample_1", large), *small[1:]])
        self.rejected(answer)
        assert answer.json()["message"].endswith(": pixels of all pictures")
        assert limited.post(name, small).status == 200

    def test_parts_above_the_limits_are_rejected(self, limited: Server) -> None:
        self.rejected(limited.post("compare", [template_part("bio_feature", bytes(100_001))]))
        self.rejected(limited.post("compare", [part("other", b"x")] * 21))
        self.rejected(limited.post("compare", [part("other", bytes(99_000))] * 5))
        self.rejected(limited.post("compare", [part("other", bytes(100_001))]))

    def test_samples_above_the_limit_are_rejected(self, limited: Server, astronaut: bytes) -> None:
        tiny = faces.jpeg(faces.astronaut().resize((200, 200)))
        parts = [image_part("sample_1", tiny), *[image_part("samples_n", tiny)] * 2]
        assert limited.post("extract_and_compare_n", parts).status == 200
        self.rejected(limited.post("extract_and_compare_n", [*parts, image_part("samples_n", tiny)]))

    def test_messages_are_russian(self, limited: Server) -> None:
        assert json.loads(limited.extract(b"x").body) == {
            "code": "BPE-002003",
            "message": "Не удалось прочитать биометрический образец",
        }
        assert limited.call("GET", "/nowhere").json()["message"] == "Неверный запрос"


def test_a_rejected_request_is_logged_with_its_id_and_without_its_content(server: Server) -> None:
    response = server.extract(b"secret-content" * 10, {**JPEG, "X-Request-ID": "log-me-1"})
    assert response.code == "BPE-002003"
    (line,) = server.logged("log-me-1")
    assert "BPE-002003" in line
    assert "not a readable picture" in line
    assert "secret" not in line
