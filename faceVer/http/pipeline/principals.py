"""The authenticated sender of a request to endpoints that need an access token."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from faceVer.domain.accounts import Principal
from faceVer.domain.errors import AuthenticationError
from faceVer.http.pipeline.admission import Admission
from faceVer.http.pipeline.authentication import key_in
from faceVer.http.pipeline.client_address import client_address
from faceVer.http.pipeline.context import EXECUTOR
from faceVer.http.pipeline.endpoint import Access, Endpoint

Authenticate = Callable[[str, str], Principal]
"""(access token, client's address) -> the sender. Raises AuthenticationError. For a thread: it reads the database."""

AUTHENTICATE: web.AppKey[Authenticate] = web.AppKey("authenticate")
_PRINCIPAL = web.RequestKey("principal", Principal)
_OWNER = web.RequestKey("owner", str)


async def authenticate(request: web.Request, endpoint: Endpoint, admission: Admission) -> None:
    """Authenticate an admitted request by its token, and count it against the rate limit of its sender.

    Raises AuthenticationError, RateLimitError, ThreadStartError, DatabaseUnavailableError.
    """
    request[_OWNER] = owner = await _sender(request, endpoint, admission)
    admission.spend(owner)


async def _sender(request: web.Request, endpoint: Endpoint, admission: Admission) -> str:
    """The id of the user; where the endpoint takes API keys, too, the name of the request's key."""
    if endpoint.access is Access.TOKEN_OR_KEY and (name := admission.key_name(request.headers)):
        return name
    address = client_address(request)
    try:
        found = await request.app[EXECUTOR].storage.run(request.app[AUTHENTICATE], key_in(request.headers), address)
    except AuthenticationError:
        admission.spend(address)  # guesses are limited as any other requests without a known sender
        raise
    request[_PRINCIPAL] = found
    return found.user.user_id


def principal(request: web.Request) -> Principal:
    """The sender of a request to an endpoint with `Access.TOKEN`."""
    return request[_PRINCIPAL]


def owner_of(request: web.Request) -> str:
    """The sender of a request with a token, for the log: the id of the user or the name of the key; "" = unknown."""
    owner: str = request.get(_OWNER, "")
    return owner
