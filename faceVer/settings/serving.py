"""Settings of the server: process, TLS, access, endpoints, logs, webhooks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from faceVer.domain.errors import SettingsError
from faceVer.settings.field import PREFIX, setting

_VENDOR_PREFIX = re.compile(r"\.|[A-Za-z0-9_~-][A-Za-z0-9._~-]*(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """The listening process: address, processes, threads, timeouts, connections."""

    host: str = setting("0.0.0.0", "Address to listen on.")  # noqa: S104 - a server's default, as the README says
    port: int = setting(8080, "TCP port to listen on.", low=0, high=65535)
    workers: int = setting(
        0,
        "Server processes; more than one run under gunicorn. 0 = one for each four usable CPUs, as far as the memory "
        "suffices; one where `threads` is set or a device may be used.",
        low=0,
        high=256,
    )
    threads: int = setting(
        0,
        "Inference threads per process; 0 = the usable CPUs divided by the workers, 8 with `inference_url`.",
        low=0,
        high=512,
    )
    uvloop: bool = setting(True, "Use uvloop for the event loop; false = asyncio's own.")
    inference_nice: int = setting(
        0, "Nice value added to inference threads, so that the event loop runs first.", low=0, high=19
    )
    request_timeout: float = setting(
        120.0, "Seconds from a request's headers to its response; after them, 503.", low=0.1, high=3600
    )
    head_timeout: float = setting(
        15.0, "Seconds for a request's headers, or a TLS handshake, to arrive.", low=0.1, high=3600
    )
    body_timeout: float = setting(60.0, "Seconds for a request's body to arrive.", low=0.1, high=3600)
    write_timeout: float = setting(
        30.0,
        "Seconds without a client reading its response, after which the server disconnects it.",
        low=0.1,
        high=3600,
    )
    keepalive_timeout: float = setting(
        75.0, "Seconds an idle connection stays open; must exceed the reverse proxy's.", low=0.1, high=86_400
    )
    max_connections: int = setting(
        1000,
        "Connections per process; above it requests get 503, far above it no connection is accepted.",
        low=1,
        high=1 << 20,
    )
    max_header_bytes: int = setting(8190, "Longest request line and longest header, in bytes.", low=256, high=65_536)
    max_head_bytes: int = setting(
        65_536, "Longest head of a request (request line and all headers), in bytes.", low=1024, high=1 << 20
    )
    max_headers: int = setting(100, "Most headers of one request.", low=8, high=1000)
    drain_seconds: float = setting(
        0.0, "Seconds at shutdown during which /readyz answers 503 while requests are still accepted.", low=0, high=600
    )
    shutdown_timeout: float = setting(20.0, "Seconds for running requests to finish at shutdown.", low=0, high=3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """TLS of the listening socket."""

    tls_cert: str = setting("", "PEM file of the server's certificate and its chain; empty = plain HTTP.")
    tls_key: str = setting("", "PEM file of the certificate's private key.")
    tls_minimum: str = setting("1.2", "Lowest accepted TLS version.", choices=("1.2", "1.3"))

    def __post_init__(self) -> None:
        if bool(self.tls_cert) != bool(self.tls_key):
            raise SettingsError(f"{PREFIX}TLS_CERT and {PREFIX}TLS_KEY must be set together")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """Authentication, rate limits and cross-origin access."""

    api_keys: tuple[str, ...] = setting(
        (),
        "Accepted API keys, separated by commas: name:SHA-256 of the key (`facever keys new`); empty = no key needed.",
        secret=True,
    )
    metrics_key: bool = setting(False, "Require an API key for /metrics, too.")
    rate_limit: float = setting(
        0.0,
        "Requests per second of one API key (without keys: one address) in each process; 0 = no limit.",
        low=0,
        high=1e6,
    )
    rate_burst: int = setting(20, "Requests that may arrive at once within `rate_limit`.", low=1, high=1_000_000)
    trusted_proxies: tuple[str, ...] = setting(
        (),
        "Networks of reverse proxies, separated by commas (10.0.0.0/8), whose X-Forwarded-For names the client for "
        "rate limits and sign-ins; empty = the connection's address counts.",
    )
    cors_origins: tuple[str, ...] = setting(
        ("*",), "Origins of web pages that may call the API, separated by commas; empty = none."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """Language, optional endpoints, retry hint and health endpoints."""

    language: str = setting("en", "Language of error messages.", choices=("en", "ru"))
    vendor_prefix: tuple[str, ...] = setting(
        (),
        "Prefixes, separated by commas, under which the vendor profile of the API is served: `x` = /v1/x/pattern/..., "
        "`.` = /v1/pattern/..., and likewise /v1/x/liveness/...; empty = none (docs/contract.md).",
    )
    vendor_samples: str = setting(
        "declared",
        "Samples of the vendor profile's passive liveness: declared = a photo where every instruction's duration is 0, "
        "otherwise a video; any = both (docs/contract.md).",
        choices=("declared", "any"),
    )
    console: str = setting(
        "auto",
        "Serve the browser console at /; auto = unless there are API keys. With a store, all but off serve /folders.",
        choices=("auto", "on", "off"),
    )
    docs: bool = setting(True, "Serve /openapi.json and the documentation page /docs.")
    retry_after: int = setting(1, "Retry-After of a 503, in seconds.", low=1, high=3600)
    health_ttl: float = setting(3.0, "Seconds a health result is reused.", low=0, high=60)
    health_timeout: float = setting(
        10.0, "Seconds for the health inference, after which the processor counts as inoperative.", low=0.1, high=120
    )

    def __post_init__(self) -> None:
        for prefix in self.vendor_prefix:
            if not _VENDOR_PREFIX.fullmatch(prefix):
                raise SettingsError(f"{PREFIX}VENDOR_PREFIX: {prefix!r} is neither a path like a/b nor a single dot")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsSettings:
    """Logging."""

    log_level: str = setting("INFO", "Lowest level that is logged.", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    log_format: str = setting("text", "Format of log lines on standard error.", choices=("text", "json"))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksSettings:
    """Delivery of folder documents to `resolution_endpoint`."""

    webhook_hosts: tuple[str, ...] = setting(
        (),
        "Hosts that webhooks may be sent to, separated by commas: host or *.domain, either with :port; empty = none.",
    )
    webhook_http: bool = setting(False, "Allow webhooks over plain HTTP.")
    webhook_secret: str = setting("", "Secret that signs webhooks; empty = not signed.", secret=True)
    webhook_attempts: int = setting(6, "Most delivery attempts of one webhook.", low=1, high=100)
    webhook_deadline: float = setting(
        300.0, "Seconds after which an undelivered webhook is dropped.", low=1, high=86_400
    )
    webhook_queue: int = setting(
        100, "Webhooks per process that may wait for delivery; further ones are dropped.", low=1, high=100_000
    )
    webhook_grace: float = setting(10.0, "Seconds for delivering the waiting webhooks at shutdown.", low=0, high=3600)
