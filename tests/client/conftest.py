"""Clients of both flavours, and what they are tried on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from faceVer.client import Client, Retries
from tests.client.flavours import FLAVOURS, Connect
from tests.support_liveness import selfie
from tests.support_media import encode_video
from tests.support_server import Server

QUICK = Retries(count=3, first=0.01, most=0.02)


@pytest.fixture(params=FLAVOURS)
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Makes clients of one flavour, with short pauses; the test is run once with each flavour."""
    with ExitStack() as stack:

        def make(url: str, *arguments: object, **options: object) -> object:
            return stack.enter_context(FLAVOURS[request.param](url, *arguments, **{"retries": QUICK, **options}))

        yield make


@pytest.fixture(scope="session")
def template(server: Server, astronaut: bytes) -> bytes:
    with Client(server.url) as client:
        return client.extract(astronaut)


@pytest.fixture(scope="session")
def other_template(server: Server, stranger: bytes) -> bytes:
    with Client(server.url) as client:
        return client.extract(stranger)


@pytest.fixture(scope="session")
def clip() -> bytes:
    """A short video of a face."""
    return encode_video([selfie(0, shift=4 * number) for number in range(8)], fps=4)
