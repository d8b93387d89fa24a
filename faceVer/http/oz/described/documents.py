"""The JSON of responses about accounts and operations, for the OpenAPI document; that of folders is in services."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, UnsetType

from faceVer.domain.accounts import Role
from faceVer.domain.reports import ReportFormat
from faceVer.domain.webhooks import DeliveryState
from faceVer.http.pipeline.wire import WireModel
from faceVer.services.folders.analysis_document import BiometryAnalysis, QualityAnalysis
from faceVer.services.folders.document import FolderDocument
from faceVer.services.folders.wire_types import (
    FileSize,
    FileUrl,
    Height,
    MetaData,
    NoMetaData,
    Seconds,
    Share,
    Uuid,
    Width,
    doc,
)

Analysis = QualityAnalysis | BiometryAnalysis
Count = Annotated[int, doc("A number of them.")]


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


class WebhookDocument(WireModel, frozen=True, kw_only=True):
    """A webhook of a finished group of analyses."""

    delivery_id: Annotated[Uuid, doc("Id of the webhook; a receiver recognizes repetitions by it.")]
    folder_id: Annotated[Uuid, doc("Id of the folder.")]
    group_id: Annotated[Uuid, doc("Id of the group of analyses.")]
    company_id: Annotated[Uuid, doc("Id of the company.")]
    url: Annotated[str, doc("Where it is sent.")]
    state: Annotated[DeliveryState, doc("Whether it waits for an attempt, was delivered, or was given up.")]
    attempts: Annotated[int, doc("Attempts that have begun.")]
    error: Annotated[str | None, doc("What the last attempt ended with; null without an error.")]
    time_created: Annotated[Seconds, doc("When it was last due for the first time, in Unix seconds.")]
    time_due: Annotated[Seconds | None, doc("When the next attempt is, in Unix seconds; null where there is none.")]
    time_delivered: Annotated[Seconds | None, doc("When the receiver confirmed it, in Unix seconds.")]


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


class StatisticsItem(WireModel, frozen=True, kw_only=True):
    """Folders or analyses of a type, of a day and a company."""

    day: Annotated[str | None, doc("The day in UTC, `YYYY-MM-DD`; null in totals.")]
    company_id: Annotated[Uuid | None, doc("Id of the company; null in totals.")]
    type: Annotated[Literal["FOLDER", "QUALITY", "BIOMETRY"], doc("What is counted.")]
    total: Count
    results: Annotated[dict[str, Count], doc("Numbers by result.")]
    errors: Annotated[dict[str, Count], doc("Numbers of failed analyses by the kind of failure.")]
    conversion: Annotated[Share | None, doc("Share of SUCCESS among what ended; null if nothing did.")]
    error_rate: Annotated[Share | None, doc("Share of FAILED among what ended; null if nothing did.")]
    seconds_median: Annotated[Seconds | None, doc("Median of the seconds that analyses took; null without any.")]
    seconds_p95: Annotated[Seconds | None, doc("Their 95th percentile.")]


class StatisticsDocument(WireModel, frozen=True, kw_only=True):
    """Counts by day and company."""

    totals: Annotated[list[StatisticsItem], doc("One for each type, over all days and companies.")]
    items: Annotated[list[StatisticsItem], doc("The latest day first, by company and type.")]


class StatusDocument(WireModel, frozen=True, kw_only=True):
    """Whether the server can work."""

    status: Annotated[Literal["ok"], doc("Always `ok`; otherwise the response is an error.")]


class VersionDocument(WireModel, frozen=True, kw_only=True):
    """The version."""

    version: Annotated[str, doc("The version of the Oz API, and that of the server.")]


class ConfigDocument(WireModel, frozen=True, kw_only=True):
    """Settings that clients ask for."""

    timezone: Annotated[Literal["UTC"], doc("Always `UTC`.")]


class SectionsDocument(WireModel, frozen=True, kw_only=True):
    """Parts of a report, and whether it has them."""

    media: Annotated[bool, doc("Names, sizes and times of media.")]
    thumbnails: Annotated[bool, doc("Pictures of media, and best shots.")]
    analyses: Annotated[bool, doc("Statuses, scores and thresholds.")]
    decisions: Annotated[bool, doc("What operators decided and wrote.")]
    metadata: Annotated[bool, doc("What clients attached to folder and media.")]


class TemplateDocument(WireModel, frozen=True, kw_only=True):
    """A template of reports."""

    template_id: Annotated[Uuid, doc("Id of the template.")]
    company_id: Annotated[Uuid, doc("Id of its company.")]
    name: Annotated[str, doc("Its name; no other of the company has it.")]
    title: Annotated[str, doc("Title of the report; empty = the language's own.")]
    language: Annotated[str, doc("Language of the report.")]
    sections: Annotated[SectionsDocument, doc("Parts of the report.")]
    footer: Annotated[str, doc("Text at the end of each page.")]
    time_created: Annotated[Seconds, doc("When it was created, in Unix seconds.")]
    time_updated: Annotated[Seconds, doc("When it was last changed, in Unix seconds.")]


class AttachmentDocument(WireModel, frozen=True, kw_only=True):
    """A picture of a template."""

    attachment_id: Annotated[Uuid, doc("Id of the picture.")]
    template_id: Annotated[Uuid, doc("Id of the template.")]
    name: Annotated[str, doc("Name of the file.")]
    mime_type: Annotated[str, doc("Type of the file.")]
    size: FileSize
    width: Width
    height: Height
    url: FileUrl
    time_created: Annotated[Seconds, doc("When it was added, in Unix seconds.")]


class ReportDocument(WireModel, frozen=True, kw_only=True):
    """A report of a folder."""

    report_id: Annotated[Uuid, doc("Id of the report.")]
    folder_id: Annotated[Uuid, doc("Id of the folder.")]
    template_id: Annotated[Uuid | None, doc("Id of the template; null without one.")]
    user_id: Annotated[Uuid | None, doc("Who made it.")]
    format: Annotated[ReportFormat, doc("Format of the file.")]
    name: Annotated[str, doc("Name of the file.")]
    size: FileSize
    url: FileUrl
    time_created: Annotated[Seconds, doc("When it was made, in Unix seconds.")]


class PageDocument(WireModel, frozen=True, kw_only=True):
    """One page of a list."""

    offset: Annotated[int, doc("Items before the page.")]
    limit: Annotated[int, doc("Most items of the page.")]
    total_count: Annotated[int | None, doc("Number of all matches; null if `total_omit`.")]
    items: Any


class FolderPage(PageDocument, frozen=True, kw_only=True):
    """One page of folders."""

    items: Annotated[list[FolderDocument], doc("The folders.")]


class UserPage(PageDocument, frozen=True, kw_only=True):
    """One page of accounts."""

    items: Annotated[list[UserDocument], doc("The accounts.")]


class CompanyPage(PageDocument, frozen=True, kw_only=True):
    """One page of companies."""

    items: Annotated[list[CompanyDocument], doc("The companies.")]


class SessionPage(PageDocument, frozen=True, kw_only=True):
    """One page of sessions."""

    items: Annotated[list[SessionDocument], doc("The sessions.")]


class WebhookPage(PageDocument, frozen=True, kw_only=True):
    """One page of webhooks."""

    items: Annotated[list[WebhookDocument], doc("The webhooks.")]


class AuditPage(PageDocument, frozen=True, kw_only=True):
    """One page of changes."""

    items: Annotated[list[AuditDocument], doc("The changes.")]


class TemplatePage(PageDocument, frozen=True, kw_only=True):
    """One page of report templates."""

    items: Annotated[list[TemplateDocument], doc("The templates.")]


class EventSessionPage(PageDocument, frozen=True, kw_only=True):
    """An empty page: the server keeps no telemetry of SDKs."""

    items: Annotated[list[MetaData], doc("Always empty.")]
