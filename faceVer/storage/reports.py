"""Rows of report templates, their attachments, and reports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from faceVer.domain.analyses import StoredImage
from faceVer.domain.errors import ConflictError
from faceVer.domain.listing import ListQuery, Page, Sorting
from faceVer.domain.reports import Attachment, Report, ReportFormat, ReportTemplate, Section
from faceVer.storage.conditions import select_page
from faceVer.storage.files import IMAGE_COLUMNS
from faceVer.storage.tables import attachments, files, report_templates, reports

_COLUMNS = {
    "template_id": report_templates.c.template_id,
    "company_id": report_templates.c.company_id,
    "name": report_templates.c.name,
    "time_created": report_templates.c.created,
    "time_updated": report_templates.c.updated,
}


def insert_template(connection: Connection, template: ReportTemplate) -> None:
    """Raises ConflictError for a name that the company has already."""
    try:
        connection.execute(sa.insert(report_templates).values(_values(template)))
    except IntegrityError:
        raise _name_taken() from None


def update_template(connection: Connection, template: ReportTemplate) -> None:
    """Raises ConflictError for a name that the company has already."""
    found = sa.update(report_templates).where(report_templates.c.template_id == template.template_id)
    try:
        connection.execute(found.values(_values(template)))
    except IntegrityError:
        raise _name_taken() from None


def template(connection: Connection, template_id: str, *, lock: bool = False) -> ReportTemplate | None:
    """lock: until the transaction ends."""
    found = sa.select(report_templates).where(report_templates.c.template_id == template_id)
    row = connection.execute(found.with_for_update() if lock else found).first()
    return None if row is None else _template(row)


def template_of_file(connection: Connection, key: str) -> ReportTemplate | None:
    """The template that a file is an attachment of."""
    joined = report_templates.join(attachments, attachments.c.template_id == report_templates.c.template_id)
    found = sa.select(report_templates).select_from(joined).where(attachments.c.file_key == key)
    row = connection.execute(found).first()
    return None if row is None else _template(row)


def templates(connection: Connection, query: ListQuery, company_id: str | None) -> Page[ReportTemplate]:
    """company_id: of the only company whose templates to list, None = all."""
    statement = sa.select(report_templates)
    if company_id is not None:
        statement = statement.where(report_templates.c.company_id == company_id)
    return select_page(
        connection,
        statement,
        query,
        _COLUMNS,
        _template,
        searched=(report_templates.c.name,),
        default=[Sorting("time_created")],
        key=report_templates.c.template_id,
    )


def delete_template(connection: Connection, template_id: str) -> None:
    """Delete a template and its attachments' rows. Reports made from it stay."""
    connection.execute(sa.delete(report_templates).where(report_templates.c.template_id == template_id))


def insert_attachment(connection: Connection, attachment: Attachment) -> None:
    """Its file must have a row already."""
    connection.execute(
        sa.insert(attachments).values(
            attachment_id=attachment.attachment_id,
            template_id=attachment.template_id,
            name=attachment.name,
            file_key=attachment.image.key,
            created=attachment.created,
        )
    )


def attachments_of(connection: Connection, template_ids: Iterable[str]) -> list[Attachment]:
    """The attachments of templates, oldest first."""
    rows = connection.execute(
        sa.select(
            attachments.c.attachment_id,
            attachments.c.template_id,
            attachments.c.name,
            attachments.c.created,
            *IMAGE_COLUMNS,
        )
        .join(files, files.c.key == attachments.c.file_key)
        .where(attachments.c.template_id.in_(list(template_ids)))
        .order_by(attachments.c.created, attachments.c.attachment_id)
    )
    return [
        Attachment(attachment_id, template_id, name, StoredImage(*image), created)
        for attachment_id, template_id, name, created, *image in rows
    ]


def insert_report(connection: Connection, report: Report) -> None:
    """Its file must have a row already."""
    connection.execute(
        sa.insert(reports).values(
            report_id=report.report_id,
            folder_id=report.folder_id,
            template_id=report.template_id,
            user_id=report.user_id,
            format=report.format.value,
            file_key=report.key,
            created=report.created,
        )
    )


def report(connection: Connection, report_id: str) -> Report | None:
    return next(iter(_reports(connection, reports.c.report_id == report_id)), None)


def reports_of(connection: Connection, folder_id: str) -> list[Report]:
    """The reports of a folder, newest first."""
    return _reports(connection, reports.c.folder_id == folder_id)


def _reports(connection: Connection, condition: sa.ColumnElement[bool]) -> list[Report]:
    found = (
        sa.select(reports, files.c.size)
        .join(files, files.c.key == reports.c.file_key)
        .where(condition)
        .order_by(reports.c.created.desc(), reports.c.report_id)
    )
    return [
        Report(
            row.report_id,
            row.folder_id,
            row.template_id,
            row.user_id,
            ReportFormat(row.format),
            row.file_key,
            row.size,
            row.created,
        )
        for row in connection.execute(found)
    ]


def _values(template: ReportTemplate) -> dict[str, Any]:
    return {
        "template_id": template.template_id,
        "company_id": template.company_id,
        "name": template.name,
        "content": {
            "title": template.title,
            "footer": template.footer,
            "language": template.language,
            "sections": sorted(template.sections),
        },
        "created": template.created,
        "updated": template.updated,
    }


def _template(row: Row[Any]) -> ReportTemplate:
    content = row.content
    return ReportTemplate(
        row.template_id,
        row.company_id,
        row.name,
        row.created,
        row.updated,
        content["title"],
        content["footer"],
        content["language"],
        frozenset(Section(name) for name in content["sections"]),
    )


def _name_taken() -> ConflictError:
    return ConflictError("the company has a template of this name already", exposed="name")
