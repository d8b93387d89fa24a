"""Settings of the server: process, TLS, access, answers, logs, webhooks."""

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
    workers: int = setting(1, "Server processes; above 1 they run under gunicorn.", low=1, high=256)
    threads: int = setting(
        0,
        "Inference threads per process; 0 = the CPUs this process may use, shared among the workers.",
        low=0,
        high=512,
    )
    uvloop: bool = setting(True, "Whether the event loop is uvloop's; else asyncio's own.")
    inference_nice: int = setting(
        0, "How much lower the inference threads' priority is than the event loop's (nice).", low=0, high=19
    )
    request_timeout: float = setting(
        120.0, "Seconds from a request's head to its answer; past them, 503.", low=0.1, high=3600
    )
    head_timeout: float = setting(
        15.0, "Seconds a request's head, or a TLS handshake, may take to arrive.", low=0.1, high=3600
    )
    body_timeout: float = setting(60.0, "Seconds a request's body may take to arrive.", low=0.1, high=3600)
    write_timeout: float = setting(
        30.0, "Seconds a client may take none of its answer before it is cut off.", low=0.1, high=3600
    )
    keepalive_timeout: float = setting(
        75.0, "Seconds an idle connection is kept; let it be more than the reverse proxy's.", low=0.1, high=86_400
    )
    max_connections: int = setting(
        1000,
        "Connections per process; past them requests get 503, and far past them none is let in.",
        low=1,
        high=1 << 20,
    )
    max_header_bytes: int = setting(8190, "Longest request line, and longest header, in bytes.", low=256, high=65_536)
    max_headers: int = setting(100, "Most headers of a request.", low=8, high=1000)
    drain_seconds: float = setting(
        0.0, "Seconds at shutdown during which /readyz is 503 while requests are still taken.", low=0, high=600
    )
    shutdown_timeout: float = setting(20.0, "Seconds running requests get to finish at shutdown.", low=0, high=3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """TLS of the listening socket."""

    tls_cert: str = setting("", "PEM file of the server's certificate and its chain; empty = plain HTTP.")
    tls_key: str = setting("", "PEM file of the certificate's private key.")
    tls_minimum: str = setting("1.2", "Lowest TLS version that is spoken.", choices=("1.2", "1.3"))

    def __post_init__(self) -> None:
        if bool(self.tls_cert) != bool(self.tls_key):
            raise SettingsError(f"{PREFIX}TLS_CERT and {PREFIX}TLS_KEY must be set together")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """Who may call, how often, and from which web pages."""

    api_keys: tuple[str, ...] = setting(
        (),
        "API keys that are let in, separated by commas: name:SHA-256 of the key (`facever keys new`); empty = no key.",
        secret=True,
    )
    metrics_key: bool = setting(False, "Whether /metrics needs an API key, too.")
    rate_limit: float = setting(
        0.0,
        "Requests per second and process of one API key (without keys: one address); 0 = no limit.",
        low=0,
        high=1e6,
    )
    rate_burst: int = setting(20, "Requests that may come at once within `rate_limit`.", low=1, high=1_000_000)
    cors_origins: tuple[str, ...] = setting(
        ("*",), "Origins that browsers may call from, separated by commas; empty = none."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What is answered beside the API's own methods, and how."""

    language: str = setting("en", "Language of error messages.", choices=("en", "ru"))
    vendor_prefix: tuple[str, ...] = setting(
        (),
        "Prefixes, separated by commas, under which the vendor profile of the API is served: `x` = /v1/x/pattern/..., "
        "`.` = /v1/pattern/...; empty = none (docs/contract.md).",
    )
    console: str = setting(
        "auto",
        "Whether the browser console is served at /; auto = unless there are API keys.",
        choices=("auto", "on", "off"),
    )
    docs: bool = setting(True, "Whether /openapi.json and the documentation page /docs are served.")
    retry_after: int = setting(1, "Seconds a 503 asks the client to wait.", low=1, high=3600)
    health_ttl: float = setting(3.0, "Seconds a health answer is reused.", low=0, high=60)
    health_timeout: float = setting(
        10.0, "Seconds the health inference may take before the processor counts as inoperative.", low=0.1, high=120
    )

    def __post_init__(self) -> None:
        for prefix in self.vendor_prefix:
            if not _VENDOR_PREFIX.fullmatch(prefix):
                raise SettingsError(f"{PREFIX}VENDOR_PREFIX: {prefix!r} is neither a path like a/b nor a single dot")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsSettings:
    """Log lines."""

    log_level: str = setting(
        "INFO", "Least severe level that is logged.", choices=("DEBUG", "INFO", "WARNING", "ERROR")
    )
    log_format: str = setting("text", "Shape of log lines on standard error.", choices=("text", "json"))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksSettings:
    """Delivery of documents to `resolution_endpoint`."""

    webhook_hosts: tuple[str, ...] = setting(
        (), "Hosts documents may be sent to, separated by commas: host, *.domain, either with :port; empty = none."
    )
    webhook_http: bool = setting(False, "Whether documents may be sent by plain HTTP.")
    webhook_secret: str = setting("", "Secret of the signature of sent documents; empty = not signed.", secret=True)
    webhook_attempts: int = setting(6, "Most attempts to deliver one document.", low=1, high=100)
    webhook_deadline: float = setting(
        300.0, "Seconds after which a document that could not be delivered is given up.", low=1, high=86_400
    )
    webhook_queue: int = setting(
        100, "Documents per process that may wait for delivery; one more is dropped.", low=1, high=100_000
    )
    webhook_grace: float = setting(10.0, "Seconds waiting documents get to be delivered at shutdown.", low=0, high=3600)
