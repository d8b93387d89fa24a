"""Where documents may go, how they are signed, when they are tried again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceVer.domain.errors import SettingsError
from faceVer.jobs.retry_plan import RetryPlan
from faceVer.jobs.webhook_policy import (
    EndpointRefusedError,
    WebhookPolicy,
    is_public,
    is_retryable,
    sign,
    verify,
)

policy = WebhookPolicy.of(["hook.example.com", "*.example.org", "Ports.example.net:8443", "8.8.8.8", "[2606:4700::1]"])


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://hook.example.com", "https://hook.example.com:443/"),
        ("HTTPS://Hook.Example.COM/Path?q=%41#part", "https://hook.example.com:443/Path?q=%41"),
        ("https://hook.example.com.:443/x", "https://hook.example.com:443/x"),
        ("https://hook.example.com?q=a@b", "https://hook.example.com:443/?q=a@b"),
        ("https://a.example.org/", "https://a.example.org:443/"),
        ("https://a.b.example.org/", "https://a.b.example.org:443/"),
        ("https://ports.example.net:8443/", "https://ports.example.net:8443/"),
        ("https://8.8.8.8/", "https://8.8.8.8:443/"),
        ("https://[2606:4700::1]/", "https://[2606:4700::1]:443/"),
    ],
)
def test_allowed(url: str, sent: str) -> None:
    assert policy.check(url).url == sent


@pytest.mark.parametrize(
    "url",
    [
        "",
        "address.com",
        "//hook.example.com/",
        "http://hook.example.com/",
        "ftp://hook.example.com/",
        "file:///etc/passwd",
        "https://elsewhere.example.com/",
        "https://example.org/",
        "https://badexample.org/",
        "https://.example.org/",
        "https://a.example.org.evil.test/",
        "https://hook.example.com@evil.test/",
        "https://user:pass@hook.example.com/",
        "https://evil.test\\@hook.example.com/",
        "https://evil.test#@hook.example.com/",
        "https://evil.test/hook.example.com",
        "https:hook.example.com",
        "https:///hook.example.com/",
        "https://hook.example.com:8443/",
        "https://hook.example.com:80/",
        "https://hook.example.com:/",
        "https://hook.example.com:443443/",
        "https://hook.example.com:-443/",
        "https://ports.example.net/",
        "https://hook.example.com/ x",
        "https://hook.example.com/\r\nX: y",
        "https://hook.example.com/\x00",
        "https://hook.example.com/é",
        "https://ho\u017fk.example.com/",
        "https://hoo\u212a.example.com/",
        " https://hook.example.com/",
        "https://hook.example.com/\n",
        "https://[2606:4700::1%25eth0]/",
        "https://hook%2eexample.com/",
        "https://hook.example.com/" + "a" * 2048,
    ],
)
def test_refused(url: str) -> None:
    with pytest.raises(EndpointRefusedError) as caught:
        policy.check(url)
    assert "example" not in str(caught.value)


def test_plain_http_only_by_setting() -> None:
    plain = WebhookPolicy.of(["hook.example.com", "127.0.0.1:9000"], allow_http=True)
    assert plain.check("http://hook.example.com/x").url == "http://hook.example.com:80/x"
    assert plain.check("http://127.0.0.1:9000/").url == "http://127.0.0.1:9000/"
    assert plain.check("https://hook.example.com/").url == "https://hook.example.com:443/"
    with pytest.raises(EndpointRefusedError):
        plain.check("http://hook.example.com:443/")


def test_nothing_is_allowed_by_default() -> None:
    with pytest.raises(EndpointRefusedError):
        WebhookPolicy().check("https://hook.example.com/")


@pytest.mark.parametrize(
    "entry",
    ["*", "*.", "", "https://a.b", "a b", "a/b", "a.*.b", "*a.b", "a:0", "a:65536", "a:x", "a@b", "-a.b", "a..b"],
)
def test_an_unreadable_allow_list_stops_the_start(entry: str) -> None:
    with pytest.raises(SettingsError, match="FACEVER_WEBHOOK_HOSTS"):
        WebhookPolicy.of([entry])


@given(st.text(max_size=60))
def test_any_text_is_checked_without_another_error(text: str) -> None:
    for url in (text, "https://" + text, "https://hook.example.com" + text):
        try:
            endpoint = policy.check(url)
        except EndpointRefusedError:
            continue
        assert endpoint.url.startswith(("https://hook.example.com:443/", "https://a.example.org"))


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450:4001::8a"])
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.0.170",
        "192.0.0.9",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.0.1",
        "224.0.1.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:8.8.8.8",
        "::8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:20::1",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "5f00::1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "127.1",
        "",
        "8.8.8.8 ",
    ],
)
def test_not_public(address: str) -> None:
    assert not is_public(address)


@given(st.text(max_size=20), st.binary(max_size=50), st.integers(0, 10**11))
def test_signature_round_trip(secret: str, body: bytes, now: int) -> None:
    header = sign(secret, now, body)
    assert verify(secret, header, body, now + 299.5)
    assert not verify(secret, header, body, now + 301)
    assert not verify(secret, header, body, now - 301)
    assert not verify(secret, header, body + b"x", now)
    assert not verify(secret + "x", header, body, now)
    assert not verify(secret, header.replace(f"t={now}", f"t={now + 1}"), body, now)


def test_signature_is_the_documented_one() -> None:
    # printf '1700000000.{}' | openssl dgst -sha256 -hmac secret
    expected = "b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163"
    assert sign("secret", 1_700_000_000, b"{}") == f"t=1700000000,v1={expected}"


@pytest.mark.parametrize(
    "header", ["", "t=,v1=", "v1=00", "t=1,v1=" + "0" * 63, "t=1,v1=" + "0" * 64 + " ", "t=x,v1=é"]
)
def test_broken_signatures(header: str) -> None:
    assert not verify("secret", header, b"", 1.0)


def test_pauses_double_up_to_the_cap() -> None:
    plan = RetryPlan(attempts=100, deadline=1e9, base=1.0, cap=60.0)
    assert [plan.pause(n, 0.0, lambda: 0.0) for n in range(1, 10)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert plan.pause(99, 0.0, lambda: 0.0) == 30
    assert plan.pause(100, 0.0, lambda: 0.0) is None


@given(st.integers(1, 99), st.floats(0, 1, exclude_max=True), st.floats(0, 1000))
def test_pauses_stay_in_their_bounds(tried: int, chance: float, elapsed: float) -> None:
    plan = RetryPlan(attempts=100, deadline=500.0)
    pause = plan.pause(tried, elapsed, lambda: chance)
    full = min(60.0, 2.0 ** (tried - 1))
    if pause is None:
        assert elapsed + full >= 500.0
    else:
        assert full / 2 <= pause <= full
        assert elapsed + pause < 500.0


def test_retry_after_makes_the_pause_longer() -> None:
    plan = RetryPlan(deadline=100.0)
    assert plan.pause(1, 0.0, lambda: 0.5, retry_after=20.0) == 20.0
    assert plan.pause(1, 0.0, lambda: 0.5, retry_after=0.1) == 0.75
    assert plan.pause(1, 0.0, lambda: 0.5, retry_after=100.0) is None
    assert plan.pause(1, 0.0, lambda: 0.5, retry_after=float("inf")) is None


@pytest.mark.parametrize(
    ("status", "again"),
    [(408, True), (429, True), (500, True), (503, True), (599, True), (400, False), (404, False), (410, False)],
)
def test_retryable(status: int, again: bool) -> None:
    assert is_retryable(status) is again
