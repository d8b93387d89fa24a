"""Single-image detect on a real server, and the LDE codes of docs/contract.md, Errors."""

from __future__ import annotations

import re

from tests.http.support_folders import DETECT
from tests.support_server import Response, Server

HEALTH = "/v1/face/liveness/health"
TABLE = {
    "LDE-002001": "Invalid Content-Type of HTTP request",
    "LDE-002002": "Invalid HTTP request method",
    "LDE-002004": "Failed to read the biometric sample",
    "LDE-002005": "Invalid Content-Type of the multiparted HTTP request part",
    "LDE-002006": "Invalid request",
    "LDE-002007": "Request or file larger than the limit",
    "LDE-003002": "The biometric sample is missing face",
    "LDE-003003": "More than one person is present on the biometric sample",
    "LDE-003004": "Failed to read the payload",
    "LDE-001002": "TFSS error. Call the health method",
    "LDE-001003": "Overloaded, try again",
}


def detect(server: Server, image: bytes, content_type: str | None = "image/jpeg", **headers: str) -> Response:
    """Single-image detect. headers: `X_Y` is sent as `X-Y`."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.call("POST", DETECT, image, sent if content_type is None else {"Content-Type": content_type, **sent})


def detection(response: Response) -> tuple[bool, float]:
    """(passed, score) of a response, whose JSON is checked."""
    assert response.status == 200, response
    assert response.headers["content-type"].startswith("application/json")
    assert re.fullmatch(rb'\{"passed": (true|false), "score": [01]\.\d{1,6}\}', response.body), response.body
    document = response.json()
    return document["passed"], document["score"]


def assert_error(response: Response, status: int, code: str, exposed: str = "") -> None:
    assert (response.status, response.code) == (status, code), response
    assert response.json()["message"] == TABLE[code] + (f": {exposed}" if exposed else "")
    assert response.headers["x-request-id"]
