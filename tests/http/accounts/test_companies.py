"""Companies, the audit log, and what methods the paths of accounts take, over HTTP."""

from __future__ import annotations

import time

import pytest

from tests.http.accounts.support import (
    NOBODY,
    Client,
    as_user,
    creation,
    error,
    new_user,
    numbers,
)


def test_companies(admin: Client, company: str) -> None:
    name = f"Bank {next(numbers)}"
    made = admin.post("/api/companies", {"name": name})
    assert made == {
        "company_id": made["company_id"],
        "name": name,
        "in_deletion": False,
        "technical_meta_data": {},
    }
    assert list(made) == ["company_id", "name", "in_deletion", "technical_meta_data"]
    path = f"/api/companies/{made['company_id']}"
    assert admin.get(path) == made
    assert admin.get(f"/api/companies/?search_text={name.lower().replace(' ', '%20')}")["items"] == [made]
    assert admin.patch(path, {"name": f"{name} renamed"})["name"] == f"{name} renamed"
    assert error(admin.call("POST", "/api/companies/", {"name": f"{name} renamed"})) == (400, 13, "name")
    assert error(admin.call("POST", "/api/companies/", {})) == (400, 3, "name")
    assert error(admin.call("POST", "/api/companies/", {"name": 5})) == (400, 5, "name")
    assert error(admin.call("PATCH", path, {"name": ""})) == (400, 4, "name")
    client = as_user(admin, company, "CLIENT")
    assert error(client.call("GET", path)) == (403, 9, None)
    assert error(client.call("POST", "/api/companies/", {"name": "mine"})) == (403, 9, None)
    assert [item["company_id"] for item in client.get("/api/companies/")["items"]] == [company]
    system = admin.get("/api/companies/?name=system_company")["items"][0]
    assert error(admin.call("DELETE", f"/api/companies/{system['company_id']}")) == (400, 202, None)


def test_a_company_is_deleted_with_its_users(admin: Client) -> None:
    company = admin.post("/api/companies", {"name": f"company {next(numbers)}"})["company_id"]
    boss = as_user(admin, company, "CLIENT_ADMIN")
    assert error(boss.call("DELETE", f"/api/companies/{company}")) == (400, 202, None)
    assert boss.call("DELETE", f"/api/companies/{company}/?confirm=true").status == 204
    body = creation(company, "CLIENT")
    deadline = time.monotonic() + 30
    while (response := admin.call("GET", f"/api/companies/{company}")).status == 200:
        assert response.json()["in_deletion"] is True
        assert error(admin.call("POST", "/api/users/", body))[:2] in ((400, 202), (404, 10))
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert error(response) == (404, 10, None)
    assert error(boss.call("GET", "/api/users/")) == (401, 7, None)
    assert admin.get(f"/api/users/?company_id={company}")["total_count"] == 0


def test_audit_log(admin: Client) -> None:
    company = admin.post("/api/companies", {"name": f"company {next(numbers)}"})["company_id"]
    boss, user = as_user(admin, company, "CLIENT_ADMIN"), new_user(admin, company, "CLIENT")
    before = time.time()
    admin.patch(f"/api/users/{user['user_id']}", {"first_name": "Eve"})
    me = admin.get("/api/sessions/")["items"][0]["user_id"]
    page = boss.get(f"/api/audit/?action=user.update&object=user&user_id={me}&time.min={before}")
    assert page["total_count"] == 1
    (entry,) = page["items"]
    assert list(entry) == ["time", "company_id", "user_id", "action", "object", "object_id", "address", "details"]
    assert entry["details"] == {"fields": ["first_name"]}
    assert (entry["object_id"], entry["company_id"]) == (user["user_id"], company)
    assert entry["address"] == "127.0.0.1"
    assert boss.get(f"/api/audit?time.max={before}&action=user.update")["items"] == []
    assert admin.get("/api/audit/")["total_count"] > boss.get("/api/audit/")["total_count"]
    assert error(as_user(admin, company, "CLIENT").call("GET", "/api/audit/")) == (403, 9, None)
    assert error(as_user(admin, None, "OPERATOR").call("GET", "/api/audit/")) == (403, 9, None)


PATHS = [
    ("/api/authorize/auth", "POST"),
    ("/api/authorize/refresh", "POST"),
    ("/api/authorize", "DELETE"),
    ("/api/users", "POST, GET, HEAD"),
    (f"/api/users/{NOBODY}", "GET, HEAD, PATCH, DELETE"),
    (f"/api/users/{NOBODY}/change-password", "POST"),
    (f"/api/users/{NOBODY}/meta_data", "GET, HEAD, POST, PATCH, DELETE"),
    ("/api/companies", "POST, GET, HEAD"),
    (f"/api/companies/{NOBODY}", "GET, HEAD, PATCH, DELETE"),
    ("/api/sessions", "GET, HEAD"),
    (f"/api/sessions/{NOBODY}", "DELETE"),
    ("/api/audit", "GET, HEAD"),
]


@pytest.mark.parametrize(("path", "allowed"), PATHS)
def test_other_methods(admin: Client, path: str, allowed: str) -> None:
    for slash in ("", "/"):
        response = admin.call("PUT", path + slash)
        assert error(response) == (405, 1, None)
        assert response.headers["allow"] == allowed
