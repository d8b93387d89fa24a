"""The JSON of responses about accounts, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, UnsetType

from faceVer.domain.accounts import Role
from faceVer.http.pipeline.wire import WireModel
from faceVer.services.folders.wire_types import MetaData, NoMetaData, Seconds, Uuid, doc


class CompanyDocument(WireModel, frozen=True, kw_only=True):
    """A company."""

    company_id: Annotated[Uuid, doc("Id of the company.")]
    name: Annotated[str, doc("Its name.")]
    in_deletion: Annotated[bool, doc("Whether its contents are being deleted.")]
    technical_meta_data: NoMetaData


class UserDocument(WireModel, frozen=True, kw_only=True):
    """An account."""

    user_id: Annotated[Uuid, doc("Id of the account.")]
    user_type: Annotated[Role, doc("Its role.")]
    company_id: Annotated[Uuid, doc("Id of its company.")]
    email: Annotated[str, doc("Email, as it was entered.")]
    first_name: Annotated[str, doc("First name.")]
    last_name: Annotated[str, doc("Last name.")]
    middle_name: Annotated[str, doc("Middle name; may be empty.")]
    is_active: Annotated[bool, doc("Whether it may sign in.")]
    is_admin: Annotated[bool, doc("Whether it is an ADMIN or a CLIENT_ADMIN.")]
    is_service: Annotated[bool, doc("Whether it is a CLIENT_SERVICE.")]
    can_start_analysis_biometry: Annotated[bool, doc("Whether it may start analyses of this type.")]
    can_start_analysis_collection: Annotated[bool, doc("Whether it may start analyses of this type.")]
    can_start_analysis_documents: Annotated[bool, doc("Whether it may start analyses of this type.")]
    can_start_analysis_quality: Annotated[bool, doc("Whether it may start analyses of this type.")]
    meta_data: Annotated[MetaData, doc("A client's own object.")]
    technical_meta_data: NoMetaData
    company: Annotated[CompanyDocument | UnsetType, doc("The company, if `with_company`.")] = UNSET


class TokenDocument(WireModel, frozen=True, kw_only=True):
    """A long-lived token of a service account."""

    token_id: Annotated[Uuid, doc("Id of the session.")]
    user_id: Annotated[Uuid, doc("Id of the account.")]
    access_token: Annotated[str, doc("The token, for the header; shown once.")]
    expire_date: Annotated[Seconds, doc("When it ends, in Unix seconds.")]
    session_id: Annotated[Literal[0], doc("Of older versions of the Oz API; always 0.")]


class SignedInDocument(WireModel, frozen=True, kw_only=True):
    """A session that begins."""

    user: Annotated[UserDocument, doc("The account.")]
    token_id: Annotated[Uuid, doc("Id of the session.")]
    access_token: Annotated[str, doc("The token, for the header; shown once.")]
    expire_token: Annotated[str, doc("The token that begins another session in place of this one; shown once.")]
    expire_date: Annotated[Seconds, doc("When the session ends if it is not used, in Unix seconds.")]
    session_id: Annotated[Literal[0], doc("Of older versions of the Oz API; always 0.")]


class SessionDocument(WireModel, frozen=True, kw_only=True):
    """A session."""

    token_id: Annotated[Uuid, doc("Id of the session.")]
    user_id: Annotated[Uuid, doc("Id of the account.")]
    time_created: Annotated[Seconds, doc("When it began, in Unix seconds.")]
    expire_date: Annotated[Seconds, doc("When it ends, in Unix seconds.")]
    is_service: Annotated[bool, doc("Whether it is that of a service token.")]
    address: Annotated[str, doc("Address of the client that began it.")]
    is_current: Annotated[bool, doc("Whether it is that of this request.")]


class AuditDocument(WireModel, frozen=True, kw_only=True):
    """A change that somebody made."""

    time: Annotated[Seconds, doc("When, in Unix seconds.")]
    company_id: Annotated[Uuid | None, doc("Company of the object; null where it has none.")]
    user_id: Annotated[Uuid | None, doc("Who; null for the server itself.")]
    action: Annotated[str, doc("What was done.")]
    object: Annotated[str, doc("Kind of the object.")]
    object_id: Annotated[str | None, doc("Id of the object.")]
    address: Annotated[str, doc("Address of the client; may be empty.")]
    details: Annotated[MetaData, doc("What else is known of the change.")]


class RetentionDocument(WireModel, frozen=True, kw_only=True):
    """How many days the media of a company are kept."""

    image: Annotated[int | None, doc("Days of images; 0 = without limit; null = as `default` says.")]
    video: Annotated[int | None, doc("Days of videos; 0 = without limit; null = as `default` says.")]
    shots_set: Annotated[int | None, doc("Days of archives; 0 = without limit; null = as `default` says.")]
    default: Annotated[int, doc("Days of all others; 0 = without limit.")]


class PageDocument(WireModel, frozen=True, kw_only=True):
    """One page of a list."""

    offset: Annotated[int, doc("Items before the page.")]
    limit: Annotated[int, doc("Most items of the page.")]
    total_count: Annotated[int | None, doc("Number of all matches; null if `total_omit`.")]
    items: Any


class UserPage(PageDocument, frozen=True, kw_only=True):
    """One page of accounts."""

    items: Annotated[list[UserDocument], doc("The accounts.")]


class CompanyPage(PageDocument, frozen=True, kw_only=True):
    """One page of companies."""

    items: Annotated[list[CompanyDocument], doc("The companies.")]


class SessionPage(PageDocument, frozen=True, kw_only=True):
    """One page of sessions."""

    items: Annotated[list[SessionDocument], doc("The sessions.")]


class AuditPage(PageDocument, frozen=True, kw_only=True):
    """One page of changes."""

    items: Annotated[list[AuditDocument], doc("The changes.")]
