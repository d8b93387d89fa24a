"""A real server with a store, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.client.flavours import OZ_FLAVOURS, Connect
from tests.support_server import Server

EMAIL, PASSWORD = "admin@example.org", "a long password"


@pytest.fixture(scope="package")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("store")
    with Server(store=str(store), admin_email=EMAIL, admin_password=PASSWORD, threads="1") as running:
        yield running


@pytest.fixture(params=OZ_FLAVOURS)
def connect_oz(request: pytest.FixtureRequest, kept: Server) -> Iterator[Connect]:
    """Makes Oz clients of one flavour; the test is run once with each flavour."""
    with ExitStack() as stack:

        def make(email: str | None = EMAIL, password: str | None = PASSWORD, **options: Any) -> Any:
            return stack.enter_context(OZ_FLAVOURS[request.param](kept.url, email, password, **options))

        yield make
