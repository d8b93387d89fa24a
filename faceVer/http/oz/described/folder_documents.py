"""The JSON of responses about folders and operations, for the OpenAPI document; that of folders is in services."""

from __future__ import annotations

from typing import Annotated, Literal

from faceVer.domain.reports import ReportFormat
from faceVer.domain.webhooks import DeliveryState
from faceVer.http.oz.described.account_documents import PageDocument
from faceVer.http.pipeline.wire import WireModel
from faceVer.services.folders.analysis_document import BiometryAnalysis, QualityAnalysis
from faceVer.services.folders.document import FolderDocument
from faceVer.services.folders.wire_types import FileSize, FileUrl, Height, MetaData, Seconds, Share, Uuid, Width, doc

Analysis = QualityAnalysis | BiometryAnalysis
Count = Annotated[int, doc("A number of them.")]


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


class FolderPage(PageDocument, frozen=True, kw_only=True):
    """One page of folders."""

    items: Annotated[list[FolderDocument], doc("The folders.")]


class WebhookPage(PageDocument, frozen=True, kw_only=True):
    """One page of webhooks."""

    items: Annotated[list[WebhookDocument], doc("The webhooks.")]


class TemplatePage(PageDocument, frozen=True, kw_only=True):
    """One page of report templates."""

    items: Annotated[list[TemplateDocument], doc("The templates.")]


class EventSessionPage(PageDocument, frozen=True, kw_only=True):
    """An empty page: the server keeps no telemetry of SDKs."""

    items: Annotated[list[MetaData], doc("Always empty.")]
