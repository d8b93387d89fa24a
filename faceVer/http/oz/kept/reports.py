"""Report templates, their attachments, and reports of folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import UNSET, Struct, UnsetType

from faceVer.domain.accounts import Principal
from faceVer.domain.analyses import JpegImage
from faceVer.domain.errors import SampleError
from faceVer.domain.reports import Attachment, Report, ReportFormat, ReportTemplate, Section
from faceVer.http.oz.kept.common import PLATFORM, object_id, parsed, respond, respond_empty, row, stored, view
from faceVer.http.oz.lists import Filter, Kind, ListSpec, list_query, page_document, uuid_text
from faceVer.http.pipeline.context import ENGINE, EXECUTOR, SETTINGS
from faceVer.http.pipeline.endpoint import Body, Endpoint
from faceVer.http.pipeline.forms.spooled import SpooledFile
from faceVer.http.pipeline.kept_bodies import json_object, received_form
from faceVer.http.pipeline.principals import principal
from faceVer.media.decoder import Decoder
from faceVer.services.folders.presentation import Presentation
from faceVer.services.folders.wire_types import doc
from faceVer.services.reports.templates import MOST_ATTACHMENTS, TemplateService, read_logo
from faceVer.settings.model import Settings

TEMPLATE = "/api/report_templates/{template_id}/"
ATTACHMENTS = f"{TEMPLATE}attachments/"
REPORTS, REPORT = "/api/folders/{folder_id}/reports/", "/api/reports/{report_id}/"
LIST = ListSpec(
    {
        "template_id": Filter(Kind.UUID),
        "company_id": Filter(Kind.UUID),
        "name": Filter(Kind.TEXT),
        "time_created": Filter(Kind.TIME),
        "time_updated": Filter(Kind.TIME),
    },
    ("time_created", "time_updated", "name"),
)


class SectionsPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sections to switch on or off."""

    media: Annotated[bool | UnsetType, doc("Names, sizes and times of media.")] = UNSET
    thumbnails: Annotated[bool | UnsetType, doc("Pictures of media, and best shots.")] = UNSET
    analyses: Annotated[bool | UnsetType, doc("Statuses, scores and thresholds.")] = UNSET
    decisions: Annotated[bool | UnsetType, doc("What operators decided and wrote.")] = UNSET
    metadata: Annotated[bool | UnsetType, doc("What clients attached.")] = UNSET


class TemplatePatch(Struct, frozen=True, kw_only=True):
    """What a client sets of a template."""

    name: Annotated[str | UnsetType, doc("Name of the template; no other of the company has it.")] = UNSET
    title: Annotated[str | UnsetType, doc("Title of the report.")] = UNSET
    footer: Annotated[str | UnsetType, doc("Text at the end of each page.")] = UNSET
    language: Annotated[str | UnsetType, doc("Language of the report: en or ru.")] = UNSET
    sections: Annotated[SectionsPatch | UnsetType, doc("Parts of the report.")] = UNSET


class TemplateCreation(TemplatePatch, frozen=True, kw_only=True):
    """A new template."""

    name: Annotated[str, doc("Name of the template; no other of the company has it.")]
    company_id: Annotated[str | None, doc("Id of the company; by default one's own.")] = None


class ReportRequest(Struct, frozen=True, kw_only=True):
    """A report to make."""

    template_id: Annotated[str | None, doc("Id of the template; by default the server's own layout.")] = None
    format: Annotated[Literal["pdf", "json"], doc("Format of the file.")] = "pdf"


def endpoints() -> Iterator[Endpoint]:
    yield row("POST", "/api/report_templates/", create_template, Body.JSON)
    yield row("GET", "/api/report_templates/", list_templates)
    yield row("GET", TEMPLATE, read_template)
    yield row("PATCH", TEMPLATE, change_template, Body.JSON)
    yield row("DELETE", TEMPLATE, delete_template)
    yield row("GET", ATTACHMENTS, list_attachments)
    yield row("POST", ATTACHMENTS, add_attachments, Body.FORM)
    yield row("DELETE", f"{ATTACHMENTS}{{attachment_id}}/", delete_attachment)
    yield row("POST", REPORTS, create_report, Body.JSON)
    yield row("GET", REPORTS, list_reports)
    yield row("GET", REPORT, read_report)
    yield row("DELETE", REPORT, delete_report)


async def create_template(request: web.Request) -> web.Response:
    """Create a report template."""
    templates, who = request.app[PLATFORM].templates, principal(request)
    given = parsed(await json_object(request), TemplateCreation)
    company_id = uuid_text(given.company_id, "company_id") if given.company_id is not None else None
    return await respond(request, lambda: _template(templates.create(who, company_id, _edit(given))), 201)


async def list_templates(request: web.Request) -> web.Response:
    """List the report templates that one may see."""
    platform, who = request.app[PLATFORM], principal(request)
    query = list_query(request, LIST, platform.clock())

    def work() -> dict[str, Any]:
        page = platform.templates.list(who, query)
        return page_document(page, [_template(template) for template in page.items])

    return await respond(request, work)


async def read_template(request: web.Request) -> web.Response:
    """Read a report template."""
    templates, who, template_id = _of_template(request)
    return await respond(request, lambda: _template(templates.get(who, template_id)))


async def change_template(request: web.Request) -> web.Response:
    """Change a report template; sections that are not sent stay as they are."""
    templates, who, template_id = _of_template(request)
    given = parsed(await json_object(request), TemplatePatch)
    return await respond(request, lambda: _template(templates.change(who, template_id, _edit(given))))


async def delete_template(request: web.Request) -> web.Response:
    """Delete a report template with its attachments; reports made from it stay."""
    templates, who, template_id = _of_template(request)
    return await respond_empty(request, lambda: templates.delete(who, template_id))


async def list_attachments(request: web.Request) -> web.Response:
    """List the pictures of a report template."""
    templates, who, template_id = _of_template(request)
    seen = view(request)
    return await respond(request, lambda: [_attachment(one, seen) for one in templates.attachments(who, template_id)])


async def add_attachments(request: web.Request) -> web.Response:
    """Add pictures to a report template; responds with those added."""
    templates, who, template_id = _of_template(request)
    seen, settings = view(request), request.app[SETTINGS]
    await stored(request, lambda: templates.check_attach(who, template_id))
    async with received_form(request) as form:
        if not 0 < len(form.files) <= MOST_ATTACHMENTS:
            raise SampleError("no picture, or too many", exposed="attachments")
        lane, decoder = request.app[EXECUTOR].media, request.app[ENGINE].decoder
        with lane.slot():
            pictures = [await lane.run(partial(_read, decoder, file, settings)) for file in form.files]

    def work() -> list[dict[str, Any]]:
        added = set(templates.attach(who, template_id, pictures))
        found = templates.attachments(who, template_id)
        return [_attachment(one, seen) for one in found if one.attachment_id in added]

    return await respond(request, work, 201)


async def delete_attachment(request: web.Request) -> web.Response:
    """Delete a picture of a report template."""
    templates, who, template_id = _of_template(request)
    attachment_id = object_id(request, "attachment_id")
    return await respond_empty(request, lambda: templates.detach(who, template_id, attachment_id))


async def create_report(request: web.Request) -> web.Response:
    """Make a report of a folder as it is now."""
    reports, who, seen = request.app[PLATFORM].reports, principal(request), view(request)
    folder_id = object_id(request, "folder_id")
    given = parsed(await json_object(request), ReportRequest)
    template_id = uuid_text(given.template_id, "template_id") if given.template_id is not None else None
    form, lane = ReportFormat(given.format), request.app[EXECUTOR].media
    with lane.slot():  # it decodes pictures and draws pages, for seconds at worst
        report = await lane.run(lambda: reports.create(who, folder_id, template_id, form))
    return await respond(request, lambda: _report(report, seen), 201)


async def list_reports(request: web.Request) -> web.Response:
    """List the reports of a folder, the newest first."""
    reports, who, seen = request.app[PLATFORM].reports, principal(request), view(request)
    folder_id = object_id(request, "folder_id")
    return await respond(request, lambda: [_report(one, seen) for one in reports.list(who, folder_id)])


async def read_report(request: web.Request) -> web.Response:
    """Read a report: where its file is."""
    reports, who, seen = request.app[PLATFORM].reports, principal(request), view(request)
    report_id = object_id(request, "report_id")
    return await respond(request, lambda: _report(reports.get(who, report_id), seen))


async def delete_report(request: web.Request) -> web.Response:
    """Delete a report and its file."""
    reports, who, report_id = request.app[PLATFORM].reports, principal(request), object_id(request, "report_id")
    return await respond_empty(request, lambda: reports.delete(who, report_id))


def _of_template(request: web.Request) -> tuple[TemplateService, Principal, str]:
    """(the service, the sender, the template's id)"""
    return request.app[PLATFORM].templates, principal(request), object_id(request, "template_id")


def _edit(given: TemplatePatch) -> Callable[[ReportTemplate], ReportTemplate]:
    def edit(template: ReportTemplate) -> ReportTemplate:
        changes: dict[str, Any] = {
            name: value
            for name in ("name", "title", "footer", "language")
            if (value := getattr(given, name)) is not UNSET
        }
        switched = {section: getattr(given.sections, section, UNSET) for section in Section}
        on = frozenset(
            section
            for section, value in switched.items()
            if (section in template.sections if value is UNSET else value)
        )
        return replace(template, sections=on, **changes)

    return edit


def _read(decoder: Decoder, file: SpooledFile, settings: Settings) -> tuple[str, JpegImage]:
    """(name, picture) of an attachment. For an inference thread. Raises SampleError, TooLargeError."""
    file.decode(settings)
    with file.open() as stream:
        return file.filename or file.name, read_logo(decoder, stream.read(), settings)


def _template(template: ReportTemplate) -> dict[str, Any]:
    return {
        "template_id": template.template_id,
        "company_id": template.company_id,
        "name": template.name,
        "title": template.title,
        "language": template.language,
        "sections": {section.value: section in template.sections for section in Section},
        "footer": template.footer,
        "time_created": template.created,
        "time_updated": template.updated,
    }


def _attachment(attachment: Attachment, seen: Presentation) -> dict[str, Any]:
    image = attachment.image
    return {
        "attachment_id": attachment.attachment_id,
        "template_id": attachment.template_id,
        "name": attachment.name,
        "mime_type": image.mime,
        "size": image.size,
        "width": image.width,
        "height": image.height,
        "url": _url(seen, attachment.template_id, image.key),
        "time_created": attachment.created,
    }


def _report(report: Report, seen: Presentation) -> dict[str, Any]:
    return {
        "report_id": report.report_id,
        "folder_id": report.folder_id,
        "template_id": report.template_id,
        "user_id": report.user_id,
        "format": report.format.value,
        "name": report.filename,
        "size": report.size,
        "url": _url(seen, report.folder_id, report.key),
        "time_created": report.created,
    }


def _url(seen: Presentation, parent_id: str, key: str) -> str | None:
    return seen.address(parent_id, key) if seen.address else None
