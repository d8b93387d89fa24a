"""The allowed responses to any request: the contract's statuses, codes and shape; no internals of the server."""

from __future__ import annotations

import json
import re
from typing import Any

from faceVer.http.lite.errors import FACES, LIVENESS
from tests.support_server import Response

_NO_KEY = {"BPE-002008", "LDE-002008"}
_OURS = {"BPE-001001", "LDE-001001", "BPE-001002", "LDE-001002"}
"""Faults of the server: no client may be able to provoke one."""
CODES = {row.code for family in (FACES, LIVENESS) for row in family.errors.values()} - _OURS
STATUSES = {"002007": {413, 431}, "001003": {503}, "002008": {401}, "002006": {400, 404}}
"""Of the codes that are not always 400."""
INSTANT = {1: {405}, 10: {404}, 3: {400}, 4: {400, 413}, 5: {400}, 6: {401}, 7: {401}, 0: {400, 503}}
_LEAK = re.compile(
    rb'Traceback|File "|site-packages|\.py\b|/usr/|/home/|/root/|/tmp/|/work/|0x[0-9a-f]{8}|Error: |Exception'
)


def fault(answer: Response, *, bare: bool = False) -> str:
    """What is wrong with an answer, "" where nothing is. bare: it may be without a body, as an answer to HEAD is."""
    status, body = answer.status, answer.body
    if status >= 500 and status != 503:
        return f"status {status}: {body[:200]!r}"
    if status == 503 and not answer.headers.get("retry-after", "").isdigit():
        return "503 without Retry-After"
    if status not in (200, 204, 400, 401, 404, 405, 413, 431, 503):
        return f"status {status}"
    if found := _LEAK.search(body) or _LEAK.search(repr(sorted(answer.headers.items())).encode()):
        # What a client sent may come back: names of parts and metadata. None that the fuzzer makes is matched.
        return f"{found[0]!r} in an answer of status {status}"
    if "x-request-id" not in answer.headers:
        return "no X-Request-ID"
    if bare and not body:
        return ""
    kind = answer.headers.get("content-type", "")
    if status == 204:
        return "a body with 204" if body else ""
    if status == 200:
        return _good(kind, body)
    if not kind.startswith("application/json"):
        return f"status {status} with Content-Type {kind!r}"
    try:
        document = _strict(body)
    except ValueError as error:
        return f"status {status} without JSON: {error}"
    return _error(status, document)


def _strict(body: bytes) -> Any:
    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    return json.loads(body.decode("utf-8"), parse_constant=refuse)


def _good(kind: str, body: bytes) -> str:
    if kind.startswith("application/json"):
        try:
            _strict(body)
        except ValueError as error:
            return f"status 200 without JSON: {error}"
    elif kind.startswith("application/octet-stream") and not body.startswith((b"FVTP", b"RlZU")):
        return "a template that is none"
    return ""


def _error(status: int, document: Any) -> str:
    if isinstance(document, dict) and set(document) == {"code", "message"}:
        code = document["code"]
        if code not in CODES:
            return f"code {code}"
        if status not in STATUSES.get(code[4:], {400}):
            return f"status {status} with code {code}"
        return "" if isinstance(document["message"], str) and document["message"] else "no message"
    if isinstance(document, dict) and set(document) == {"error_code", "error_message", "details"}:
        code, details = document["error_code"], document["details"]
        if status not in INSTANT.get(code, set()):
            return f"status {status} with error_code {code}"
        if details is not None and not (isinstance(details, dict) and list(details) == ["field"]):
            return f"details {details!r}"
        return "" if isinstance(document["error_message"], str) and document["error_message"] else "no message"
    if isinstance(document, dict) and set(document) == {"status", "message"} and status == 503:
        return f"health: {document['message']}"
    return f"status {status} in another shape: {str(document)[:200]}"
