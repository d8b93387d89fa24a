"""Errors as answers: in the shape of the path's family, with what a client may need to come again."""

from __future__ import annotations

import math
from typing import NamedTuple

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from faceVer.domain.errors import FaceVerError, RateLimitError, UnknownPathError
from faceVer.http.pipeline.authentication import KeyMissingError
from faceVer.http.pipeline.context import CONSOLE_LIVENESS, INSTANT, LIVENESS
from faceVer.http.pipeline.responses import error_response, instant_response, json_response
from faceVer.observability import logs
from faceVer.settings.model import Settings

REQUEST_ID = "X-Request-ID"
EXPOSED_HEADERS = f"{REQUEST_ID}, Content-Transfer-Encoding, Retry-After"
# The contract has no keys; the number is the first that it leaves free among what is wrong with a request.
_NO_KEY = {"en": "API key missing or wrong", "ru": "Ключ API отсутствует или неверен"}
_NO_KEY_CODES = {False: "BPE-002008", True: "LDE-002008"}


class Refusal(NamedTuple):
    """An answer, its contract code, and why, for the log."""

    response: web.StreamResponse
    code: str
    detail: str


def refuse(path: str, error: FaceVerError | KeyMissingError, settings: Settings, status: int | None = None) -> Refusal:
    """The answer to a request that ends with `error`. path: the request's. status: instead of the code's own."""
    instant = f"{path}/".startswith(f"{INSTANT}/")
    liveness = instant or f"{path}/".startswith((f"{LIVENESS}/", f"{CONSOLE_LIVENESS}/"))
    if isinstance(error, KeyMissingError):
        return _no_key(error, settings.api.language, instant=instant, liveness=liveness)
    retry_after = settings.api.retry_after
    if isinstance(error, RateLimitError):
        retry_after = max(retry_after, math.ceil(error.seconds))
    response = (
        instant_response(error, language=settings.api.language, retry_after=retry_after)
        if instant
        else error_response(
            error, liveness=liveness, language=settings.api.language, retry_after=retry_after, status=status
        )
    )
    return Refusal(response, error.liveness if liveness else error.pattern, logs.reason(error))


def refuse_by_router(path: str, error: web.HTTPException, settings: Settings) -> Refusal:
    """aiohttp's own refusals in the contract's shape."""
    if isinstance(error, web.HTTPNotFound):
        return refuse(path, UnknownPathError("no such path"), settings, status=404)
    return Refusal(error, "", error.reason)


def _no_key(error: KeyMissingError, language: str, *, instant: bool, liveness: bool) -> Refusal:
    code, words = _NO_KEY_CODES[liveness], _NO_KEY[language]
    body = {"error_code": 0, "error_message": words, "details": None} if instant else {"code": code, "message": words}
    response = json_response(body, status=401)
    response.headers["WWW-Authenticate"] = 'Bearer realm="facever"'
    return Refusal(response, code, str(error))


def common_headers(settings: Settings) -> CIMultiDictProxy[str]:
    """The headers of every answer, whoever asked."""
    headers = CIMultiDict(
        {
            "Server": "FaceVer",  # without the versions that aiohttp would tell
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",  # templates, scores and best shots are nobody's but the caller's
        }
    )
    if "*" in settings.auth.cors_origins:
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    else:
        headers["Vary"] = "Origin"
    return CIMultiDictProxy(headers)
