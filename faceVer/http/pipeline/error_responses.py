"""Error responses of an API family, and the headers of every response."""

from __future__ import annotations

import math
from typing import NamedTuple

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from faceVer.domain.errors import AuthenticationError, FaceVerError, MethodError, RateLimitError, ThrottledError
from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.responses import json_response
from faceVer.observability.logs import redacted_message
from faceVer.settings.model import Settings

REQUEST_ID = "X-Request-ID"
EXPOSED_HEADERS = f"{REQUEST_ID}, Content-Transfer-Encoding, Retry-After"


class Outcome(NamedTuple):
    """How a request ended. code: of the error, "" = success. detail: the reason, for the log."""

    response: web.StreamResponse
    code: str = ""
    detail: str = ""


def error_outcome(family: ApiFamily, error: FaceVerError, settings: Settings, status: int | None = None) -> Outcome:
    """The response to a request that ends with `error`. status: replaces that of the family's table."""
    row = family.row(error)
    message = row.message.text(family.language or settings.api.language)
    response = json_response(family.body(row, message, error), status or row.status, family.content_type)
    if response.status in (429, 503):
        seconds = math.ceil(error.seconds) if isinstance(error, (RateLimitError, ThrottledError)) else 0
        response.headers["Retry-After"] = str(max(settings.api.retry_after, seconds))
    elif response.status == 405 and isinstance(error, MethodError):
        response.headers["Allow"] = ", ".join(error.allowed)
    elif isinstance(error, AuthenticationError):
        response.headers["WWW-Authenticate"] = 'Bearer realm="facever"'
    return Outcome(response, str(row.code), redacted_message(error))


def common_headers(settings: Settings) -> CIMultiDictProxy[str]:
    """The headers of every response."""
    headers = CIMultiDict(
        {
            "Server": "FaceVer",  # without the versions that aiohttp would reveal
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",  # templates, scores and best shots must not stay in a cache
        }
    )
    if "*" in settings.auth.cors_origins:
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    else:
        headers["Vary"] = "Origin"
    return CIMultiDictProxy(headers)
