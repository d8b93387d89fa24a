"""Old clients: curl and Python requests as they are used, and the raw bytes of others."""

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

    def test_extract_then_compare_with_itself(self, server: Server, files: Path, template: bytes) -> None:
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
        answer = self.curl(
            "-F", f"bio_feature=@{files}/out.bin", "-F", f"bio_template=@{files}/out.bin", f"{url}compare"
        )
        assert json.loads(answer) == {"score": 1.0, "decision": "approved"}

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
    def test_extract_in_many_ways(self, server: Server, files: Path, template: bytes, extra: list[str]) -> None:
        out = self.curl(
            "--data-binary",
            f"@{files}/photo.jpg",
            "-H",
            "Content-Type: image/jpeg",
            *extra,
            f"{server.url}{PATTERN}extract",
        )
        assert out == template

    def test_named_files_with_types(self, server: Server, files: Path) -> None:
        one = f"sample_1=@{files}/photo.jpg;type=image/jpeg"
        many = f'samples_n=@{files}/photo.jpg;type=image/jpeg;filename="a \\"b\\".jpg"'
        answer = self.curl("-F", one, "-F", many, f"{server.url}{PATTERN}extract_and_compare_n")
        assert json.loads(answer) == {"results": [{"filename": 'a "b".jpg', "score": 1.0, "decision": "approved"}]}

    def test_a_large_body_after_100_continue(
        self, server: Server, files: Path, astronaut: bytes, template: bytes
    ) -> None:
        (files / "large.jpg").write_bytes(astronaut + bytes(3_000_000))
        out = self.curl(
            "--data-binary",
            f"@{files}/large.jpg",
            "-H",
            "Content-Type: image/jpeg",
            "-H",
            "Expect: 100-continue",
            f"{server.url}{PATTERN}extract",
        )
        assert out == template

    def test_a_body_past_the_limit_is_refused_before_it_is_sent(self, server: Server, files: Path) -> None:
        (files / "huge.jpg").write_bytes(bytes(200 * 1024 * 1024))
        out = self.curl(
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
        body, status, sent = out.rsplit(b" ", 2)
        assert json.loads(body)["code"] == "BPE-002007"
        assert (int(status), int(sent)) == (413, 0)


class TestRequests:
    def test_a_session_works_through_good_and_bad_requests(
        self, server: Server, astronaut: bytes, template: bytes
    ) -> None:
        with requests.Session() as session:
            for _ in range(2):
                good = session.post(
                    f"{server.url}{PATTERN}extract", data=astronaut, headers={"Content-Type": "image/jpeg"}, timeout=30
                )
                assert (good.status_code, good.content) == (200, template)
                bad = session.post(
                    f"{server.url}{PATTERN}extract", data=b"x", headers={"Content-Type": "text/plain"}, timeout=30
                )
                assert (bad.status_code, bad.json()["code"]) == (400, "BPE-002001")
                empty = session.get(f"{server.url}{PATTERN}extract", timeout=30)
                assert empty.json()["code"] == "BPE-002002"

    def test_files_without_types(self, server: Server, template: bytes) -> None:
        files = {"bio_feature": ("a", template), "bio_template": ("b", template)}
        assert requests.post(f"{server.url}{PATTERN}compare", files=files, timeout=30).json()["score"] == 1.0

    def test_many_parts_of_one_name_with_unicode_filenames(self, server: Server, template: bytes) -> None:
        files = [
            ("template_1", ("one", template, OCTETS)),
            *[("templates_n", (name, template, OCTETS)) for name in ("ё.bin", 'q"q.bin', "100%.bin")],
        ]
        answer = requests.post(f"{server.url}{PATTERN}compare_n", files=files, timeout=30)
        assert [row["filename"] for row in answer.json()["results"]] == ["ё.bin", 'q"q.bin', "100%.bin"]

    def test_a_generator_is_sent_chunked(self, server: Server, astronaut: bytes, template: bytes) -> None:
        chunks = (astronaut[at : at + 7000] for at in range(0, len(astronaut), 7000))
        answer = requests.post(
            f"{server.url}{PATTERN}extract", data=chunks, headers={"Content-Type": "image/jpeg"}, timeout=30
        )
        assert answer.content == template


@pytest.mark.parametrize(
    "boundary", ["72468", "----=_Part_0_1234.5678", "-" * 24 + "516695485518814e", "a'b(c)+d,e-f.g/h:i=j?k", "x" * 70]
)
@pytest.mark.parametrize("quoted", [True, False])
def test_boundaries(server: Server, template: bytes, boundary: str, quoted: bool) -> None:
    parts = [template_part("bio_feature", template), template_part("bio_template", template)]
    assert server.post("compare", parts, boundary=boundary, quoted=quoted).json()["score"] == 1.0


def test_a_template_may_be_labelled_as_lists_of_types_label_its_ending(server: Server, template: bytes) -> None:
    parts = [part(name, template, "video/vnd.fvt", "me.fvt") for name in ("bio_feature", "bio_template")]
    assert server.post("compare", parts).json()["score"] == 1.0


def test_json_is_utf8_with_characters_as_they_are(server: Server, template: bytes) -> None:
    many = part("templates_n", template, OCTETS, "второй 顔.fvt")
    answer = server.post("compare_n", [part("template_1", template, OCTETS), many])
    assert answer.headers["content-type"] == "application/json"
    assert "второй 顔.fvt".encode() in answer.body
    assert answer.json()["results"][0]["filename"] == "второй 顔.fvt"


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


def raw(server: Server, data: bytes) -> bytes:
    """Send bytes, read until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(data)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_two_requests_in_one_packet(server: Server, astronaut: bytes, template: bytes) -> None:
    head = (
        f"POST {PATTERN}extract HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: {len(astronaut)}\r\n"
    )
    received = raw(server, f"{head}\r\n".encode() + astronaut + f"{head}Connection: close\r\n\r\n".encode() + astronaut)
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.count(template) == 2


def test_a_preamble_and_an_epilogue(server: Server, template: bytes) -> None:
    body = (
        b"preamble\r\n"
        + form([template_part("bio_feature", template), template_part("bio_template", template)])
        + b"epilogue" * 1000
    )
    answer = server.call("POST", PATTERN + "compare", body, {"Content-Type": "multipart/form-data; boundary=72468"})
    assert answer.json()["score"] == 1.0


def test_small_chunks(server: Server, astronaut: bytes, template: bytes) -> None:
    body = form([template_part("bio_template", template), part("sample", astronaut, "image/jpeg")])
    answer = server.call(
        "POST", PATTERN + "verify", body, {"Content-Type": "multipart/form-data; boundary=72468"}, chunked=True
    )
    assert answer.status == 200


def test_heic_from_a_phone(server: Server, template: bytes) -> None:
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
