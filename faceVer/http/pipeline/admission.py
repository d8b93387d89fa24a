"""What a request must pass before its body is read: its key, its client's rate, and room in the server."""

from __future__ import annotations

from aiohttp import web

from faceVer.domain.errors import ConnectionsError
from faceVer.http.pipeline.authentication import Keys
from faceVer.http.pipeline.context import CONSOLE_STATUS, PROBES
from faceVer.http.pipeline.executor import InferencePool
from faceVer.http.pipeline.rate_limit import RateLimit, network
from faceVer.http.pipeline.routes import METRICS_PATH, Route
from faceVer.settings.model import Settings

GUARDED = (METRICS_PATH, CONSOLE_STATUS)
"""Open paths that need a key, too, with the setting `metrics_key`."""


class Gate:
    """Cheap checks only: they are made for every request, and most of all when there are too many."""

    def __init__(self, settings: Settings, pool: InferencePool) -> None:
        self._pool = pool
        self._keys = Keys.of(settings)
        self._guarded = GUARDED if settings.auth.metrics_key else ()
        self._rate = RateLimit(settings.auth.rate_limit, settings.auth.rate_burst) if settings.auth.rate_limit else None

    def admit(self, request: web.Request, route: Route) -> str:
        """Let a request in, or not; the name of its key, "" where keys are off.

        Raises KeyMissingError, RateLimitError, ConnectionsError, QueueFullError.
        """
        if route.open and route.label not in self._guarded:
            return ""
        owner = self._keys.owner(request.headers) if self._keys else ""
        if route.open:
            return owner
        if self._rate is not None:
            # Names and addresses cannot be mixed up: keys are either on or off.
            self._rate.spend(owner or network(request.remote or ""))
        if is_spare(request):
            raise ConnectionsError("as many connections are open as may")
        self._room(request, route)
        return owner

    def would_refuse(self, request: web.Request, route: Route) -> bool:
        """Whether it is no use to ask for the request's body; the rate is not counted twice."""
        try:
            if self._keys and not route.open:
                self._keys.owner(request.headers)
            self._room(request, route)
        except Exception:
            return True
        return is_spare(request)

    def _room(self, request: web.Request, route: Route) -> None:
        if route.work and request.method == "POST":
            # The place itself is taken when the body is in: clients that send slowly must not fill the server.
            self._pool.lane(comparing=route.comparing).check()


def is_spare(request: web.Request) -> bool:
    """Whether the request's connection is one past the limit, kept for probes only."""
    return getattr(request.protocol, "spare", False) is True


def is_last(request: web.Request) -> bool:
    """Whether the connection is to be closed after the answer: it is a spare one, or the server is stopping."""
    if request.app[PROBES].draining:
        return getattr(request.protocol, "more", False) is not True
    return is_spare(request)


GATE = web.AppKey("gate", Gate)
"""Here, because the route table, which the gate reads, needs the other keys."""
