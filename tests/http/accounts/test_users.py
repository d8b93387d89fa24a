"""Users over HTTP: every field, every error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.http.accounts.support import (
    EMAIL,
    NOBODY,
    PASSWORD,
    USER_FIELDS,
    Client,
    as_user,
    creation,
    error,
    new_user,
    numbers,
    signed_in,
)
from tests.support_server import Server


def test_create_read_change_and_delete_a_user(admin: Client, company: str) -> None:
    body = creation(company, "CLIENT", middle_name="Middle", meta_data={"a": [1, None]})
    body["profile"]["can_start_analysis_documents"] = False
    user = admin.post("/api/users", body)
    assert list(user) == USER_FIELDS
    assert user == {
        "user_id": user["user_id"],
        "user_type": "CLIENT",
        "company_id": company,
        "email": body["credentials"]["email"],
        "first_name": "Ann",
        "last_name": "Lee",
        "middle_name": "Middle",
        "is_active": True,
        "is_admin": False,
        "is_service": False,
        "can_start_analysis_biometry": True,
        "can_start_analysis_collection": True,
        "can_start_analysis_documents": False,
        "can_start_analysis_quality": True,
        "meta_data": {"a": [1, None]},
        "technical_meta_data": {},
    }
    path = f"/api/users/{user['user_id']}"
    assert admin.get(path) == admin.get(path.upper().replace("/API/USERS", "/api/users")) == user
    with_company = admin.get(f"{path}/?with_company=true")
    assert with_company.pop("company")["company_id"] == company
    assert with_company == user
    flat = {"first_name": "Eve", "meta_data": {"b": 1}, "can_start_analyse_documents": True}
    assert admin.patch(path, flat) == user | {
        "first_name": "Eve",
        "meta_data": {"b": 1},
        "can_start_analysis_documents": True,
    }
    nested = admin.patch(path, {"profile": {"last_name": "May", "is_active": False}})
    assert (nested["last_name"], nested["is_active"], nested["first_name"]) == ("May", False, "Eve")
    assert admin.patch(path, nested) == nested, "what was read can be sent back"
    assert admin.call("DELETE", path).status == 204
    assert error(admin.call("GET", path)) == (404, 10, None)


@pytest.mark.parametrize(
    ("profile", "role"),
    [
        ({"user_type": "CLIENT"}, "CLIENT"),
        ({"user_type": "CLIENT", "is_service": True}, "CLIENT_SERVICE"),
        ({"user_type": "CLIENT", "is_admin": True}, "CLIENT_ADMIN"),
        ({"user_type": "CLIENT", "is_admin": False, "is_service": None}, "CLIENT"),
        ({"user_type": "CLIENT ADMIN"}, "CLIENT_ADMIN"),
        ({"user_type": "client operator"}, "CLIENT_OPERATOR"),
        ({"user_type": "CLIENT_ADMIN", "is_admin": False}, "CLIENT_ADMIN"),
        ({"user_type": "OPERATOR", "company_id": None}, "OPERATOR"),
        ({"user_type": "ADMIN", "is_admin": True}, "ADMIN"),
    ],
)
def test_roles_in_both_spellings(admin: Client, company: str, profile: dict[str, Any], role: str) -> None:
    user = admin.post("/api/users/", creation(**{"company_id": company, **profile}))
    assert user["user_type"] == role
    assert user["is_admin"] is (role in ("ADMIN", "CLIENT_ADMIN"))
    assert user["is_service"] is (role == "CLIENT_SERVICE")
    system = admin.get("/api/companies/?name=system_company")["items"][0]["company_id"]
    assert user["company_id"] == (system if role in ("ADMIN", "OPERATOR") else company)


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("CLIENT_ADMIN", {"user_type": "CLIENT"}, "CLIENT"),
        ("CLIENT_ADMIN", {"is_admin": False}, "CLIENT"),
        ("CLIENT", {"is_admin": True}, "CLIENT_ADMIN"),
        ("CLIENT", {"is_service": True}, "CLIENT_SERVICE"),
        ("CLIENT_SERVICE", {"is_service": False}, "CLIENT"),
        ("CLIENT_OPERATOR", {"is_admin": False, "is_service": False}, "CLIENT_OPERATOR"),
    ],
)
def test_changes_of_the_role(admin: Client, company: str, before: str, change: dict[str, Any], after: str) -> None:
    user = new_user(admin, company, before)
    assert admin.patch(f"/api/users/{user['user_id']}", change)["user_type"] == after


def without(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        *parents, name = path
        for parent in parents:
            body = body[parent]
        del body[name]

    return change


def having(name: str, value: Any, parent: str = "profile") -> Callable[[dict[str, Any]], None]:
    return lambda body: body[parent].update({name: value})


WRONG_CREATIONS = [
    (without("credentials"), (400, 3, "credentials")),
    (without("credentials", "email"), (400, 3, "credentials.email")),
    (without("credentials", "password"), (400, 3, "credentials.password")),
    (without("profile"), (400, 3, "profile")),
    (without("profile", "user_type"), (400, 3, "profile.user_type")),
    (without("profile", "first_name"), (400, 3, "profile.first_name")),
    (without("profile", "last_name"), (400, 3, "profile.last_name")),
    (without("profile", "company_id"), (400, 3, "profile.company_id")),
    (having("user_type", "BOSS"), (400, 4, "profile.user_type")),
    (having("user_type", 5), (400, 5, "profile.user_type")),
    (having("company_id", "x"), (400, 4, "profile.company_id")),
    (having("company_id", NOBODY), (404, 10, None)),
    (having("company_id", 5), (400, 5, "profile.company_id")),
    (having("first_name", None), (400, 5, "profile.first_name")),
    (having("is_admin", "yes"), (400, 5, "profile.is_admin")),
    (having("can_start_analysis_quality", 1), (400, 5, "profile.can_start_analysis_quality")),
    (having("can_start_analyse_quality", None), (400, 5, "profile.can_start_analyse_quality")),
    (having("meta_data", []), (400, 5, "profile.meta_data")),
    (having("meta_data", {"a": "b" * 70_000}), (400, 3, "meta_data")),
    (having("meta_data", {"a": "\0"}), (400, 4, "profile")),
    (having("email", "not an email", "credentials"), (400, 4, "credentials.email")),
    (having("email", "ADMIN@example.org", "credentials"), (400, 13, "email")),
    (having("password", "short", "credentials"), (400, 4, "credentials.password")),
]


@pytest.mark.parametrize(("change", "expected"), WRONG_CREATIONS)
def test_wrong_creations(
    admin: Client, company: str, change: Callable[[dict[str, Any]], None], expected: tuple[int, int, str | None]
) -> None:
    body = creation(company, "CLIENT")
    change(body)
    assert error(admin.call("POST", "/api/users/", body)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"password": "another password"}, (400, 4, "password")),
        ({"profile": {"password": "another password"}}, (400, 4, "profile.password")),
        ({"credentials": {"password": "another password"}}, (400, 4, "credentials")),
        ({"user_type": "BOSS"}, (400, 4, "user_type")),
        ({"profile": {"user_type": "BOSS"}}, (400, 4, "profile.user_type")),
        ({"profile": []}, (400, 5, "profile")),
        ({"is_active": None}, (400, 5, "is_active")),
        ({"company_id": NOBODY}, (404, 10, None)),
        ({"email": "x"}, (400, 4, "email")),
        ({"email": EMAIL}, (400, 13, "email")),
    ],
)
def test_wrong_changes(admin: Client, company: str, body: dict[str, Any], expected: tuple[int, int, str]) -> None:
    user = new_user(admin, company, "CLIENT")
    path = f"/api/users/{user['user_id']}"
    assert error(admin.call("PATCH", path, body)) == expected
    assert admin.get(path) == user


def test_the_own_account(kept: Server, admin: Client, company: str) -> None:
    user = new_user(admin, company, "CLIENT")
    client, path = Client(kept, signed_in(kept, user["email"])["access_token"]), f"/api/users/{user['user_id']}"
    assert client.patch(path, {"first_name": "Eve"})["first_name"] == "Eve"
    for change in (
        {"is_admin": True},
        {"user_type": "ADMIN"},
        {"is_active": False},
        {"can_start_analysis_quality": False},
    ):
        assert error(client.call("PATCH", path, change)) == (403, 9, None)
    new = {"old_password": PASSWORD, "new_password": "another password"}
    short, unproven = new | {"new_password": "x"}, {"new_password": new["new_password"]}
    assert error(client.call("POST", f"{path}/change-password", {})) == (400, 3, "new_password")
    assert error(client.call("POST", f"{path}/change-password", unproven)) == (
        400,
        3,
        "old_password",
    )
    wrong = client.call("POST", f"{path}/change-password/", new | {"old_password": "wrong"})
    assert error(wrong) == (401, 7, None)
    assert error(client.call("POST", f"{path}/change-password", short)) == (
        400,
        4,
        "new_password",
    )
    assert client.post(f"{path}/change-password", new, 200)["user_id"] == user["user_id"]
    assert error(client.call("GET", path)) == (401, 7, None)
    assert signed_in(kept, user["email"], "another password")["user"]["first_name"] == "Eve"


def test_metadata_of_users(admin: Client, company: str) -> None:
    user = new_user(admin, company, "CLIENT")
    path = f"/api/users/{user['user_id']}/meta_data"
    assert admin.get(path) == {}
    assert admin.post(path, {"a": 1, "b": {"c": 2}}, 200) == {"a": 1, "b": {"c": 2}}
    assert admin.patch(f"{path}/", {"b": None, "d": "x"}) == {"a": 1, "b": None, "d": "x"}
    assert admin.call("DELETE", f"{path}?key=a,b").status == 204
    assert admin.get(f"/api/users/{user['user_id']}")["meta_data"] == admin.get(path) == {"d": "x"}
    assert error(admin.call("POST", path, b"[]")) == (400, 3, "payload")
    assert error(admin.call("PATCH", path, {"a": "b" * 70_000})) == (400, 3, "meta_data")
    assert admin.call("DELETE", path).status == 204
    assert admin.get(path) == {}
    stranger = as_user(admin, company, "CLIENT_OPERATOR")
    assert stranger.get(path) == {}
    assert error(stranger.call("PATCH", path, {})) == (403, 9, None)
    assert error(admin.call("GET", f"/api/users/{NOBODY}/meta_data")) == (404, 10, None)


def test_lists_of_users(admin: Client) -> None:
    company = admin.post("/api/companies/", {"name": f"company {next(numbers)}"})["company_id"]
    users = [new_user(admin, company, role) for role in ("CLIENT", "CLIENT_SERVICE", "CLIENT_ADMIN")]
    ids = [user["user_id"] for user in users]
    base = f"/api/users/?company_id={company}"
    page = admin.get(base)
    assert list(page) == ["offset", "limit", "total_count", "items"]
    assert (page["offset"], page["limit"], page["total_count"]) == (0, 100, 3)
    assert [user["user_id"] for user in page["items"]] == ids[::-1]
    assert admin.get(f"{base}&total_omit=true")["total_count"] is None
    assert [user["user_id"] for user in admin.get(f"{base}&sorting=email{{asc}}&limit=2")["items"]] == ids[:2]
    assert [user["user_id"] for user in admin.get(f"{base}&user_type=CLIENT,CLIENT_ADMIN")["items"]] == [ids[2], ids[0]]
    assert [user["user_id"] for user in admin.get(f"{base}&user_type.exclude=CLIENT")["items"]] == ids[:0:-1]
    assert [user["user_id"] for user in admin.get(f"{base}&email={users[1]['email'].upper()}")["items"]] == [ids[1]]
    assert admin.get(f"{base}&is_active=no")["items"] == []
    assert admin.get(f"{base}&search_text={users[0]['email'][:8].upper()}")["total_count"] >= 1
    assert admin.get(f"{base}&with_company=1")["items"][0]["company"]["company_id"] == company
    for wrong, key in (
        ("limit=5001", "limit"),
        ("offset=-1", "offset"),
        ("sorting=password_hash", "sorting"),
        ("is_active=perhaps", "is_active"),
        ("user_type=BOSS", "user_type"),
        ("company_id=x", "company_id"),
    ):
        assert error(admin.call("GET", f"/api/users/?{wrong}")) == (400, 4, key)
    client = as_user(admin, company, "CLIENT")
    assert client.get("/api/users/")["total_count"] == 1
