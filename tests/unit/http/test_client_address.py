"""The client's address behind reverse proxies."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from faceVer.domain.errors import SettingsError
from faceVer.http.pipeline.client_address import client_address, trusted_networks
from faceVer.http.pipeline.context import SETTINGS
from faceVer.settings.model import Settings


def address(remote: str, forwarded: str, trusted: tuple[str, ...] = ("10.0.0.0/8", "::1/128")) -> str:
    app = web.Application()
    app[SETTINGS] = Settings.of(trusted_proxies=trusted)
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": forwarded}, app=app)
    return client_address(request.clone(remote=remote))


@pytest.mark.parametrize(
    ("remote", "forwarded", "expected"),
    [
        ("192.0.2.7", "203.0.113.5", "192.0.2.7"),  # not from a proxy: the header is the client's own claim
        ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.5", "203.0.113.5"),  # the first entry is the client's own claim
        ("10.0.0.1", "203.0.113.5, 10.1.2.3", "203.0.113.5"),  # two proxies
        ("10.0.0.1", "10.9.9.9", "10.9.9.9"),  # a client within the trusted network
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.5,,", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "nonsense"),
        ("::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("::1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("10.0.0.1", ",".join(["203.0.113.5"] * 2000), "203.0.113.5"),
    ],
)
def test_the_first_address_that_is_not_a_trusted_proxys(remote: str, forwarded: str, expected: str) -> None:
    assert address(remote, forwarded) == expected


def test_without_trusted_proxies_the_connection_counts() -> None:
    assert address("10.0.0.1", "203.0.113.5", trusted=()) == "10.0.0.1"


def test_a_network_that_is_none_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
        trusted_networks(("10.0.0.0/8", "proxy.local"))
