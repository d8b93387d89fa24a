"""Requests as clients send them: curl, Python's requests, and the raw bytes of other clients."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
import requests

from tests import support_faces as faces
from tests.support_server import OCTETS, PATTERN, Server, form, part, template_part

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")


@pytest.fixture(scope="module")
def template(server: Server, astronaut: bytes) -> bytes:
    return server.template(astronaut)


class TestCurl:
    pytestmark = needs_curl

    def curl(self, *arguments: str) -> bytes:
        return subprocess.run(["curl", "-sS", "--max-time", "60", *arguments], capture_output=True, check=True).stdout

    @pytest.fixture
    def files(self, tmp_path: Path, astronaut: bytes, template: bytes) -> Path:
        (tmp_path / "photo.jpg").write_bytes(astronaut)
        (tmp_path / "t.bin").write_bytes(template)
        return tmp_path

    def test_compare_accepts_the_template_of_extract(self, server: Server, files: Path, template: bytes) -> None:
        url = server.url + PATTERN
        self.curl(
            "--data-binary",
            f"@{files}/photo.jpg",
            "-H",
            "Content-Type: image/jpeg",
            f"{url}extract",
            "-o",
            f"{files}/out.bin",
        )
        assert (files / "out.bin").read_bytes() == template
        response = self.curl(
            "-F", f"bio_feature=@{files}/out.bin", "-F", f"bio_template=@{files}/out.bin", f"{url}compare"
        )
        assert json.loads(response) == {"score": 1.0, "decision": "approved"}

    @pytest.mark.parametrize(
        "extra",
        [
            [],
            ["-H", "Expect: 100-continue"],
            ["-H", "Transfer-Encoding: chunked"],
            ["--http1.0"],
            ["-H", "Expect: 200-maybe"],
            ["-H", "Connection: close"],
        ],
    )
    def test_extract_works_with_every_transfer_option(
        self, server: Server, files: Path, template: bytes, extra: list[str]
    ) -> None:
        output = self.curl(
            "--data-binary",
            f"@{files}/photo.jpg",
            "-H",
            "Content-Type: image/jpeg",
            *extra,
            f"{server.url}{PATTERN}extract",
        )
        assert output == template

    def test_file_names_and_types_can_be_stated(self, server: Server, files: Path) -> None:
        one = f"sample_1=@{files}/photo.jpg;type=image/jpeg"
        many = f'samples_n=@{files}/photo.jpg;type=image/jpeg;filename="a \\"b\\".jpg"'
        response = self.curl("-F", one, "-F", many, f"{server.url}{PATTERN}extract_and_compare_n")
        assert json.loads(response) == {"results": [{"filename": 'a "b".jpg', "score": 1.0, "decision": "approved"}]}

    def test_a_large_body_is_sent_after_100_continue(
        self, server: Server, files: Path, astronaut: bytes, template: bytes
    ) -> None:
        (files / "large.jpg").write_bytes(astronaut + bytes(3_000_000))
        output = self.curl(
            "--data-binary",
            f"@{files}/large.jpg",
            "-H",
            "Content-Type: image/jpeg",
            "-H",
            "Expect: 100-continue",
            f"{server.url}{PATTERN}extract",
        )
        assert output == template

    def test_a_body_above_the_limit_is_rejected_before_it_is_sent(self, server: Server, files: Path) -> None:
        (files / "huge.jpg").write_bytes(bytes(200 * 1024 * 1024))
        output = self.curl(
            "--data-binary",
            f"@{files}/huge.jpg",
            "-H",
            "Content-Type: image/jpeg",
            "-H",
            "Expect: 100-continue",
            "-w",
            " %{http_code} %{size_upload}",
            f"{server.url}{PATTERN}extract",
        )
        body, status, sent = output.rsplit(b" ", 2)
        assert json.loads(body)["code"] == "BPE-002007"
        assert (int(status), int(sent)) == (413, 0)


class TestRequests:
    def test_a_session_survives_rejected_requests(self, server: Server, astronaut: bytes, template: bytes) -> None:
        with requests.Session() as session:
            for _ in range(2):
                accepted = session.post(
                    f"{server.url}{PATTERN}extract", data=astronaut, headers={"Content-Type": "image/jpeg"}, timeout=30
                )
                assert (accepted.status_code, accepted.content) == (200, template)
                rejected = session.post(
                    f"{server.url}{PATTERN}extract", data=b"x", headers={"Content-Type": "text/plain"}, timeout=30
                )
                assert (rejected.status_code, rejected.json()["code"]) == (400, "BPE-002001")
                wrong_method = session.get(f"{server.url}{PATTERN}extract", timeout=30)
                assert wrong_method.json()["code"] == "BPE-002002"

    def test_files_without_types_are_accepted(self, server: Server, template: bytes) -> None:
        files = {"bio_feature": ("a", template), "bio_template": ("b", template)}
        assert requests.post(f"{server.url}{PATTERN}compare", files=files, timeout=30).json()["score"] == 1.0

    def test_parts_of_one_name_keep_their_unicode_file_names(self, server: Server, template: bytes) -> None:
        files = [
            ("template_1", ("one", template, OCTETS)),
            *[("templates_n", (name, template, OCTETS)) for name in ("ё.bin", 'q"q.bin', "100%.bin")],
        ]
        response = requests.post(f"{server.url}{PATTERN}compare_n", files=files, timeout=30)
        assert [row["filename"] for row in response.json()["results"]] == ["ё.bin", 'q"q.bin', "100%.bin"]

    def test_a_chunked_body_is_accepted(self, server: Server, astronaut: bytes, template: bytes) -> None:
        chunks = (astronaut[at : at + 7000] for at in range(0, len(astronaut), 7000))
        response = requests.post(
            f"{server.url}{PATTERN}extract", data=chunks, headers={"Content-Type": "image/jpeg"}, timeout=30
        )
        assert response.content == template


@pytest.mark.parametrize(
    "boundary", ["72468", "----=_Part_0_1234.5678", "-" * 24 + "516695485518814e", "a'b(c)+d,e-f.g/h:i=j?k", "x" * 70]
)
@pytest.mark.parametrize("quoted", [True, False])
def test_every_valid_boundary_works(server: Server, template: bytes, boundary: str, quoted: bool) -> None:
    parts = [template_part("bio_feature", template), template_part("bio_template", template)]
    assert server.post("compare", parts, boundary=boundary, quoted=quoted).json()["score"] == 1.0


def test_a_template_may_have_the_mime_type_of_its_extension(server: Server, template: bytes) -> None:
    parts = [part(name, template, "video/vnd.fvt", "me.fvt") for name in ("bio_feature", "bio_template")]
    assert server.post("compare", parts).json()["score"] == 1.0


def test_json_is_utf8_without_escapes(server: Server, template: bytes) -> None:
    many = part("templates_n", template, OCTETS, "второй 顔.fvt")
    response = server.post("compare_n", [part("template_1", template, OCTETS), many])
    assert response.headers["content-type"] == "application/json"
    assert "второй 顔.fvt".encode() in response.body
    assert response.json()["results"][0]["filename"] == "второй 顔.fvt"


def test_header_order_case_and_charsets_do_not_matter(server: Server, template: bytes) -> None:
    variants = [
        part("bio_feature", template, OCTETS, reverse=True),
        part("bio_feature", template),
        part("bio_feature", template, filename="x"),
        b'content-disposition: FORM-DATA; NAME="bio_feature"\r\n'
        b"content-type: Application/Octet-Stream; charset=UTF-8\r\n\r\n" + template,
        b"Content-Type: application/octet-stream\r\nContent-Length: "
        + str(len(template)).encode()
        + b"\r\nX-Other: 1\r\nContent-Disposition: form-data; name=bio_feature\r\n\r\n"
        + template,
    ]
    for variant in variants:
        assert (
            server.post("compare", [template_part("bio_template", template), variant, part("x", b"1")]).json()["score"]
            == 1.0
        )


def exchange(server: Server, data: bytes) -> bytes:
    """Send bytes, and return what the server sends until it closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(data)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_two_requests_in_one_packet_get_two_responses(server: Server, astronaut: bytes, template: bytes) -> None:
    head = (
        f"POST {PATTERN}extract HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: {len(astronaut)}\r\n"
    )
    received = exchange(
        server, f"{head}\r\n".encode() + astronaut + f"{head}Connection: close\r\n\r\n".encode() + astronaut
    )
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.count(template) == 2


def test_preamble_and_epilogue_are_ignored(server: Server, template: bytes) -> None:
    body = (
        b"preamble\r\n"
        + form([template_part("bio_feature", template), template_part("bio_template", template)])
        + b"epilogue" * 1000
    )
    response = server.call("POST", PATTERN + "compare", body, {"Content-Type": "multipart/form-data; boundary=72468"})
    assert response.json()["score"] == 1.0


def test_a_form_in_small_chunks_is_read(server: Server, astronaut: bytes, template: bytes) -> None:
    body = form([template_part("bio_template", template), part("sample", astronaut, "image/jpeg")])
    response = server.call(
        "POST", PATTERN + "verify", body, {"Content-Type": "multipart/form-data; boundary=72468"}, chunked=True
    )
    assert response.status == 200


def test_heic_matches_the_original(server: Server, template: bytes) -> None:
    import io

    import pillow_heif

    stream = io.BytesIO()
    pillow_heif.from_pillow(faces.astronaut()).save(stream, quality=90)
    photo = server.extract(stream.getvalue(), {"Content-Type": "image/heic"})
    assert photo.status == 200
    assert (
        server.post(
            "compare", [template_part("bio_feature", template), template_part("bio_template", photo.body)]
        ).json()["score"]
        > 0.99
    )
