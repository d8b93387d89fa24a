"""The policy of webhooks: where a document may be sent, how it is signed, which results are final. Pure functions.

An endpoint comes from a client, so it is a way into the server's own network. The server uses it only if its host is on
the allow-list, and only by an address of the public internet. The code that connects must check the address of its
socket: a name may resolve to another address a moment later.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from faceVer.domain.errors import SettingsError

SIGNATURE_HEADER = "X-FaceVer-Signature"
TOLERANCE = 300.0
"""Seconds between signing and verifying that a receiver should accept."""

MAX_URL = 2048
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = rf"{_LABEL}(?:\.{_LABEL})*"
_RULE = re.compile(rf"(?P<host>\*\.{_NAME}|{_NAME}|\[[0-9a-f:.]+\])(?::(?P<port>\d{{1,5}}))?")
# One strict grammar instead of a URL parser: a URL that two parsers read differently is refused. No user information,
# no backslash, no blank, no control character, ASCII only (an international name is sent in its xn-- form).
_URL = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_NAME}|\[[0-9a-f:.]+\])\.?(?::(?P<port>\d{{1,5}}))?"
    r"(?P<target>[/?][!-\[\]-~]*)?",
    re.IGNORECASE | re.ASCII,
)
_DEFAULT_PORTS = {"https": 443, "http": 80}

# Global by the IANA registries' flags or by omission in older Python versions, but not a single public host:
# 6to4 relays, IETF protocol assignments.
_REFUSED_V4 = tuple(map(ipaddress.IPv4Network, ("192.88.99.0/24", "192.0.0.0/24")))
# Global unicast is 2000::/3; in it, Teredo and the other protocol assignments, 6to4 and documentation do not count.
# IPv4-mapped, IPv4-compatible and NAT64 addresses lie outside.
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))


class EndpointRefusedError(Exception):
    """The policy does not allow the endpoint; the message says why and repeats no part of the URL."""


class Endpoint(NamedTuple):
    """An allowed endpoint: `url` is what to post to, the host in lower case; `host` is fit for a log."""

    url: str
    host: str


class HostRule(NamedTuple):
    """One entry of the allow-list. host: exact, or a suffix that begins with a dot. port: None = the scheme's own."""

    host: str
    port: int | None

    def allows(self, host: str, port: int, scheme: str) -> bool:
        named = host.endswith(self.host) if self.host.startswith(".") else host == self.host
        return named and port == (_DEFAULT_PORTS[scheme] if self.port is None else self.port)


@dataclass(frozen=True, slots=True)
class WebhookPolicy:
    """rules: the allow-list; empty = nothing is sent. allow_http: whether plain HTTP is."""

    rules: tuple[HostRule, ...] = ()
    allow_http: bool = False

    @classmethod
    def of(cls, hosts: Iterable[str], *, allow_http: bool = False) -> WebhookPolicy:
        """Read `host`, `*.domain` (its subdomains, at any depth), either with `:port`. Raises SettingsError."""
        return cls(tuple(map(_rule, hosts)), allow_http)

    def check(self, url: str) -> Endpoint:
        """The endpoint of a URL. Raises EndpointRefusedError."""
        match = _URL.fullmatch(url) if len(url) <= MAX_URL else None
        if match is None:
            raise EndpointRefusedError("not a plain absolute https URL")
        scheme, host = match["scheme"].lower(), match["host"].lower()
        if scheme == "http" and not self.allow_http:
            raise EndpointRefusedError("plain HTTP is not allowed")
        port = int(match["port"] or _DEFAULT_PORTS[scheme])
        if not any(rule.allows(host, port, scheme) for rule in self.rules):
            raise EndpointRefusedError("host or port is not on the allow-list")
        target = (match["target"] or "/").partition("#")[0]
        slash = "" if target.startswith("/") else "/"
        return Endpoint(f"{scheme}://{host}:{port}{slash}{target}", host)


def is_public(address: str) -> bool:
    """Whether an IP address, as text, is one of a single host of the public internet, and hides no other address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_unspecified:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _REFUSED_V4)
    return ip.scope_id is None and ip in _UNICAST_V6 and not any(ip in network for network in _REFUSED_V6)


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The signature header's value: `t=<Unix seconds>,v1=<hex HMAC-SHA-256 of "<t>." + body>`."""
    return f"t={timestamp},v1={_mac(secret, timestamp, body)}"


def verify(secret: str, header: str, body: bytes, now: float, tolerance: float = TOLERANCE) -> bool:
    """What a receiver does: the signature fits body and secret, and is not older than `tolerance` seconds."""
    match = re.fullmatch(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", header)
    if match is None or abs(now - int(match[1])) > tolerance:
        return False
    return hmac.compare_digest(match[2], _mac(secret, int(match[1]), body))


def is_retryable(status: int) -> bool:
    """Whether an HTTP status may be another one later: timeouts, throttling and server errors."""
    return status in (408, 429) or status >= 500


def _rule(entry: str) -> HostRule:
    match = _RULE.fullmatch(entry.lower())
    port = int(match["port"]) if match and match["port"] else None
    if match is None or (port is not None and not 0 < port < 65536):
        raise SettingsError(f"FACEVER_WEBHOOK_HOSTS: {entry!r} is neither host, *.domain, host:port nor *.domain:port")
    return HostRule(match["host"].removeprefix("*"), port)


def _mac(secret: str, timestamp: int, body: bytes) -> str:
    key = secret.encode("utf-8", "surrogateescape")  # a variable of the environment may hold any bytes
    return hmac.new(key, str(timestamp).encode() + b"." + body, hashlib.sha256).hexdigest()
