"""Admission: the checks a request must pass before its body is read."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from faceVer.domain.errors import AuthenticationError, ConnectionsError, CredentialMissingError
from faceVer.http.pipeline.authentication import Keys, key_in
from faceVer.http.pipeline.client_address import client_address
from faceVer.http.pipeline.context import STATE
from faceVer.http.pipeline.endpoint import WITH_TOKEN, Access, Endpoint
from faceVer.http.pipeline.executor import InferenceExecutor
from faceVer.http.pipeline.rate_limit import RateLimit
from faceVer.settings.model import Settings


class Admission:
    """Only cheap checks, because the server runs them for every request, most often under overload."""

    def __init__(self, settings: Settings, executor: InferenceExecutor) -> None:
        self._executor = executor
        self._keys = Keys.of(settings)
        self._guarded_needs_key = settings.auth.metrics_key
        self._rate = RateLimit(settings.auth.rate_limit, settings.auth.rate_burst) if settings.auth.rate_limit else None

    def admit(self, request: web.Request, endpoint: Endpoint) -> str:
        """Run all checks but that of a token. Returns the name of the request's API key, "" if it needs none.

        Raises AuthenticationError, RateLimitError, ConnectionsError, QueueFullError.
        """
        access = endpoint.access
        if access is Access.OPEN or (access is Access.GUARDED and not self._guarded_needs_key):
            return ""
        owner = self._keys.owner(request.headers) if self._keys and access in (Access.KEY, Access.GUARDED) else ""
        if access is Access.GUARDED:
            return owner
        if access in WITH_TOKEN:
            if not key_in(request.headers):
                raise CredentialMissingError("no access token")
        else:
            self.spend(owner or client_address(request))
        if is_spare(request):
            raise ConnectionsError("the limit of open connections is reached")
        self._check_capacity(endpoint)
        return owner

    def key_name(self, headers: Mapping[str, str]) -> str:
        """The name of the API key in a request's headers, "" if there is no valid one."""
        try:
            return self._keys.owner(headers) if self._keys else ""
        except AuthenticationError:
            return ""

    def spend(self, client: str) -> None:
        """Count a request against the rate limit of a client: a key's name, a user's id or an address.

        Raises RateLimitError.
        """
        if self._rate is not None:
            self._rate.spend(client)

    def would_reject(self, request: web.Request, endpoint: Endpoint) -> bool:
        """Whether `admit` would reject the request, so that the client need not send the body (Expect: 100-continue).

        Does not count the request against the rate limit: `admit` does.
        """
        try:
            if self._keys and endpoint.access is Access.KEY:
                self._keys.owner(request.headers)
            if endpoint.access in WITH_TOKEN and not key_in(request.headers):
                return True
            self._check_capacity(endpoint)
        except Exception:
            return True
        return is_spare(request)

    def _check_capacity(self, endpoint: Endpoint) -> None:
        # A request takes its slot only when its body has arrived, so that slow clients cannot occupy all slots.
        if endpoint.lane is not None:
            self._executor.lane(endpoint.lane).check()


def is_spare(request: web.Request) -> bool:
    """Whether the request's connection exceeds the connection limit, so that it may only be used for probes."""
    return getattr(request.protocol, "is_spare", False) is True


def is_last(request: web.Request) -> bool:
    """Whether to close the connection after this response: it is a spare one, or the server is stopping."""
    if request.app[STATE].draining:
        return getattr(request.protocol, "has_queued_request", False) is not True
    return is_spare(request)


ADMISSION = web.AppKey("admission", Admission)
