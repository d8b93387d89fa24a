"""Every error of the Oz API with a store: HTTP status, code, and the path of the wrong field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.platform.support import (
    EMAIL,
    HEADER,
    NOBODY,
    PASSWORD,
    Caller,
    Site,
    credentials,
    error,
    new_user,
    with_and_without_slash,
)

TOKEN_FREE = {"/api/healthcheck/", "/api/version/", "/api/authorize/auth/"}
READ = (
    *("/api/folders/", "/api/folders/{folder}/", "/api/folders/{folder}/media/", "/api/folders/{folder}/analyses/"),
    *("/api/media/{media}/", "/api/analyses/{analysis}/", "/api/users/", "/api/users/{user}/", "/api/companies/"),
    *("/api/companies/{company}/", "/api/config/", "/api/event_sessions/", "/api/folders/{folder}/meta_data/"),
    *("/api/media/{media}/meta_data/", "/api/analyses/{analysis}/meta_data/", "/api/users/{user}/meta_data/"),
)
WRITTEN = (
    *("POST /api/folders/", "PATCH /api/folders/{folder}/", "POST /api/folders/{folder}/media/"),
    *("POST /api/folders/{folder}/analyses/", "PATCH /api/media/{media}/", "PATCH /api/analyses/{analysis}/"),
    *("POST /api/folders/{folder}/meta_data/", "PATCH /api/users/{user}/meta_data/", "POST /api/users/"),
    *("PATCH /api/users/{user}/", "POST /api/users/{user}/change-password/", "POST /api/companies/"),
    *("PATCH /api/companies/{company}/", "POST /api/authorize/auth/", "POST /api/authorize/refresh/"),
)
DELETED = (
    *("/api/folders/{folder}/", "/api/folders/{folder}/pi/", "/api/folders/{folder}/media/{media}/"),
    *("/api/media/{media}/", "/api/analyses/{analysis}/", "/api/folders/{folder}/meta_data/", "/api/users/{user}/"),
    *("/api/companies/{company}/", "/api/authorize/"),
)


@pytest.fixture(scope="module")
def boss(site: Site) -> Caller:
    return site.user("CLIENT_ADMIN", site.company())


@pytest.fixture(scope="module")
def ids(boss: Caller, photo: bytes) -> dict[str, str]:
    """The ids of objects of one company."""
    folder = boss.upload({"p1": photo}, {"analyses": [{"type": "quality"}]})
    return {
        "folder": folder["folder_id"],
        "media": folder["media"][0]["media_id"],
        "analysis": folder["analyses"][0]["analysis_id"],
        "user": boss.user_id,
        "company": boss.company_id,
    }


@pytest.fixture(scope="module")
def foreign(site: Site, photo: bytes) -> dict[str, str]:
    """The ids of objects of another company."""
    other = site.user("CLIENT_ADMIN", site.company())
    folder = other.upload({"p1": photo}, {"analyses": [{"type": "quality"}]})
    return {
        "folder": folder["folder_id"],
        "media": folder["media"][0]["media_id"],
        "analysis": folder["analyses"][0]["analysis_id"],
        "user": other.user_id,
        "company": other.company_id,
    }


def calls() -> list[tuple[str, str]]:
    """(method, path) of every endpoint that needs a token."""
    rows = [("GET", path) for path in READ] + [("DELETE", path) for path in DELETED]
    rows += [(method, path) for method, _, path in (line.partition(" ") for line in WRITTEN)]
    return [row for row in rows if row[1] not in TOKEN_FREE]


@pytest.mark.parametrize(("method", "path"), calls())
def test_a_token_is_needed(site: Site, ids: Mapping[str, str], method: str, path: str) -> None:
    for spelling in with_and_without_slash(path.format_map(ids)):
        assert error(site.anyone.call(method, spelling)) == (401, 6, None)
        for token in (b"0" * 128, b"\xfc", b"a.b.c", b"x" * 4000):
            answer = site.anyone.call(method, spelling, {"expire_token": "x"}, {HEADER: token})
            assert error(answer)[:2] == (401, 7)


@pytest.mark.parametrize(("method", "path"), [call for call in calls() if "{" in call[1]])
def test_objects_of_others_and_unknown_ones(boss: Caller, foreign: Mapping[str, str], method: str, path: str) -> None:
    bodies = {
        "/analyses/": {"analyses": [{"type": "quality"}]},
        "/change-password/": {"new_password": PASSWORD},
        "/api/companies/{company}/": {"name": "new"},
    }
    body = next((body for end, body in bodies.items() if path.endswith(end)), {})
    assert error(boss.call(method, path.format_map(foreign), body)) == (403, 9, None)
    assert error(boss.call(method, path.format_map(dict.fromkeys(foreign, NOBODY)), body)) == (404, 10, None)
    for wrong in ("1", "null", NOBODY[:-1], NOBODY + "0", "..%2f", "%00", "é"):
        assert error(boss.call(method, path.format_map(dict.fromkeys(foreign, wrong)), body)) == (404, 10, None)


@pytest.mark.parametrize("line", WRITTEN)
def test_bodies_that_are_no_json(boss: Caller, ids: Mapping[str, str], line: str) -> None:
    method, _, path = line.partition(" ")
    if path.endswith("/media/"):  # a form
        assert error(boss.call(method, path.format_map(ids), b"x"))[:2] in ((400, 3), (400, 4))
        return
    for body in (b"x", b"[1]", b'"text"', b"1", b"null", b"{", b"\xff", b'{"a": NaN}', b'{"a": "\\u0000"}'):
        status, code, key_path = error(boss.call(method, path.format_map(ids), body))
        assert (status, code, key_path) in ((400, 3, "payload"), (400, 4, "a")), body


def test_methods(boss: Caller, ids: Mapping[str, str]) -> None:
    for path in READ:
        for spelling in with_and_without_slash(path.format_map(ids)):
            response = boss.call("PUT", spelling)
            assert error(response) == (405, 1, None)
            assert "GET" in response.headers["allow"].split(", ")
    assert error(boss.call("GET", "/api/nothing")) == (404, 10, None)


@pytest.mark.parametrize(
    "path",
    [
        "/api/collections",
        "/api/collections/x",
        "/api/collections/x/persons/y/images",
        "/api/media/{media}/snapshot",
        "/api/authorize/session_token",
    ],
)
def test_what_is_not_realized(boss: Caller, ids: Mapping[str, str], path: str) -> None:
    for spelling in with_and_without_slash(path.format_map(ids)):
        assert error(boss.call("GET", spelling)) == (501, 2, None)
    assert error(boss.call("POST", "/api/authorize/auth_restore/", {"email": EMAIL})) == (501, 2, None)


NO_FIELD, REFRESH = "Could not locate field for key_path {} from provided dict data", "/api/authorize/refresh"
LONG = "x" * 300
SIGN_IN = [
    ({}, (400, 3, "credentials")),
    ({"credentials": {}}, (400, 3, "credentials.email")),
    ({"credentials": {"email": EMAIL}}, (400, 3, "credentials.password")),
    ({"credentials": []}, (400, 5, "credentials")),
    ({"credentials": {"email": 1, "password": PASSWORD}}, (400, 5, "credentials.email")),
    (credentials(EMAIL, "wrong"), (401, 7, None)),
    (credentials("nobody@example.org"), (401, 7, None)),
    (credentials("\ud800"), (400, 4, "credentials")),
]


@pytest.mark.parametrize(("body", "expected"), SIGN_IN)
def test_signing_in(site: Site, body: Any, expected: tuple[int, int, str | None]) -> None:
    response = site.anyone.call("POST", "/api/authorize/auth", body)
    assert error(response) == expected
    if expected[1] == 3:
        assert response.json()["error_message"] == NO_FIELD.format(expected[2])


def test_blocked_users(site: Site, boss: Caller) -> None:
    blocked = site.user("CLIENT", boss.company_id)
    boss.patch(f"/api/users/{blocked.user_id}", {"is_active": False})
    assert error(site.anyone.call("POST", "/api/authorize/auth/", credentials(blocked.user["email"]))) == (
        401,
        1401,
        None,
    )
    assert error(blocked.call("GET", "/api/config/"))[0] == 401


def test_refreshing(site: Site, boss: Caller) -> None:
    response = boss.call("POST", REFRESH, {})
    assert (error(response), response.json()["error_message"]) == (
        (400, 3, "expire_token"),
        NO_FIELD.format("expire_token"),
    )
    response = boss.call("POST", REFRESH, {"expire_token": "none"})
    assert (error(response), response.json()["error_message"]) == ((401, 7, None), "Session not found")
    other = site.anyone.post("/api/authorize/auth/", credentials(EMAIL), 200)
    response = boss.call("POST", REFRESH, {"expire_token": other["expire_token"]})
    assert error(response) == (403, 9, None)
    assert response.json()["error_message"] == "You have not access to refresh this session"
    assert error(boss.call("POST", REFRESH, {"expire_token": 5})) == (400, 5, "expire_token")


FOLDER, ANALYSES, MEDIA, ANALYSIS = (
    "/api/folders/",
    "/api/folders/{folder}/analyses/",
    "/api/media/{media}/",
    "/api/analyses/{analysis}/",
)
BODIES: list[tuple[str, str, Any, tuple[int, int, str | None]]] = [
    ("POST", FOLDER, {"folder:meta_data": []}, (400, 5, "folder:meta_data")),
    ("POST", FOLDER, {"meta_data": 1}, (400, 5, "meta_data")),
    ("POST", FOLDER, {"resolution_endpoint": 1}, (400, 5, "resolution_endpoint")),
    ("POST", FOLDER, {"analyses": {}}, (400, 5, "analyses")),
    ("POST", FOLDER, {"analyses": [{"type": "quality"}]}, (400, 4, "analyses")),
    ("POST", FOLDER, {"analyses": [{"type": "documents"}]}, (501, 2, None)),
    ("POST", FOLDER, {"media:tags": {"a": "tag"}}, (400, 5, "media:tags.a")),
    ("PATCH", "/api/folders/{folder}/", {"operator_status": "MAYBE"}, (400, 4, "operator_status")),
    ("PATCH", "/api/folders/{folder}/", {"operator_status": 1}, (400, 5, "operator_status")),
    ("PATCH", "/api/folders/{folder}/", {"operator_comment": {}}, (400, 5, "operator_comment")),
    ("PATCH", "/api/folders/{folder}/", {"user_id": "x"}, (400, 4, "user_id")),
    ("PATCH", "/api/folders/{folder}/", {"user_id": NOBODY}, (400, 202, None)),
    ("POST", ANALYSES, {}, (400, 3, "analyses")),
    ("POST", ANALYSES, {"analyses": []}, (400, 4, "analyses")),
    ("POST", ANALYSES, {"analyses": [{}]}, (400, 3, "analyses[0].type")),
    ("POST", ANALYSES, {"analyses": [{"type": 1}]}, (400, 5, "analyses[0].type")),
    ("POST", ANALYSES, {"analyses": [{"type": "odd"}]}, (400, 4, "analyses[0].type")),
    ("POST", ANALYSES, {"analyses": [{"type": "quality"}] * 17}, (400, 4, "analyses")),
    ("POST", ANALYSES, {"analyses": [{"type": "COLLECTION"}]}, (501, 2, None)),
    ("POST", ANALYSES, {"analyses": [{"type": "documents"}]}, (501, 2, None)),
    (
        "POST",
        ANALYSES,
        {"analyses": [{"type": "quality", "source_media": [NOBODY]}]},
        (400, 4, "analyses[0].source_media[0]"),
    ),
    (
        "POST",
        ANALYSES,
        {"analyses": [{"type": "quality", "params": {"source_media": [NOBODY]}}]},
        (400, 4, "analyses[0].params.source_media[0]"),
    ),
    (
        "POST",
        ANALYSES,
        {"analyses": [{"type": "quality", "params": {"threshold_spoofing": 1.5}}]},
        (400, 4, "analyses[0].params.threshold_spoofing"),
    ),
    (
        "POST",
        ANALYSES,
        {"analyses": [{"type": "quality", "params": {"threshold_spoofing": "1"}}]},
        (400, 5, "analyses[0].params.threshold_spoofing"),
    ),
    ("PATCH", MEDIA, {"tags": "a"}, (400, 5, "tags")),
    ("PATCH", MEDIA, {"tags": [1]}, (400, 5, "tags[0]")),
    ("PATCH", ANALYSIS, {"resolution_operator": "OPERATOR_REQUIRED"}, (400, 4, "resolution_operator")),
    ("PATCH", ANALYSIS, {"comment": []}, (400, 5, "comment")),
    ("POST", "/api/folders/{folder}/meta_data/", {"a": "x" * 66_000}, (400, 3, "meta_data")),
    ("PATCH", "/api/users/{user}/", {"password": PASSWORD}, (400, 4, "password")),
    ("PATCH", "/api/users/{user}/", {"is_active": False}, (403, 9, None)),
    ("PATCH", "/api/users/{user}/", {"user_type": "KING"}, (400, 4, "user_type")),
    ("PATCH", "/api/users/{user}/", {"first_name": LONG}, (400, 4, "first_name")),
    ("PATCH", "/api/users/{user}/", {"is_active": 1}, (400, 5, "is_active")),
    ("PATCH", "/api/users/{user}/", {"can_start_analyse_quality": "yes"}, (400, 5, "can_start_analyse_quality")),
    ("POST", "/api/users/{user}/change-password/", {}, (400, 3, "new_password")),
    ("POST", "/api/users/{user}/change-password/", {"new_password": PASSWORD}, (400, 3, "old_password")),
    ("POST", "/api/users/{user}/change-password/", {"new_password": PASSWORD, "old_password": "x"}, (401, 7, None)),
    ("POST", "/api/users/{user}/change-password/", {"new_password": "short"}, (400, 4, "new_password")),
    ("POST", "/api/users/", {"profile": {}}, (400, 3, "credentials")),
    ("POST", "/api/users/", credentials("a@b.org"), (400, 3, "profile")),
    ("POST", "/api/users/", credentials("a@b.org") | {"profile": {}}, (400, 3, "profile.user_type")),
    ("POST", "/api/users/", new_user("CLIENT"), (400, 3, "profile.company_id")),
    ("POST", "/api/users/", new_user("CLIENT", "x"), (400, 4, "profile.company_id")),
    ("POST", "/api/users/", new_user("CLIENT", NOBODY), (403, 9, None)),
    ("POST", "/api/users/", new_user("OPERATOR"), (403, 9, None)),
    ("POST", "/api/users/", new_user("CLIENT", first_name=1), (400, 5, "profile.first_name")),
    ("POST", "/api/companies/", {"name": "new"}, (403, 9, None)),
    ("PATCH", "/api/companies/{company}/", {"name": 5}, (400, 5, "name")),
    ("PATCH", "/api/companies/{company}/", {"name": ""}, (400, 4, "name")),
    ("DELETE", "/api/companies/{company}/", None, (400, 202, None)),
]


@pytest.mark.parametrize(("method", "path", "body", "expected"), BODIES)
def test_wrong_bodies(
    boss: Caller, ids: Mapping[str, str], method: str, path: str, body: Any, expected: tuple[int, int, str | None]
) -> None:
    response = boss.call(method, path.format_map(ids), body)
    assert error(response) == expected
    if expected[1] == 3 and expected[2] != "meta_data":
        assert response.json()["error_message"] == NO_FIELD.format(expected[2])
    if expected[1] == 5:
        assert response.json()["error_message"] == f"Invalid data type for param {expected[2]}"


def test_the_system_company_and_names_that_are_taken(site: Site, boss: Caller) -> None:
    admin = site.admin
    name = boss.get(f"/api/companies/{boss.company_id}")["name"]
    assert error(admin.call("POST", "/api/companies/", {"name": name})) == (400, 13, "name")
    taken = new_user("CLIENT", boss.company_id) | credentials(boss.user["email"].upper())
    assert error(boss.call("POST", "/api/users/", taken))[:2] == (400, 13)
    assert error(admin.call("DELETE", f"/api/companies/{admin.company_id}")) == (400, 202, None)
    gone = site.company()
    admin.delete(f"/api/companies/{gone}/")
    assert error(admin.call("POST", "/api/users/", new_user("CLIENT", gone)))[:2] in ((400, 202), (404, 10))


def test_forms(boss: Caller, ids: Mapping[str, str], photo: bytes, video: bytes) -> None:
    before = boss.get("/api/folders/?limit=0")["total_count"]
    for path in (FOLDER, f"/api/folders/{ids['folder']}/media/"):
        assert error(boss.form(path, {"x": b"junk"}))[:2] == (400, 4)
        assert error(boss.form(path, {"x": photo, "v": video[:-2000][:3000]}))[:2] == (400, 4)
        assert error(boss.form(path, {"x": photo}, []))[1:] == (3, "payload")
        assert error(boss.form(path, {"x": photo}, {"media:tags": {"x": 1}})) == (400, 5, "media:tags.x")
        assert error(boss.form(path, {f"p{n}": photo for n in range(11)}))[:2] == (400, 4)
        assert error(boss.form(path, {"x": b"\xff\xd8\xff" + b"0" * (15 * 2**20 + 1)}))[:2] == (400, 4)
    assert error(boss.form(path, {}, {"media:tags": {}})) == (400, 4, "media")
    payload = {"analyses": [{"type": "quality", "source_media": ["absent"]}]}
    assert error(boss.form(FOLDER, {"x": photo}, payload))[1:] == (4, "analyses[0].source_media[0]")
    unfinished = b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n' + photo
    assert error(boss.call("POST", FOLDER, unfinished, {"Content-Type": "multipart/form-data; boundary=b"}))[:2] == (
        400,
        4,
    )
    assert error(boss.call("POST", FOLDER, b"sealed", {"Content-Type": "application/octet-stream"}))[:2] == (400, 3)
    assert boss.get("/api/folders/?limit=0")["total_count"] == before
    assert len(boss.get(f"/api/folders/{ids['folder']}/media/")) == 1


def test_rights_to_start_analyses(site: Site, boss: Caller, photo: bytes) -> None:
    limited = site.user("CLIENT_SERVICE", boss.company_id, can_start_analysis_biometry=False)
    before = limited.get("/api/folders/?limit=0")["total_count"]
    wanted = {"analyses": [{"type": "biometry"}]}
    assert error(limited.form(FOLDER, {"a": photo, "b": photo}, wanted)) == (403, 9, None)
    assert limited.get("/api/folders/?limit=0")["total_count"] == before
    folder = limited.upload({"a": photo, "b": photo})
    assert error(limited.call("POST", f"{FOLDER}{folder['folder_id']}/analyses/", wanted)) == (403, 9, None)
    assert limited.analyse(folder["folder_id"], {"type": "quality"})


def test_cleared_folders(boss: Caller, photo: bytes) -> None:
    one = f"/api/folders/{boss.upload({'p': photo})['folder_id']}"
    boss.delete(f"{one}/pi/")
    assert error(boss.form(f"{one}/media/", {"p": photo})) == (400, 202, None)
    assert error(boss.call("POST", f"{one}/analyses/", {"analyses": [{"type": "quality"}]})) == (400, 202, None)


def test_media_of_another_folder(boss: Caller, ids: Mapping[str, str], photo: bytes) -> None:
    other = boss.upload({"p": photo})
    path = f"/api/folders/{other['folder_id']}"
    assert error(boss.call("DELETE", f"{path}/media/{ids['media']}/")) == (404, 10, None)
    body = {"analyses": [{"type": "quality", "source_media": [ids["media"]]}]}
    assert error(boss.call("POST", f"{path}/analyses/", body)) == (400, 4, "analyses[0].source_media[0]")


def test_unknown_keys_and_parameters(boss: Caller, photo: bytes) -> None:
    made = boss.post("/api/folders/?odd=1", {"odd": {"a": 1}, "meta_data": {"b": 1}})
    assert made["meta_data"] == {"b": 1}
    labelled = boss.call("POST", FOLDER, b"", {"Content-Type": "application/x-www-form-urlencoded"})
    assert (labelled.status_code, labelled.json()["meta_data"]) == (201, {})
    utf16 = json.dumps({"meta_data": {}}).encode("utf-16")
    assert error(boss.call("POST", FOLDER, utf16)) == (400, 3, "payload")
