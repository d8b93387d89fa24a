"""Any JSON, form or header that a client sends: it is never an error of the server, and never a hang."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.platform.support import HEADER, NOBODY, PASSWORD, Caller, Site, error

FIELDS = (
    *("analyses", "type", "source_media", "params", "meta_data", "folder:meta_data", "media:meta_data", "media:tags"),
    *("resolution_endpoint", "threshold_spoofing", "threshold_min", "threshold_max", "extract_best_shot", "tags"),
    *("operator_status", "operator_comment", "user_id", "resolution_operator", "comment", "credentials", "email"),
    *("password", "profile", "first_name", "last_name", "middle_name", "user_type", "company_id", "is_active"),
    *("is_admin", "is_service", "can_start_analysis_quality", "name", "old_password", "expire_token", "image", "video"),
)
WORDS = (
    *("quality", "BIOMETRY", "SUCCESS", "CLIENT", NOBODY, PASSWORD, "a@b.org", "", "\0", "a\0b", "\ud800", "\udfff x"),
    *("\ufffe", "\U0010ffff", "x" * 5000, "' OR 1=1 --", "%s%n{0}", "../../etc/passwd", "http://[", "://", "\u202e"),
    *("http://example.org/\n", "nan", "{", "\\", "\x7f\x1b"),
)
NUMBERS = (0, -1, 1, 0.5, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 1e308, -0.0, 5e-324, float("inf"), float("nan"))
ATOMS = st.one_of(st.none(), st.booleans(), st.sampled_from(NUMBERS), st.sampled_from(WORDS), st.text(max_size=8))
KEYS = st.one_of(st.sampled_from(FIELDS), st.sampled_from(WORDS))
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=12,
)
BODIES = st.dictionaries(KEYS, VALUES, max_size=6)
CALLS = (
    *("POST /api/folders/", "PATCH /api/folders/{folder}/", "POST /api/folders/{folder}/analyses/"),
    *("PATCH /api/media/{media}/", "PATCH /api/analyses/{analysis}/", "POST /api/folders/{folder}/meta_data/"),
    *("PATCH /api/media/{media}/meta_data/", "POST /api/analyses/{analysis}/meta_data/", "POST /api/users/"),
    *("PATCH /api/users/{peer}/", "POST /api/users/{peer}/change-password/", "PATCH /api/users/{peer}/meta_data/"),
    *("PATCH /api/companies/{company}/", "PATCH /api/companies/{company}/retention/", "POST /api/companies/"),
    *("POST /api/authorize/auth/", "POST /api/authorize/refresh/", "POST /api/instant/folders/"),
)
same_site = settings(
    max_examples=250, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def boss(site: Site) -> Caller:
    return site.user("CLIENT_ADMIN", site.company())


@pytest.fixture(scope="module")
def ids(site: Site, boss: Caller, photo: bytes) -> dict[str, str]:
    folder = boss.upload({"p": photo}, {"analyses": [{"type": "quality"}]})
    return {
        "folder": folder["folder_id"],
        "media": folder["media"][0]["media_id"],
        "analysis": folder["analyses"][0]["analysis_id"],
        "peer": site.user("CLIENT", boss.company_id).user_id,
        "company": boss.company_id,
    }


def is_no_fault(status: int) -> bool:
    return status < 500 or status == 501


@same_site
@given(line=st.sampled_from(CALLS), body=BODIES)
def test_any_json(site: Site, boss: Caller, ids: dict[str, str], line: str, body: Any) -> None:
    method, _, path = line.partition(" ")
    for caller in (boss, site.admin):
        answer = caller.call(method, path.format_map(ids), json.dumps(body).encode())
        assert is_no_fault(answer.status_code), answer.text
        if answer.status_code >= 400 and "instant" not in path:
            error(answer)


@pytest.mark.parametrize("line", CALLS)
def test_deep_and_long_json(boss: Caller, ids: dict[str, str], line: str) -> None:
    method, _, path = line.partition(" ")
    for body in (
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"meta_data": ' + b'{"a": ' * 70 + b"1" + b"}" * 71,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"meta_data": {"a": ' + b"9" * 4000 + b"}}",
        b'{"meta_data": {"a": 1e400}}',
        b'{"meta_data": {"a": 1, "a": 2}, "a": "\\ud83d"}',
        b'{"name": "\\u0000", "credentials": {"email": "a\\u0000@b.org", "password": "\\u0000"}}',
        b"{" + b" " * 300_000 + b"}",
        b'{"a": "' + b"\xed\xa0\x80" + b'"}',
    ):
        answer = boss.call(method, path.format_map(ids), body)
        assert is_no_fault(answer.status_code), answer.text


NAMES = (
    b"a\0b",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"x" * 5000,
    b"..\\..\\a",
    b"../../a",
    b"%00",
    b'\\"',
    b"payload\0",
    b"",
    "\u202e".encode(),
)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_parts_and_files(boss: Caller, ids: dict[str, str], photo: bytes, name: bytes) -> None:
    for field, filename in ((name, b"p.jpg"), (b"p", name), (name, name)):
        head = b'Content-Disposition: form-data; name="' + field + b'"; filename="' + filename + b'"'
        for extra in (b"", b"\r\nContent-Type: \xff", b"\r\nContent-Transfer-Encoding: base64"):
            body = b"--b\r\n" + head + extra + b"\r\n\r\n" + photo + b"\r\n--b--\r\n"
            for path in ("/api/folders/", f"/api/folders/{ids['folder']}/media/"):
                answer = boss.call("POST", path, body, {"Content-Type": "multipart/form-data; boundary=b"})
                assert answer.status_code in (201, 400), answer.text
    for found in boss.get("/api/folders/?limit=3")["items"]:
        assert all("\0" not in item["original_name"] for item in found["media"])


@same_site
@given(payload=BODIES)
def test_any_payload_of_a_form(boss: Caller, photo: bytes, payload: Any) -> None:
    answer = boss.form("/api/folders/", {"x": b"\xff\xd8\xff" + photo[:50]}, payload)
    assert is_no_fault(answer.status_code), answer.text
    error(answer)


@pytest.mark.parametrize("token", [b"\x80", b"a" * 7000, b"a.b.c", b"null", b"'", b"\xed\xa0\x80"])
def test_tokens(site: Site, boss: Caller, ids: dict[str, str], token: bytes) -> None:
    for name in (HEADER, "Authorization", "X-API-Key"):
        value = b"Bearer " + token if name == "Authorization" else token
        answer = site.anyone.call("GET", "/api/folders/", headers={name: value})
        assert error(answer)[0] == 401
    path = f"/static/{ids['folder']}/{'0' * 32}.jpg?token="
    for text in ("%00", "1.2.3", "9" * 400, "..", "%ff.%ff.%ff", f"99999999999.{boss.user_id}.x", "%ED%A0%80.a.b"):
        assert error(site.anyone.call("GET", path + text))[0] == 401
