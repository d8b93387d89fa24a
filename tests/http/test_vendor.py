"""The vendor profile over HTTP, on a server that also offers API Lite."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests import support_faces as faces
from tests.support_server import JPEG, OCTETS, Server, form, part

FORM = {"Content-Type": "multipart/form-data; boundary=72468"}
NUMBER = re.compile(r"0\.0|1\.0|0\.\d*[1-9]")
BASE = "/v1/bank/pattern"


@pytest.fixture(scope="module")
def vendor() -> Iterator[Server]:
    with Server(vendor_prefix="bank,.", threads="1") as running:
        yield running


def error(server: Server, path: str, body: bytes | None, headers: dict[str, str], method: str = "POST") -> list[str]:
    """[status, code, message] of the response."""
    response = server.call(method, path, body, headers)
    assert response.headers["content-type"] == "application/json; charset=UTF-8"
    document = json.loads(response.body)
    assert list(document) == ["code", "message"]
    assert document["message"].encode() in response.body
    return [str(response.status), document["code"], document["message"]]


def test_verification_has_health_extract_compare_and_verify(vendor: Server, astronaut: bytes) -> None:
    for base in (BASE, "/v1/pattern"):
        assert vendor.call("GET", f"{base}/health").json() == {"status": 0, "message": ""}
        assert vendor.call("HEAD", f"{base}/health").status == 200
        extracted = vendor.call("POST", f"{base}/extract", astronaut, {"Content-Type": "image/x-any"})
        assert (extracted.status, extracted.headers["content-type"]) == (200, OCTETS)
        parts = [part("bio_feature", extracted.body, OCTETS), part("bio_template", extracted.body, None)]
        compared = vendor.call("POST", f"{base}/compare", form(parts), FORM)
        assert re.fullmatch(r'\{"score": (\S+)\}', compared.body.decode())
        assert NUMBER.fullmatch(compared.body.decode()[10:-1])
        parts = [part("bio_template", extracted.body, OCTETS), part("sample", astronaut, "image/gif")]
        verified = vendor.call("POST", f"{base}/verify", form(parts), FORM)
        assert verified.status == 200
        assert b'{"score": 1.0}' in verified.body


def test_errors_have_russian_messages_without_details(vendor: Server, astronaut: bytes) -> None:
    extract, compare = f"{BASE}/extract", f"{BASE}/compare"
    template = vendor.call("POST", extract, astronaut, JPEG).body
    broken_template = form([part("bio_feature", template, OCTETS), part("bio_template", b"\0\0\0\0", OCTETS)])
    wrong_type = form([part("bio_feature", template, "image/jpeg"), part("bio_template", b"", OCTETS)])
    assert error(vendor, extract, astronaut, FORM) == ["400", "BPE-002001", "Неверный Content-Type HTTP-запроса"]
    assert error(vendor, extract, None, {}, "GET") == ["400", "BPE-002002", "Неверный метод HTTP-запроса"]
    assert error(vendor, extract, b"", JPEG)[1:] == ["BPE-002003", "Не удалось прочитать биометрический образец"]
    unreadable = ["BPE-002004", "Не удалось прочитать биометрический шаблон"]
    assert error(vendor, compare, broken_template, FORM)[1:] == unreadable
    assert error(vendor, compare, wrong_type, FORM)[1] == "BPE-002005"
    assert error(vendor, f"{BASE}/health/health", None, {}, "GET") == ["400", "BPE-002006", "Неверный запрос"]
    no_face = faces.jpeg(faces.person(0).crop((0, 0, 40, 40)))
    assert error(vendor, extract, no_face, JPEG)[1] == "BPE-003002"


def test_the_vendor_prefix_does_not_change_api_lite(vendor: Server, astronaut: bytes) -> None:
    template = vendor.call("POST", "/v1/face/pattern/extract", astronaut, JPEG).body
    parts = [part("bio_feature", template, OCTETS), part("bio_template", template, OCTETS)]
    response = vendor.call("POST", "/v1/face/pattern/compare", form(parts), FORM)
    assert response.json() == {"score": 1.0, "decision": "approved"}
    assert vendor.call("POST", "/v1/face/pattern/extract", astronaut, {"Content-Type": "image/x-any"}).status == 400
    assert vendor.call("GET", "/v1/face/x").status == 404
    assert vendor.call("GET", "/v1/x").status == 404
