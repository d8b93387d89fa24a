"""Responses to malformed HTTP: aiohttp reports it before there is a request for the application."""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.web_request import BaseRequest

from faceVer.domain.errors import FaceVerError, InternalError, SystemLimitError, TooLargeError, UnknownPathError
from faceVer.http.pipeline.endpoint import EndpointTable
from faceVer.http.pipeline.error_responses import REQUEST_ID, common_headers, error_outcome
from faceVer.observability.access_log import access_log
from faceVer.observability.logs import traceback_text
from faceVer.observability.metrics import BAD_HTTP, Metrics
from faceVer.observability.request_id import new_request_id, request_id
from faceVer.observability.shortage import tells_of_shortage
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)


class MalformedHttp:
    """Makes, counts and logs these responses. table: says which API family the path belongs to."""

    def __init__(self, settings: Settings, metrics: Metrics, table: EndpointTable) -> None:
        self._settings, self._metrics, self._table = settings, metrics, table
        self._headers = common_headers(settings)

    def respond(self, request: BaseRequest, error: BaseException | None, message: str | None) -> web.StreamResponse:
        """The response to what aiohttp made of a malformed request; the connection closes after it."""
        ident = new_request_id()
        request_id.set(ident)
        status, cause = self._cause(error, message)
        outcome = error_outcome(self._table.family_of(request.path), cause, self._settings, status=status)
        outcome.response.headers.update(self._headers)
        outcome.response.headers[REQUEST_ID] = ident
        outcome.response.force_close()
        self._metrics.request(BAD_HTTP, status, outcome.code, 0.0)
        level = logging.ERROR if status >= 500 else logging.INFO
        access_log.line(level, "-", BAD_HTTP, status, 0.0, code=outcome.code, detail=outcome.detail)
        return outcome.response

    def _cause(self, error: BaseException | None, message: str | None) -> tuple[int, FaceVerError]:
        """(status, error of the domain)."""
        if isinstance(error, LineTooLong):
            return 431, TooLargeError("a header, the request line or the head is too long")
        if isinstance(error, HttpProcessingError):
            return 400, UnknownPathError(f"malformed HTTP ({type(error).__name__})")
        if error is not None and tells_of_shortage(error):
            return 503, SystemLimitError(type(error).__name__)
        log.error("a response failed: %s", traceback_text(error) if error else message)
        return 500, InternalError(type(error).__name__)


def log_connection_error(error: BaseException | None) -> None:
    """Log what ends a connection instead of a response, and drop its traceback.

    A body that breaks off or cannot be decompressed is the client's error, and its request has a log line; anything
    else is a defect of the server.
    """
    if isinstance(error, (web.RequestPayloadError, HttpProcessingError, ConnectionError)):
        log.debug("a connection ended with %s", type(error).__name__)
    else:
        log.error("a connection failed: %s", traceback_text(error) if error else "")
    if error is not None:
        error.__traceback__ = None  # it refers to aiohttp's frame, which keeps the body, which keeps the error
