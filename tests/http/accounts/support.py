"""Users of a server with a store."""

from __future__ import annotations

import itertools
import json
from typing import Any

from tests.support_server import Response, Server

EMAIL, PASSWORD = "admin@example.org", "correct horse battery"
HEADER = "X-Forensic-Access-Token"
NOBODY = "00000000-0000-4000-8000-000000000000"
USER_FIELDS = [
    *("user_id", "user_type", "company_id", "email", "first_name", "last_name", "middle_name", "is_active", "is_admin"),
    *("is_service", "can_start_analysis_biometry", "can_start_analysis_collection", "can_start_analysis_documents"),
    *("can_start_analysis_quality", "meta_data", "technical_meta_data"),
]
numbers = itertools.count(1)


class Client:
    """A user of a server."""

    def __init__(self, server: Server, token: str = "") -> None:
        self.server, self.token = server, token

    def call(self, method: str, path: str, body: Any = None) -> Response:
        headers = {HEADER: self.token} if self.token else {}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body)
        return self.server.call(method, path, data, headers)

    def get(self, path: str) -> Any:
        response = self.call("GET", path)
        assert response.status == 200, response
        return response.json()

    def post(self, path: str, body: Any = None, status: int = 201) -> Any:
        response = self.call("POST", path, body)
        assert response.status == status, response
        return response.json()

    def patch(self, path: str, body: Any) -> Any:
        response = self.call("PATCH", path, body)
        assert response.status == 200, response
        return response.json()


def error(response: Response) -> tuple[int, int, str | None]:
    """(HTTP status, error code, key path); checks the shape of the error."""
    document = response.json()
    assert list(document) == ["error_code", "error_message", "details"]
    assert response.body.startswith(b'{"error_code": ')
    assert document["error_message"]
    details = document["details"]
    return response.status, document["error_code"], details and details["key_path"]


def signed_in(server: Server, email: str = EMAIL, password: str = PASSWORD) -> dict[str, Any]:
    response = Client(server).call(
        "POST", "/api/authorize/auth/", {"credentials": {"email": email, "password": password}}
    )
    assert response.status == 200, response
    return dict(response.json())


def creation(company_id: str | None, user_type: str, **profile: Any) -> dict[str, Any]:
    return {
        "credentials": {"email": f"user{next(numbers)}@example.org", "password": PASSWORD},
        "profile": {
            "company_id": company_id,
            "user_type": user_type,
            "first_name": "Ann",
            "last_name": "Lee",
            **profile,
        },
    }


def new_user(admin: Client, company_id: str | None, user_type: str, **profile: Any) -> dict[str, Any]:
    return dict(admin.post("/api/users/", creation(company_id, user_type, **profile)))


def as_user(admin: Client, company_id: str | None, user_type: str) -> Client:
    """A new user, signed in."""
    user = new_user(admin, company_id, user_type)
    return Client(admin.server, signed_in(admin.server, user["email"])["access_token"])
