"""Signing in and out, refreshing, service tokens and sessions over HTTP, as the Oz API has them."""

from __future__ import annotations

import base64
import itertools
import json
import time

import pytest

from tests.http.accounts.support import (
    EMAIL,
    NOBODY,
    PASSWORD,
    USER_FIELDS,
    Client,
    as_user,
    error,
    new_user,
    signed_in,
)
from tests.support_server import Server


def test_sign_in(kept: Server) -> None:
    document = signed_in(kept, EMAIL.upper())
    assert list(document) == ["user", "token_id", "access_token", "expire_token", "expire_date", "session_id"]
    assert list(document["user"]) == USER_FIELDS
    assert document["user"]["user_type"] == "ADMIN"
    assert document["user"]["is_admin"] is True
    assert document["session_id"] == 0
    assert len(bytes.fromhex(document["expire_token"])) == 64
    assert isinstance(document["expire_date"], float)
    assert abs(document["expire_date"] - time.time() - 900) < 60
    claims = document["access_token"].split(".")[1]
    payload = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert payload["jti"] == document["token_id"]
    assert payload["sub"] == document["user"]["user_id"]
    assert payload["exp"] == int(document["expire_date"])


def test_sign_in_as_curl_labels_it(kept: Server) -> None:
    """A script of the vendor sends the body labelled as a form, and finds the token by its text."""
    body = f'{{ "credentials": {{ "email": "{EMAIL}", "password": "{PASSWORD}" }}}}'
    labelled = {"Content-Type": "application/x-www-form-urlencoded"}
    response = kept.call("POST", "/api/authorize/auth", body, labelled)
    assert response.status == 200
    assert b'"access_token": "' in response.body
    body = body.replace(PASSWORD, "wrong")
    assert kept.call("POST", "/api/authorize/auth", body, labelled).body.startswith(b'{"error_code": 7, ')


WRONG_SIGN_INS = [
    (b"", (400, 3, "credentials")),
    (b"{}", (400, 3, "credentials")),
    (b"not JSON", (400, 3, "payload")),
    (b"[]", (400, 3, "payload")),
    (b'{"credentials": {}}', (400, 3, "credentials.email")),
    (b'{"credentials": {"email": "a@b"}}', (400, 3, "credentials.password")),
    (b'{"credentials": 5}', (400, 5, "credentials")),
    (b'{"credentials": {"email": 5, "password": "x"}}', (400, 5, "credentials.email")),
    (b'{"credentials": {"email": "a@b", "password": null}}', (400, 5, "credentials.password")),
    (b'{"credentials": {"email": "a@b", "password": "\\ud800"}}', (400, 4, "credentials")),
    (b'{"credentials": {"email": "a\\u0000@b", "password": "x"}}', (400, 4, "credentials")),
    (b'{"credentials": {"email": "a@b", "password": "x"}}', (401, 7, None)),
    (b'{"credentials": {"email": "admin@example.org", "password": "x"}, "more": 1}', (401, 7, None)),
]


@pytest.mark.parametrize(("body", "expected"), WRONG_SIGN_INS)
def test_wrong_sign_ins(kept: Server, body: bytes, expected: tuple[int, int, str | None]) -> None:
    assert error(Client(kept).call("POST", "/api/authorize/auth/", body)) == expected


def test_a_blocked_user(admin: Client, company: str) -> None:
    user = new_user(admin, company, "CLIENT")
    client = Client(admin.server, signed_in(admin.server, user["email"])["access_token"])
    assert client.call("GET", "/api/users/").status == 200
    admin.patch(f"/api/users/{user['user_id']}", {"is_active": False})
    assert error(client.call("GET", "/api/users/")) == (401, 7, None)
    body = {"credentials": {"email": user["email"], "password": PASSWORD}}
    assert error(client.call("POST", "/api/authorize/auth", body)) == (401, 1401, None)


def test_tokens(kept: Server) -> None:
    assert error(Client(kept).call("GET", "/api/users/")) == (401, 6, None)
    for token in ("x", "e30.e30.e30", "x" * 5000):
        assert error(Client(kept, token).call("GET", "/api/users/")) == (401, 7, None)


def test_refresh(kept: Server, admin: Client) -> None:
    old = signed_in(kept)
    client = Client(kept, old["access_token"])
    missing = client.call("POST", "/api/authorize/refresh/", {})
    assert error(missing) == (400, 3, "expire_token")
    assert missing.json()["error_message"] == "Could not locate field for key_path expire_token from provided dict data"
    unknown = client.call("POST", "/api/authorize/refresh/", {"expire_token": "x"})
    assert error(unknown) == (401, 7, None)
    assert unknown.json()["error_message"] == "Session not found"
    body = {"expire_token": old["expire_token"]}
    assert error(Client(kept).call("POST", "/api/authorize/refresh", body)) == (401, 6, None)
    stranger = as_user(admin, None, "OPERATOR").call("POST", "/api/authorize/refresh", body)
    assert error(stranger) == (403, 9, None)
    assert stranger.json()["error_message"] == "You have not access to refresh this session"
    new = client.post("/api/authorize/refresh", body, 200)
    assert list(new) == list(old)
    assert client.call("GET", "/api/users/").status == 200
    assert Client(kept, new["access_token"]).call("GET", "/api/users/").status == 200
    assert error(client.call("GET", "/api/users/")) == (401, 7, None)


def test_sign_out(kept: Server) -> None:
    client = Client(kept, signed_in(kept)["access_token"])
    response = client.call("DELETE", "/api/authorize/")
    assert (response.status, response.body) == (204, b"")
    assert error(client.call("DELETE", "/api/authorize")) == (401, 7, None)


def test_service_tokens(admin: Client, company: str) -> None:
    service, client = new_user(admin, company, "CLIENT_SERVICE"), new_user(admin, company, "CLIENT")
    path = f"/api/authorize/service_token/{service['user_id']}"
    for method, slash in itertools.product(("GET", "POST"), ("", "/")):
        document = admin.call(method, path + slash).json()
        assert list(document) == ["token_id", "user_id", "access_token", "expire_date", "session_id"]
        assert document["user_id"] == service["user_id"]
        assert document["session_id"] == 0
        assert abs(document["expire_date"] - time.time() - 157_680_000) < 60
    own = Client(admin.server, document["access_token"])
    for method, slash in itertools.product(("GET", "POST"), ("", "/")):
        assert own.call(method, f"/api/authorize/service_token{slash}").json()["user_id"] == service["user_id"]
    assert own.call("GET", path).status == 200
    assert error(admin.call("GET", "/api/authorize/service_token")) == (403, 9, None)
    assert error(admin.call("GET", f"/api/authorize/service_token/{client['user_id']}")) == (403, 9, None)
    assert error(admin.call("GET", f"/api/authorize/service_token/{NOBODY}")) == (404, 10, None)
    assert error(admin.call("GET", "/api/authorize/service_token/x")) == (404, 10, None)


def test_what_is_not_realized(kept: Server) -> None:
    client = Client(kept)
    assert error(client.call("POST", "/api/authorize/auth_restore/", {})) == (501, 2, None)
    assert error(client.call("GET", "/api/authorize/session_token")) == (501, 2, None)


def test_sessions(kept: Server, admin: Client, company: str) -> None:
    user = new_user(admin, company, "CLIENT")
    one, other = (signed_in(kept, user["email"]) for _ in range(2))
    client = Client(kept, one["access_token"])
    page = client.get("/api/sessions/")
    assert [session["token_id"] for session in page["items"]] == [other["token_id"], one["token_id"]]
    assert [session["is_current"] for session in page["items"]] == [False, True]
    assert admin.get(f"/api/sessions/?user_id={user['user_id']}")["total_count"] == 2
    boss = as_user(admin, company, "CLIENT_ADMIN")
    assert boss.get(f"/api/sessions?user_id={user['user_id']}")["total_count"] == 2
    stranger = as_user(admin, company, "CLIENT")
    assert error(stranger.call("GET", f"/api/sessions?user_id={user['user_id']}")) == (403, 9, None)
    assert error(stranger.call("DELETE", f"/api/sessions/{one['token_id']}")) == (403, 9, None)
    assert client.call("DELETE", f"/api/sessions/{other['token_id']}").status == 204
    assert error(Client(kept, other["access_token"]).call("GET", "/api/sessions/")) == (401, 7, None)
    assert boss.call("DELETE", f"/api/sessions/{one['token_id']}/").status == 204
    assert error(client.call("GET", "/api/sessions/")) == (401, 7, None)
    assert error(admin.call("DELETE", f"/api/sessions/{one['token_id']}")) == (404, 10, None)
    assert error(admin.call("GET", "/api/sessions?user_id=x")) == (400, 4, "user_id")


def test_failed_sign_ins_are_throttled(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("store")
    with Server(store=str(folder), admin_email=EMAIL, admin_password=PASSWORD) as server:
        client, wrong = Client(server), {"credentials": {"email": EMAIL, "password": "wrong"}}
        for _ in range(5):
            assert error(client.call("POST", "/api/authorize/auth", wrong)) == (401, 7, None)
        right = {"credentials": {"email": EMAIL, "password": PASSWORD}}
        response = client.call("POST", "/api/authorize/auth", right)
        assert error(response) == (429, 101, None)
        assert response.headers["retry-after"] == "60"
