"""Admission: the checks a request must pass before its body is read."""

from __future__ import annotations

from aiohttp import web

from faceVer.domain.errors import ConnectionsError
from faceVer.http.pipeline.authentication import Keys
from faceVer.http.pipeline.context import STATE
from faceVer.http.pipeline.endpoint import Access, Endpoint, Lane
from faceVer.http.pipeline.executor import InferenceExecutor
from faceVer.http.pipeline.rate_limit import RateLimit, network
from faceVer.settings.model import Settings


class Admission:
    """Cheap checks only: every request passes them, most of all under overload."""

    def __init__(self, settings: Settings, executor: InferenceExecutor) -> None:
        self._executor = executor
        self._keys = Keys.of(settings)
        self._guarded = settings.auth.metrics_key
        self._rate = RateLimit(settings.auth.rate_limit, settings.auth.rate_burst) if settings.auth.rate_limit else None

    def admit(self, request: web.Request, endpoint: Endpoint) -> str:
        """Admit a request; the name of its key, "" where keys are off.

        Raises AuthenticationError, RateLimitError, ConnectionsError, QueueFullError.
        """
        access = endpoint.access
        if access is Access.OPEN or (access is Access.GUARDED and not self._guarded):
            return ""
        owner = self._keys.owner(request.headers) if self._keys else ""
        if access is Access.GUARDED:
            return owner
        if self._rate is not None:
            # Names and addresses cannot be mixed up: keys are either on or off.
            self._rate.spend(owner or network(request.remote or ""))
        if is_spare(request):
            raise ConnectionsError("the limit of open connections is reached")
        self._check_room(endpoint)
        return owner

    def would_reject(self, request: web.Request, endpoint: Endpoint) -> bool:
        """Whether the request's body need not be sent; the rate is not counted twice."""
        try:
            if self._keys and endpoint.access is Access.KEY:
                self._keys.owner(request.headers)
            self._check_room(endpoint)
        except Exception:
            return True
        return is_spare(request)

    def _check_room(self, endpoint: Endpoint) -> None:
        # A slot is taken when the body has arrived: clients that send slowly must not fill the server.
        if endpoint.lane is not None:
            self._executor.lane(comparing=endpoint.lane is Lane.COMPARISON).check()


def is_spare(request: web.Request) -> bool:
    """Whether the request's connection exceeds the limit and is kept for probes only."""
    return getattr(request.protocol, "is_spare", False) is True


def is_last(request: web.Request) -> bool:
    """Whether the connection closes after this response: it is a spare one, or the server is stopping."""
    if request.app[STATE].draining:
        return getattr(request.protocol, "has_queued_request", False) is not True
    return is_spare(request)


ADMISSION = web.AppKey("admission", Admission)
