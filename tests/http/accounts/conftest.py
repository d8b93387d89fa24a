"""One server with a store for all tests of accounts over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.http.accounts.support import EMAIL, PASSWORD, Client, numbers, signed_in
from tests.support_server import Server


@pytest.fixture(scope="package")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a store, whose first start has made an administrator."""
    folder = tmp_path_factory.mktemp("store")
    settings = {"store": str(folder), "admin_email": EMAIL, "admin_password": PASSWORD, "login_attempts": "1000"}
    with Server(**settings) as server:
        yield server


@pytest.fixture(scope="package")
def admin(kept: Server) -> Client:
    return Client(kept, signed_in(kept)["access_token"])


@pytest.fixture(scope="package")
def company(admin: Client) -> str:
    return str(admin.post("/api/companies/", {"name": f"company {next(numbers)}"})["company_id"])
