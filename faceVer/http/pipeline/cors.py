"""Cross-origin requests (docs/contract.md, CORS)."""

from __future__ import annotations

import re

from aiohttp import web
from multidict import CIMultiDict

from faceVer.http.pipeline.authentication import HEADER as API_KEY
from faceVer.http.pipeline.authentication import OZ_HEADER
from faceVer.http.pipeline.endpoint import EndpointTable
from faceVer.http.pipeline.error_responses import EXPOSED_HEADERS, REQUEST_ID

ALLOWED_HEADERS = ("Content-Type", "Content-Transfer-Encoding", REQUEST_ID, "Accept", "Authorization", API_KEY)
METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE")
"""In this order, as far as the endpoints take them."""
PREFLIGHT_SECONDS = 600
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_MAX_REQUESTED = 32


def is_preflight(request: web.Request) -> bool:
    """Whether this is a browser's question whether it may send the actual request."""
    return "Origin" in request.headers and "Access-Control-Request-Method" in request.headers


def preflight_response(request: web.Request, table: EndpointTable) -> web.Response:
    """The permission to send the actual request.

    It allows any header, because pages written for other products send theirs. Without credentials that is harmless.
    """
    requested = [name.strip() for name in request.headers.get("Access-Control-Request-Headers", "").split(",")]
    allowed = (*ALLOWED_HEADERS, OZ_HEADER) if table.needs_tokens else ALLOWED_HEADERS
    known = {name.lower() for name in allowed}
    extra = [name for name in requested[:_MAX_REQUESTED] if _TOKEN.fullmatch(name) and name.lower() not in known]
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": ", ".join([*filter(table.methods.__contains__, METHODS), "OPTIONS"]),
            "Access-Control-Allow-Headers": ", ".join([*allowed, *extra]),
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        },
    )


def allow_origin(headers: CIMultiDict[str], origin: str | None, allowed: frozenset[str]) -> None:
    """Set a response's CORS headers for the request's origin. If every origin is allowed, `common_headers` did."""
    if "*" in allowed:
        return
    if origin is None or origin not in allowed:
        for name in [name for name in headers if name.lower().startswith("access-control-")]:
            del headers[name]
        return
    headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
