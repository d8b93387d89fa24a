"""The operations that tell about the server: version, health, probes, metrics, and this document."""

from __future__ import annotations

from typing import Any

from faceVer.http.ops.health import INOPERATIVE, WORKS
from faceVer.http.ops.openapi import DOCUMENT, FILES, PAGE
from faceVer.http.ops.openapi.answers import HEADERS, NOWHERE, json_content, success
from faceVer.http.ops.openapi.examples import EXAMPLES
from faceVer.http.ops.openapi.operation import file, read
from faceVer.http.ops.openapi.schema import Schema, ref
from faceVer.http.pipeline.paths import FACES as PATTERN
from faceVer.http.pipeline.paths import LIVE, LIVENESS, READY
from faceVer.http.pipeline.paths import METRICS as METRICS_PATH
from faceVer.http.pipeline.responses import JSON
from faceVer.settings.model import Settings

_WORKS = {"status": WORKS, "message": ""}


def service_paths(settings: Settings) -> dict[str, Schema]:
    """By path."""
    metrics = {"text/plain": {"schema": {"type": "string", "description": "Prometheus' text format."}}}
    paths = {
        "/version": read(
            "Service",
            "version",
            "/version",
            "Version of the server, the inference runtime and the models",
            "Every loaded model is named, with the version and the first hex digits of the SHA-256 of its file.",
            success("What runs.", json_content(ref("Version"), answer=EXAMPLES["version"])),
            settings,
        ),
        f"{PATTERN}/health": _health("Pattern", "patternHealth", f"{PATTERN}/health", "recognition", settings),
        f"{LIVENESS}/health": _health("Liveness", "livenessHealth", f"{LIVENESS}/health", "liveness", settings),
        LIVE: read(
            "Service",
            "live",
            LIVE,
            "Whether the process lives",
            "The event loop answers; nothing else is looked at.",
            success("It lives.", json_content(ref("Health"), answer=_WORKS)),
            settings,
        ),
        READY: _inoperative(
            read(
                "Service",
                "ready",
                READY,
                "Whether requests are welcome",
                "The recognition models work, and the server is not stopping.",
                success("Requests are welcome.", json_content(ref("Health"), answer=_WORKS)),
                settings,
            ),
            "the server is stopping",
        ),
        METRICS_PATH: read(
            "Service",
            "metrics",
            METRICS_PATH,
            "Metrics",
            "Counts and times of all workers, for Prometheus.",
            success("The metrics.", metrics),
            settings,
        ),
    }
    return paths | (_pages(settings) if settings.api.docs else {})


def _health(tag: str, ident: str, path: str, models: str, settings: Settings) -> Schema:
    described = read(
        tag,
        ident,
        path,
        f"Whether the {models} models work",
        f"A real inference, at most {settings.api.health_ttl:g} s old, that never waits behind requests.",
        success("They work.", json_content(ref("Health"), answer=_WORKS)),
        settings,
    )
    short = "pattern" if tag == "Pattern" else "liveness"
    return _inoperative(described, f"the {short} models did not answer within {settings.api.health_timeout:g} s")


def _inoperative(described: Schema, message: str) -> Schema:
    """Add what a health answer says with 503, beside the error that every path may answer with it."""
    response = described["get"]["responses"]["503"]
    content: dict[str, Any] = response["content"][JSON]
    content["schema"] = {"oneOf": [ref("Health"), content["schema"]]}
    inoperative = {"summary": "inoperative", "value": {"status": INOPERATIVE, "message": message}}
    content["examples"] = {"inoperative": inoperative, **content["examples"]}
    response["headers"]["Retry-After"] = {**HEADERS["Retry-After"], "required": False}
    response["description"] = f"- status {INOPERATIVE}: inoperative, and why.\n{response['description']}"
    return described


def _pages(settings: Settings) -> dict[str, Schema]:
    names = [path.removeprefix(f"{PAGE}/") for path in FILES if path.startswith(f"{PAGE}/")]
    return {
        DOCUMENT: file("Service", "openapi", DOCUMENT, "This document", settings),
        PAGE: file("Service", "docs", PAGE, "The page that shows this document", settings),
        f"{PAGE}/{{file}}": file(
            "Service", "docsFile", f"{PAGE}/{names[0]}", "A file of that page", settings, NOWHERE, names=names
        ),
    }
