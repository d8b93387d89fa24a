"""/api/users/: accounts and their passwords."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any

from aiohttp import web
from msgspec import UNSET, Struct, UnsetType

from faceVer.domain.accounts import ANALYSIS_RIGHTS, Principal, Role, User
from faceVer.domain.errors import FieldMissingError, PayloadValueError
from faceVer.http.oz.kept.authorize import Credentials
from faceVer.http.oz.kept.common import PLATFORM, object_id, parsed, respond, respond_empty, row
from faceVer.http.oz.kept.metadata import checked, metadata_endpoints
from faceVer.http.oz.kept.people import user_document
from faceVer.http.oz.kept.profiles import Profile, company_of, edited, rights_in, role_of, with_flags, with_rights
from faceVer.http.oz.lists import Filter, Kind, ListSpec, flag, list_query, page_document
from faceVer.http.pipeline.endpoint import Body, Endpoint
from faceVer.http.pipeline.kept_bodies import json_object
from faceVer.http.pipeline.principals import principal
from faceVer.services.accounts.users import NewUser
from faceVer.services.folders.wire_types import doc
from faceVer.services.platform import Platform
from faceVer.services.stored_folders.metadata import Change, replaced

USER = "/api/users/{user_id}/"
LIST = ListSpec(
    {
        "user_id": Filter(Kind.UUID),
        "company_id": Filter(Kind.UUID),
        "user_type": Filter(Kind.CODE, known=tuple(Role)),
        "email": Filter(Kind.TEXT, "email_in_any_case"),
        "is_active": Filter(Kind.BOOLEAN),
        "meta_data": Filter(Kind.JSON),
    },
    ("time_created", "email", "first_name", "last_name"),
)


class Creation(Struct, frozen=True, kw_only=True):
    """The body of a creation."""

    credentials: Annotated[Credentials, doc("Email and password of the account.")]
    profile: Annotated[Profile, doc("Names and role; `user_type`, `first_name` and `last_name` are needed.")]


class Patch(Profile, frozen=True, kw_only=True):
    """Changes of a user: fields of the profile, by themselves or in one."""

    profile: Annotated[Profile | UnsetType, doc("The same fields.")] = UNSET


class PasswordChange(Struct, frozen=True, kw_only=True):
    """old_password: of the own account."""

    new_password: Annotated[str, doc("The password to set.")]
    old_password: Annotated[str | None, doc("The current password; needed for the own account.")] = None


def endpoints() -> Iterator[Endpoint]:
    yield row("POST", "/api/users/", create_user, Body.JSON)
    yield row("GET", "/api/users/", list_users)
    yield row("GET", USER, read_user)
    yield row("PATCH", USER, change_user, Body.JSON)
    yield row("DELETE", USER, delete_user)
    yield row("POST", f"{USER}change-password/", change_password, Body.JSON)
    yield from metadata_endpoints(USER, "user_id", _metadata, _change_metadata)


async def create_user(request: web.Request) -> web.Response:
    """Create an account."""
    users, who, root = request.app[PLATFORM].users, principal(request), await json_object(request)
    given, prefix = parsed(root, Creation), "profile."
    profile, role = given.profile, role_of(given.profile, prefix)
    first, last = profile.first_name, profile.last_name
    if role is None or isinstance(first, UnsetType) or isinstance(last, UnsetType):
        missing = next(name for name in ("user_type", "first_name", "last_name") if getattr(profile, name) is UNSET)
        raise FieldMissingError("a required field is missing", exposed=f"{prefix}{missing}")
    new = NewUser(
        email=given.credentials.email,
        password=given.credentials.password,
        role=with_flags(role, profile),
        first_name=first,
        last_name=last,
        middle_name=profile.middle_name or "",
        company_id=company_of(profile, prefix),
        rights=with_rights(frozenset(ANALYSIS_RIGHTS), rights_in(root["profile"], prefix)),
        meta_data=replaced_metadata(profile),
    )
    return await respond(request, lambda: user_document(users.create(who, new)), 201)


async def list_users(request: web.Request) -> web.Response:
    """List the accounts that one may see."""
    platform, who, with_company = request.app[PLATFORM], principal(request), flag(request, "with_company")
    query = list_query(request, LIST, platform.clock())

    def work() -> dict[str, Any]:
        page = platform.users.list(who, query)
        return page_document(page, [_document(platform, user, with_company) for user in page.items])

    return await respond(request, work)


async def read_user(request: web.Request) -> web.Response:
    """Read an account."""
    platform, who, user_id = request.app[PLATFORM], principal(request), object_id(request, "user_id")
    with_company = flag(request, "with_company")
    return await respond(request, lambda: _document(platform, platform.users.get(who, user_id), with_company))


async def change_user(request: web.Request) -> web.Response:
    """Change an account; its password has an address of its own."""
    platform, who, user_id = request.app[PLATFORM], principal(request), object_id(request, "user_id")
    root = await json_object(request)
    given = parsed(root, Patch)
    inner, nested = given.profile, root.get("profile", {})
    for name, fields in (("password", root), ("credentials", root), ("profile.password", nested)):
        if name.rpartition(".")[2] in fields:
            raise PayloadValueError("a password is changed at change-password/", exposed=name)
    flat_rights, nested_rights = rights_in(root, ""), rights_in(nested, "profile.")
    replaced_metadata(given)
    if not isinstance(inner, UnsetType):
        replaced_metadata(inner)

    def edit(user: User) -> User:
        if not isinstance(inner, UnsetType):
            user = edited(user, inner, nested_rights, "profile.")
        return edited(user, given, flat_rights, "")

    return await respond(request, lambda: user_document(platform.users.change(who, user_id, edit)))


async def delete_user(request: web.Request) -> web.Response:
    """Delete an account and its sessions; its folders stay."""
    users, who, user_id = request.app[PLATFORM].users, principal(request), object_id(request, "user_id")
    return await respond_empty(request, lambda: users.delete(who, user_id))


async def change_password(request: web.Request) -> web.Response:
    """Set a password; it ends all sessions of the account."""
    users, who, user_id = request.app[PLATFORM].users, principal(request), object_id(request, "user_id")
    given = parsed(await json_object(request), PasswordChange)
    return await respond(
        request, lambda: user_document(users.change_password(who, user_id, given.old_password, given.new_password))
    )


def replaced_metadata(given: Profile) -> dict[str, Any]:
    """The metadata that a client sent, {} for none. Raises PayloadError for too much."""
    return checked(replaced(given.meta_data or {}))({})


def _document(platform: Platform, user: User, with_company: bool) -> dict[str, Any]:
    return user_document(user, platform.users.company(user) if with_company else None)


def _metadata(platform: Platform, who: Principal, user_id: str) -> dict[str, Any]:
    return dict(platform.users.get(who, user_id).meta_data)


def _change_metadata(platform: Platform, who: Principal, user_id: str, change: Change) -> dict[str, Any]:
    def edit(user: User) -> User:
        return replace(user, meta_data=change(dict(user.meta_data)))

    return dict(platform.users.change(who, user_id, edit).meta_data)
