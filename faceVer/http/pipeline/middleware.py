"""What every request passes: its id, the gate, its time, errors as the contract writes them, headers, one log line."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from time import perf_counter
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler

from faceVer.domain.errors import (
    DeadlineError,
    FaceVerError,
    InternalError,
    MethodError,
    OverloadedError,
    UnknownPathError,
)
from faceVer.http.pipeline.admission import Gate, is_last
from faceVer.http.pipeline.authentication import HEADER as API_KEY
from faceVer.http.pipeline.authentication import KeyMissingError
from faceVer.http.pipeline.error_responses import (
    EXPOSED_HEADERS,
    REQUEST_ID,
    Refusal,
    common_headers,
    refuse,
    refuse_by_router,
)
from faceVer.http.pipeline.routes import ROUTES, UNKNOWN, Route
from faceVer.observability import logs, timings
from faceVer.observability.metrics import GONE, Metrics
from faceVer.observability.timings import Trace
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)

# What a client may send as an id: visible ASCII, short enough for a log line.
_ID = re.compile(r"[\x21-\x7e]{1,128}")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
ALLOWED_HEADERS = ("Content-Type", "Content-Transfer-Encoding", REQUEST_ID, "Accept", "Authorization", API_KEY)
METHODS = "GET, HEAD, POST, OPTIONS"
PREFLIGHT_SECONDS = 600


class Observer:
    """The one middleware."""

    __middleware_version__ = 1

    def __init__(self, settings: Settings, gate: Gate, metrics: Metrics) -> None:
        self._settings, self._gate, self._metrics = settings, gate, metrics
        self._seconds = settings.server.request_timeout
        self._common = common_headers(settings)
        self._origins = frozenset(settings.auth.cors_origins)

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        route = ROUTES.get(request.path, UNKNOWN)
        trace = Trace(comparing=route.comparing)
        given = request.headers.get(REQUEST_ID)
        ident = given if given and _ID.fullmatch(given) else os.urandom(16).hex()
        logs.request_id.set(ident)
        timings.current.set(trace)
        owner = ""
        try:
            if request.method == "OPTIONS" and _is_preflight(request):
                answer = Refusal(_preflight(request), "", "")
            else:
                owner = self._gate.admit(request, route)
                answer = Refusal(await self._in_time(request, handler, trace), "", "")
        except (FaceVerError, KeyMissingError) as error:
            answer = self._refused(request, error)
        except web.HTTPException as error:
            answer = refuse_by_router(request.path, error, self._settings)
        except (asyncio.CancelledError, ConnectionError):
            # The client is gone; there is nobody to answer.
            self._end(request, route, trace, GONE, "", "the client went away", owner)
            raise
        except MemoryError:
            answer = self._refused(request, OverloadedError("no memory is left"))
        except Exception as error:
            # Its words may quote what a client sent; they are for whoever asked for more.
            log.error("%s failed: %s", route.label, logs.where(error))  # noqa: TRY400
            log.debug("%s", error)
            answer = self._refused(request, InternalError(type(error).__name__))
        finally:
            trace.over = True
        response = answer.response
        self._decorate(request, response, ident)
        if is_last(request):
            response.force_close()
        self._end(request, route, trace, response.status, answer.code, answer.detail, owner)
        return response

    async def _in_time(self, request: web.Request, handler: Handler, trace: Trace) -> web.StreamResponse:
        """The handler's answer. Raises DeadlineError, and whatever the handler does."""
        task = cast("asyncio.Task[object]", asyncio.current_task())
        timer = asyncio.get_running_loop().call_later(self._seconds, _expire, task, trace)
        try:
            return await handler(request)
        except asyncio.CancelledError:
            if not trace.late:
                raise
            task.uncancel()
            raise DeadlineError(f"no answer within {self._seconds:g} s") from None
        finally:
            timer.cancel()

    def _refused(self, request: web.Request, error: FaceVerError | KeyMissingError) -> Refusal:
        answer = refuse(request.path, error, self._settings)
        if isinstance(error, OverloadedError):
            self._metrics.overload(error.reason)
        if not request.content.is_eof() and not isinstance(error, (MethodError, UnknownPathError)):
            # The rest of the body is not wanted; keeping the connection would mean reading it.
            answer.response.force_close()
        return answer

    def _decorate(self, request: web.Request, response: web.StreamResponse, ident: str) -> None:
        headers = response.headers
        caching = headers.get("Cache-Control")
        headers.update(self._common)
        if caching is not None:  # a file of ours, which is nobody's secret
            headers["Cache-Control"] = caching
        headers[REQUEST_ID] = ident
        if "*" in self._origins:
            return
        origin = request.headers.get("Origin")
        if origin is None or origin not in self._origins:
            for name in [name for name in headers if name.lower().startswith("access-control-")]:
                del headers[name]
            return
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS

    def _end(
        self, request: web.Request, route: Route, trace: Trace, status: int, code: str, detail: str, owner: str
    ) -> None:
        """Count the request and write its line."""
        seconds = perf_counter() - trace.begun
        received = request.content.total_bytes
        totals = trace.totals()
        self._metrics.request(route.label, status, code, seconds, received)
        if totals:
            self._metrics.traced(trace, totals)
        logs.access.line(
            logging.INFO if status < 500 else logging.ERROR,
            request.method,
            route.label,
            status,
            seconds,
            received=received,
            code=code,
            key=owner,
            detail=detail,
            spent=totals,
        )


def _expire(task: asyncio.Task[object], trace: Trace) -> None:
    trace.late = trace.over = True
    task.cancel()


def _is_preflight(request: web.Request) -> bool:
    return "Origin" in request.headers and "Access-Control-Request-Method" in request.headers


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
