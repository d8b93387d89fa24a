"""What every request passes: its id, cross-origin headers, errors as the contract writes them, one log line."""

from __future__ import annotations

import logging
import re
import time
import uuid

from aiohttp import web
from aiohttp.typedefs import Handler

from faceVer.api.context import INSTANT, LIVENESS, SETTINGS
from faceVer.api.responses import error_response, instant_response
from faceVer.errors import FaceVerError, InternalError, MethodError, UnknownPathError
from faceVer.logs import request_id

log = logging.getLogger("faceVer.access")

REQUEST_ID = "X-Request-ID"
# What a client may send as an id: visible ASCII, short enough for a log line.
_ID = re.compile(r"[\x21-\x7e]{1,128}")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
ALLOWED_HEADERS = ("Content-Type", "Content-Transfer-Encoding", REQUEST_ID, "Accept", "Authorization")
EXPOSED_HEADERS = f"{REQUEST_ID}, Content-Transfer-Encoding, Retry-After"
METHODS = "GET, HEAD, POST, OPTIONS"
PREFLIGHT_SECONDS = 600


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id, answer errors and preflights, log one line."""
    start = time.perf_counter()
    given = request.headers.get(REQUEST_ID, "")
    ident = given if _ID.fullmatch(given) else uuid.uuid4().hex
    request_id.set(ident)
    code = detail = ""
    try:
        if _is_preflight(request):
            response: web.StreamResponse = _preflight(request)
        else:
            response = await handler(request)
    except FaceVerError as error:
        response, code, detail = _refused(request, error)
    except web.HTTPException as error:
        response, code, detail = _refused_by_router(request, error)
    except ConnectionError:
        raise  # the client is gone; there is nobody to answer
    except Exception as error:
        log.exception("%s %s failed", request.method, request.path)
        response, code, detail = _refused(request, InternalError(f"{type(error).__name__}"))
    _cross_origin(request, response)
    response.headers[REQUEST_ID] = ident
    level = logging.INFO if response.status < 500 else logging.ERROR
    log.log(
        level,
        "%s %s %d %.1f ms%s%s",
        request.method,
        request.path,
        response.status,
        (time.perf_counter() - start) * 1e3,
        f" {code}" if code else "",
        f" {detail!r}" if detail else "",
    )
    return response


def _refused(request: web.Request, error: FaceVerError, status: int | None = None) -> tuple[web.Response, str, str]:
    settings = request.app[SETTINGS]
    instant = f"{request.path}/".startswith(f"{INSTANT}/")
    liveness = instant or f"{request.path}/".startswith(f"{LIVENESS}/")
    if instant:
        response = instant_response(error, language=settings.language, retry_after=settings.retry_after)
    else:
        response = error_response(
            error, liveness=liveness, language=settings.language, retry_after=settings.retry_after, status=status
        )
    if not request.content.is_eof() and not isinstance(error, (MethodError, UnknownPathError)):
        # The rest of the body is not wanted; keeping the connection would mean reading it.
        response.force_close()
    return response, error.liveness if liveness else error.pattern, str(error)


def _refused_by_router(request: web.Request, error: web.HTTPException) -> tuple[web.StreamResponse, str, str]:
    """aiohttp's own refusals in the contract's shape."""
    if isinstance(error, web.HTTPNotFound):
        return _refused(request, UnknownPathError("no such path"), status=404)
    return error, "", error.reason


def _is_preflight(request: web.Request) -> bool:
    return (
        request.method == "OPTIONS"
        and "Origin" in request.headers
        and "Access-Control-Request-Method" in request.headers
    )


def _preflight(request: web.Request) -> web.Response:
    asked = [name.strip() for name in request.headers.get("Access-Control-Request-Headers", "").split(",")]
    known = {name.lower() for name in ALLOWED_HEADERS}
    # Old pages send headers of the full product's (tokens); without credentials there is no harm in letting them.
    extra = [name for name in asked[:32] if _TOKEN.fullmatch(name) and name.lower() not in known]
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": ", ".join([*ALLOWED_HEADERS, *extra]),
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        },
    )


def _cross_origin(request: web.Request, response: web.StreamResponse) -> None:
    origins = request.app[SETTINGS].cors_origins
    origin = request.headers.get("Origin")
    if "*" in origins:
        response.headers["Access-Control-Allow-Origin"] = "*"
    else:
        response.headers["Vary"] = "Origin"
        if origin is None or origin not in origins:
            for name in [name for name in response.headers if name.lower().startswith("access-control-")]:
                del response.headers[name]
            return
        response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
