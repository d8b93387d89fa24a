"""The authenticated sender of a request to endpoints that need an access token."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from faceVer.domain.accounts import Principal
from faceVer.domain.errors import AuthenticationError, CredentialMissingError
from faceVer.http.pipeline.authentication import Keys, key_in
from faceVer.http.pipeline.client_address import client_address
from faceVer.http.pipeline.context import EXECUTOR, SETTINGS
from faceVer.http.pipeline.endpoint import Access, Endpoint

Authenticate = Callable[[str, str], Principal]
"""(access token, client's address) -> the sender. Raises AuthenticationError. For a thread: it reads the database."""

AUTHENTICATE: web.AppKey[Authenticate] = web.AppKey("authenticate")
_PRINCIPAL = web.RequestKey("principal", Principal)


async def authenticated(request: web.Request, endpoint: Endpoint) -> str:
    """Authenticate a request by its token. Returns the id of the user, or the name of an API key.

    Raises CredentialMissingError, CredentialInvalidError, CredentialExpiredError, UserBlockedError.
    """
    if endpoint.access is Access.TOKEN_OR_KEY and request.app[SETTINGS].auth.api_keys:
        try:
            return Keys.of(request.app[SETTINGS]).owner(request.headers)
        except AuthenticationError:
            if AUTHENTICATE not in request.app:
                raise
    token = key_in(request.headers)
    if not token:
        raise CredentialMissingError("no access token")
    found = await request.app[EXECUTOR].storage.run(request.app[AUTHENTICATE], token, client_address(request))
    request[_PRINCIPAL] = found
    return found.user.user_id


def principal(request: web.Request) -> Principal:
    """The sender of a request to an endpoint with `Access.TOKEN`."""
    return request[_PRINCIPAL]
