"""The profile in requests about users: which fields the client sends, as a change of a user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, TypeVar

from msgspec import UNSET, Struct, UnsetType

from faceVer.domain.accounts import ANALYSIS_RIGHTS, Role, User
from faceVer.domain.errors import PayloadTypeError, PayloadValueError
from faceVer.http.oz.lists import uuid_text
from faceVer.services.folders.wire_types import doc

T = TypeVar("T")
_PREFIXES = ("can_start_analyse_", "can_start_analysis_")
"""Of the names of rights; the first is that of older clients."""


class Profile(Struct, frozen=True, kw_only=True):
    """What a client sends of a user; every field may be missing."""

    company_id: Annotated[str | UnsetType | None, doc("Id of the company.")] = UNSET
    user_type: Annotated[str | UnsetType, doc("The role, with blanks or underscores.")] = UNSET
    email: Annotated[str | UnsetType, doc("Email address, by which the user signs in.")] = UNSET
    first_name: Annotated[str | UnsetType, doc("First name.")] = UNSET
    last_name: Annotated[str | UnsetType, doc("Last name.")] = UNSET
    middle_name: Annotated[str | UnsetType | None, doc("Middle name.")] = UNSET
    is_active: Annotated[bool | UnsetType, doc("Whether the user may sign in.")] = UNSET
    is_admin: Annotated[bool | UnsetType | None, doc("Of clients of API 5: makes a CLIENT a CLIENT_ADMIN.")] = UNSET
    is_service: Annotated[bool | UnsetType | None, doc("Of clients of API 5: makes a CLIENT a CLIENT_SERVICE.")] = UNSET
    meta_data: Annotated[dict[str, Any] | UnsetType | None, doc("A client's own object.")] = UNSET


def edited(user: User, given: Profile, rights: Mapping[str, bool], prefix: str) -> User:
    """A user with what the client sent. rights: of `rights_in`. prefix: of the fields' names in errors.

    Raises PayloadValueError.
    """
    role = role_of(given, prefix) or user.role
    if given.user_type is UNSET:
        if given.is_admin is False and role is Role.CLIENT_ADMIN:
            role = Role.CLIENT
        if given.is_service is False and role is Role.CLIENT_SERVICE:
            role = Role.CLIENT
    return replace(
        user,
        company_id=company_of(given, prefix) or user.company_id,
        role=with_flags(role, given),
        email=_or(given.email, user.email),
        first_name=_or(given.first_name, user.first_name),
        last_name=_or(given.last_name, user.last_name),
        middle_name=_or(given.middle_name, user.middle_name) or "",
        is_active=_or(given.is_active, user.is_active),
        rights=with_rights(user.rights, rights),
        meta_data=user.meta_data if isinstance(given.meta_data, UnsetType) else given.meta_data or {},
    )


def role_of(given: Profile, prefix: str) -> Role | None:
    """The role that `user_type` names, with blanks or underscores. Raises PayloadValueError."""
    if given.user_type is UNSET:
        return None
    try:
        return Role(given.user_type.strip().upper().replace(" ", "_"))
    except ValueError:
        raise PayloadValueError("unknown value", exposed=f"{prefix}user_type") from None


def with_flags(role: Role, given: Profile) -> Role:
    """A CLIENT with `is_service` or `is_admin`, as clients of API 5 write the roles that have names today."""
    if role is Role.CLIENT and given.is_service is True:
        return Role.CLIENT_SERVICE
    return Role.CLIENT_ADMIN if role is Role.CLIENT and given.is_admin is True else role


def company_of(given: Profile, prefix: str) -> str | None:
    """The id of the company. Raises PayloadValueError."""
    return uuid_text(given.company_id, f"{prefix}company_id") if isinstance(given.company_id, str) else None


def rights_in(profile: Mapping[str, Any], prefix: str) -> dict[str, bool]:
    """The rights that a profile sets. Raises PayloadTypeError."""
    found: dict[str, bool] = {}
    for name in (f"{spelling}{right}" for right in ANALYSIS_RIGHTS for spelling in _PREFIXES):
        if name in profile:
            if not isinstance(profile[name], bool):
                raise PayloadTypeError("not a boolean", exposed=f"{prefix}{name}")
            found[name.rpartition("_")[2]] = profile[name]
    return found


def with_rights(rights: frozenset[str], changes: Mapping[str, bool]) -> frozenset[str]:
    """Rights after changes of them."""
    return frozenset(right for right in ANALYSIS_RIGHTS if changes.get(right, right in rights))


def _or(value: T | UnsetType, default: T) -> T:
    return default if isinstance(value, UnsetType) else value
