"""The middleware: request id, admission, deadline, error responses, common headers, metrics and the access log."""

from __future__ import annotations

import asyncio
import logging
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
    SystemLimitError,
    UnknownPathError,
)
from faceVer.http.pipeline import cors
from faceVer.http.pipeline.admission import Admission, is_last
from faceVer.http.pipeline.endpoint import WITH_TOKEN, Endpoint, EndpointTable, Lane
from faceVer.http.pipeline.error_responses import REQUEST_ID, Outcome, common_headers, error_outcome
from faceVer.http.pipeline.principals import authenticate, owner_of
from faceVer.observability import timings
from faceVer.observability.access_log import access_log
from faceVer.observability.logs import traceback_text
from faceVer.observability.metrics import CLIENT_CLOSED, Metrics
from faceVer.observability.request_id import new_request_id, request_id
from faceVer.observability.shortage import tells_of_shortage
from faceVer.observability.timings import Trace
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)

NOT_IMPLEMENTED = 501
"""Of what the documents describe and the server does not have: no fault of the server."""

# A request id that the server accepts from a client: visible ASCII, short enough for a log line.
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")


class RequestMiddleware:
    """Runs for every request, around its handler."""

    __middleware_version__ = 1

    def __init__(self, settings: Settings, table: EndpointTable, admission: Admission, metrics: Metrics) -> None:
        self._settings, self._table, self._admission, self._metrics = settings, table, admission, metrics
        self._seconds = settings.server.request_timeout
        self._common = common_headers(settings)
        self._origins = frozenset(settings.auth.cors_origins)

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        endpoint = self._table.find(request)
        trace = Trace(lane=(endpoint.lane or Lane.INFERENCE).value)
        given = request.headers.get(REQUEST_ID)
        ident = given if given and _REQUEST_ID.fullmatch(given) else new_request_id()
        request_id.set(ident)
        timings.current.set(trace)
        owner = ""
        try:
            if request.method == "OPTIONS" and cors.is_preflight(request):
                outcome = Outcome(cors.preflight_response(request, self._table))
            else:
                owner = self._admission.admit(request, endpoint)
                outcome = Outcome(await self._within_deadline(request, endpoint, trace))
        except FaceVerError as error:
            outcome = self._error_outcome(request, endpoint, error)
        except web.HTTPException as error:
            outcome = Outcome(error, "", error.reason)
        except (asyncio.CancelledError, ConnectionError):
            # The client has disconnected and gets no response.
            self._finish(
                request, endpoint, trace, Outcome(web.Response(status=CLIENT_CLOSED), "", "the client went away"), owner
            )
            raise
        except Exception as error:
            if tells_of_shortage(error):
                outcome = self._error_outcome(request, endpoint, SystemLimitError(type(error).__name__))
            else:
                outcome = self._defect(request, endpoint, error)
        finally:
            trace.finished = True
        response = outcome.response
        self._add_headers(request, response, ident)
        if is_last(request):
            response.force_close()
        self._finish(request, endpoint, trace, outcome, owner)
        return response

    async def _within_deadline(self, request: web.Request, endpoint: Endpoint, trace: Trace) -> web.StreamResponse:
        """The handler's response. Raises DeadlineError, and what the handler raises."""
        task = cast("asyncio.Task[object]", asyncio.current_task())
        timer = asyncio.get_running_loop().call_later(self._seconds, _expire, task, trace)
        try:
            if endpoint.access in WITH_TOKEN:
                await authenticate(request, endpoint, self._admission)
            return await endpoint.handler(request)
        except asyncio.CancelledError:
            if not trace.deadline_exceeded:
                raise
            task.uncancel()
            raise DeadlineError(f"no response within {self._seconds:g} s") from None
        finally:
            timer.cancel()

    def _defect(self, request: web.Request, endpoint: Endpoint, error: Exception) -> Outcome:
        # The message may contain client data, so the server logs it at DEBUG only.
        log.error("%s failed: %s", endpoint.label, traceback_text(error))
        log.debug("%s", error)
        return self._error_outcome(request, endpoint, InternalError(type(error).__name__))

    def _error_outcome(self, request: web.Request, endpoint: Endpoint, error: FaceVerError) -> Outcome:
        """The error response; closes the connection after it if the body was not read."""
        outcome = error_outcome(endpoint.family, error, self._settings)
        if isinstance(error, OverloadedError):
            self._metrics.overload(error.reason)
        if not request.content.is_eof() and not isinstance(error, (MethodError, UnknownPathError)):
            # To keep the connection, the server would have to read the rest of a body that it rejects.
            outcome.response.force_close()
        return outcome

    def _add_headers(self, request: web.Request, response: web.StreamResponse, ident: str) -> None:
        headers = response.headers
        cache_control = headers.get("Cache-Control")
        headers.update(self._common)
        if cache_control is not None:  # of a static file, which is public
            headers["Cache-Control"] = cache_control
        headers[REQUEST_ID] = ident
        cors.allow_origin(headers, request.headers.get("Origin"), self._origins)

    def _finish(self, request: web.Request, endpoint: Endpoint, trace: Trace, outcome: Outcome, owner: str) -> None:
        """Count the request and write its log line."""
        seconds = perf_counter() - trace.started
        received = request.content.total_bytes
        totals = trace.totals()
        status, code = outcome.response.status, outcome.code
        self._metrics.request(endpoint.label, status, code, seconds, received)
        if totals:
            self._metrics.count_stages(trace, totals)
        access_log.line(
            logging.INFO if status < 500 or status == NOT_IMPLEMENTED else logging.ERROR,
            request.method,
            endpoint.label,
            status,
            seconds,
            received=received,
            code=code,
            key=owner or owner_of(request),
            detail=outcome.detail,
            timings=totals,
        )


def _expire(task: asyncio.Task[object], trace: Trace) -> None:
    trace.deadline_exceeded = trace.finished = True
    task.cancel()
