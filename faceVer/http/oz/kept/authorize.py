"""/api/authorize/ and /api/sessions/: signing in and out, refreshing, service tokens, sessions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from aiohttp import web
from msgspec import Struct

from faceVer.domain.accounts import Session
from faceVer.domain.errors import CredentialMissingError, NotRealizedError
from faceVer.http.oz.kept.common import PLATFORM, object_id, parsed, respond, respond_empty, row
from faceVer.http.oz.kept.people import user_document
from faceVer.http.oz.lists import ListSpec, list_query, page_document, uuid_text
from faceVer.http.pipeline.authentication import key_in
from faceVer.http.pipeline.client_address import client_address
from faceVer.http.pipeline.endpoint import Access, Body, Endpoint
from faceVer.http.pipeline.kept_bodies import json_object
from faceVer.http.pipeline.principals import principal
from faceVer.services.accounts.sessions import SignedIn
from faceVer.services.folders.wire_types import doc

SERVICE = "/api/authorize/service_token/"
SESSIONS = ListSpec({}, ("time_created",))


class Credentials(Struct, frozen=True, kw_only=True):
    """Who signs in."""

    email: Annotated[str, doc("Email of the account, in any letter case.")]
    password: Annotated[str, doc("Its password.")]


class SignIn(Struct, frozen=True, kw_only=True):
    """The body of a sign-in."""

    credentials: Annotated[Credentials, doc("The account.")]


class Refresh(Struct, frozen=True, kw_only=True):
    """The body of a refresh."""

    expire_token: Annotated[str, doc("That of the session which ends.")]


def endpoints() -> Iterator[Endpoint]:
    yield row("POST", "/api/authorize/auth/", sign_in, Body.JSON, Access.ANYONE)
    yield row("POST", "/api/authorize/refresh/", refresh, Body.JSON, Access.ANYONE)
    yield row("DELETE", "/api/authorize/", sign_out)
    for method in ("GET", "POST"):
        yield row(method, SERVICE, own_service_token)
        yield row(method, f"{SERVICE}{{user_id}}/", service_token)
    yield row("POST", "/api/authorize/auth_restore/", not_realized, Body.JSON, Access.ANYONE)
    yield row("GET", "/api/authorize/session_token/", not_realized, access=Access.ANYONE)
    yield row("GET", "/api/sessions/", list_sessions)
    yield row("DELETE", "/api/sessions/{token_id}/", end_session)


async def sign_in(request: web.Request) -> web.Response:
    """Begin a session."""
    sessions, address = request.app[PLATFORM].sessions, client_address(request)
    given = parsed(await json_object(request), SignIn).credentials
    return await respond(request, lambda: _signed_in(sessions.sign_in(given.email, given.password, address)))


async def refresh(request: web.Request) -> web.Response:
    """Begin a session in place of one that ends; the old one works until the new one is first used."""
    sessions, address, access = request.app[PLATFORM].sessions, client_address(request), key_in(request.headers)
    if not access:
        raise CredentialMissingError("no access token")
    token = parsed(await json_object(request), Refresh).expire_token
    return await respond(request, lambda: _signed_in(sessions.refresh(access, token, address)))


async def sign_out(request: web.Request) -> web.Response:
    """End the session in use."""
    sessions, who = request.app[PLATFORM].sessions, principal(request)
    return await respond_empty(request, lambda: sessions.sign_out(who))


async def own_service_token(request: web.Request) -> web.Response:
    """Make a long-lived token of the own service account."""
    sessions, who = request.app[PLATFORM].sessions, principal(request)
    return await respond(request, lambda: _service_token(sessions.service_token(who, None)))


async def service_token(request: web.Request) -> web.Response:
    """Make a long-lived token of a service account or an operator."""
    sessions, who, user_id = request.app[PLATFORM].sessions, principal(request), object_id(request, "user_id")
    return await respond(request, lambda: _service_token(sessions.service_token(who, user_id)))


async def list_sessions(request: web.Request) -> web.Response:
    """List the own sessions, or with `user_id` those of a user that one may change."""
    platform, who = request.app[PLATFORM], principal(request)
    user_id = uuid_text(request.query["user_id"], "user_id") if "user_id" in request.query else who.user.user_id
    query = list_query(request, SESSIONS, platform.clock())

    def work() -> dict[str, Any]:
        page = platform.sessions.list(who, user_id, query)
        return page_document(page, [_session(session, who.token_id) for session in page.items])

    return await respond(request, work)


async def end_session(request: web.Request) -> web.Response:
    """End a session, the own one or that of a user that one may change."""
    sessions, who, token_id = request.app[PLATFORM].sessions, principal(request), object_id(request, "token_id")
    return await respond_empty(request, lambda: sessions.end(who, token_id))


async def not_realized(request: web.Request) -> web.Response:
    """Reject what the server does not have."""
    raise NotRealizedError("not realized")


def _signed_in(signed: SignedIn) -> dict[str, Any]:
    return {
        "user": user_document(signed.user),
        "token_id": signed.session.token_id,
        "access_token": signed.access_token,
        "expire_token": signed.expire_token,
        "expire_date": signed.session.expires,
        "session_id": 0,  # of older versions of the Oz API
    }


def _service_token(signed: SignedIn) -> dict[str, Any]:
    return {
        "token_id": signed.session.token_id,
        "user_id": signed.user.user_id,
        "access_token": signed.access_token,
        "expire_date": signed.session.expires,
        "session_id": 0,
    }


def _session(session: Session, used: str) -> dict[str, Any]:
    return {
        "token_id": session.token_id,
        "user_id": session.user_id,
        "time_created": session.created,
        "expire_date": session.expires,
        "is_service": session.is_service,
        "address": session.address,
        "is_current": session.token_id == used,
    }
