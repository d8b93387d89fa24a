"""Report templates and their attachments: creating, reading, changing, deleting."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from faceVer.domain.accounts import Principal
from faceVer.domain.analyses import JpegImage
from faceVer.domain.errors import FilesUnavailableError, NotFoundError, PayloadValueError, RuleError
from faceVer.domain.files import FileKind
from faceVer.domain.listing import ListQuery, Page
from faceVer.domain.permissions import Resource, Scope, Verb, scope_of
from faceVer.domain.reports import LANGUAGES, Attachment, ReportTemplate
from faceVer.media.decoder import Decoder
from faceVer.media.jpeg import encode_jpeg
from faceVer.services.rules import media_limits
from faceVer.services.stored_folders.intake import put_picture, stored_image, stored_keys
from faceVer.services.stored_folders.store import FolderStore
from faceVer.settings.model import Settings
from faceVer.storage import audit, companies, files, reports
from faceVer.storage.database import Connection

LONGEST = {"name": 200, "title": 200, "footer": 500}
MOST_ATTACHMENTS = 10
LOGO_SIDE, LOGO_QUALITY = 1000, 90
"""Longest side, in pixels, and JPEG quality of an attachment as it is stored."""


class TemplateService:
    """For any number of threads. Each change is an entry of the audit log."""

    def __init__(self, store: FolderStore) -> None:
        self._store = store

    def create(
        self, principal: Principal, company_id: str | None, edit: Callable[[ReportTemplate], ReportTemplate]
    ) -> ReportTemplate:
        """company_id: None = the principal's. edit: fills an empty template.

        Raises ForbiddenError, NotFoundError (the company), RuleError (it is being deleted), ConflictError (the name),
        PayloadValueError.
        """
        store, now = self._store, self._store.clock()
        company_id = company_id or principal.user.company_id
        store.access.check(principal, Resource.REPORT_TEMPLATE, Verb.CREATE, company_id=company_id)
        template = _checked(edit(ReportTemplate(store.new_id(), company_id, "", now, now)))
        with store.database.write() as unit:
            company = companies.get(unit, company_id, lock=True)
            if company is None:
                raise NotFoundError("no such company")
            if company.in_deletion:
                raise RuleError("the company is being deleted", exposed="The company is being deleted")
            reports.insert_template(unit, template)
            self._record(unit, principal, "report_template.create", template, template.template_id)
        return template

    def get(self, principal: Principal, template_id: str) -> ReportTemplate:
        """Raises NotFoundError, ForbiddenError."""
        with self._store.database.read() as connection:
            return self._find(connection, principal, template_id, Verb.READ)

    def list(self, principal: Principal, query: ListQuery) -> Page[ReportTemplate]:
        """A page of the templates that the principal may see."""
        everything = scope_of(principal.role, Resource.REPORT_TEMPLATE, Verb.READ) is Scope.ALL
        with self._store.database.read() as connection:
            return reports.templates(connection, query, None if everything else principal.user.company_id)

    def change(
        self, principal: Principal, template_id: str, edit: Callable[[ReportTemplate], ReportTemplate]
    ) -> ReportTemplate:
        """Raises NotFoundError, ForbiddenError, ConflictError (the name), PayloadValueError."""
        with self._store.database.write() as unit:
            found = self._find(unit, principal, template_id, Verb.UPDATE, lock=True)
            template = _checked(replace(edit(found), updated=self._store.clock()))
            reports.update_template(unit, template)
            self._record(unit, principal, "report_template.update", template, template_id)
        return template

    def delete(self, principal: Principal, template_id: str) -> None:
        """Delete a template and its attachments; reports made from it stay. Raises NotFoundError, ForbiddenError."""
        with self._store.database.write() as unit:
            template = self._find(unit, principal, template_id, Verb.DELETE, lock=True)
            keys = [one.image.key for one in reports.attachments_of(unit, [template_id])]
            files.delete(unit, keys)
            reports.delete_template(unit, template_id)
            self._record(unit, principal, "report_template.delete", template, template_id)
        self._delete_files(keys)

    def attachments(self, principal: Principal, template_id: str) -> Sequence[Attachment]:
        """Oldest first. Raises NotFoundError, ForbiddenError."""
        with self._store.database.read() as connection:
            self._find(connection, principal, template_id, Verb.READ, Resource.ATTACHMENT)
            return reports.attachments_of(connection, [template_id])

    def check_attach(self, principal: Principal, template_id: str) -> None:
        """Before the picture is received. Raises NotFoundError, ForbiddenError."""
        with self._store.database.read() as connection:
            self._find(connection, principal, template_id, Verb.CREATE, Resource.ATTACHMENT)

    def attach(
        self, principal: Principal, template_id: str, pictures: Sequence[tuple[str, JpegImage]]
    ) -> Sequence[str]:
        """Add pictures: names and JPEGs. Returns the ids of the attachments.

        Raises NotFoundError, ForbiddenError, RuleError (too many).
        """
        store, now = self._store, self._store.clock()
        with store.database.read() as connection:
            template = self._find(connection, principal, template_id, Verb.CREATE, Resource.ATTACHMENT)
        common = {"company_id": template.company_id, "folder_id": None, "created": now}
        with stored_keys(store.files) as keys:
            records = [put_picture(store.files, one, FileKind.ATTACHMENT, common, keys) for _, one in pictures]
            ids = [store.new_id() for _ in records]
            with store.database.write() as unit:
                self._find(unit, principal, template_id, Verb.CREATE, Resource.ATTACHMENT, lock=True)
                if len(reports.attachments_of(unit, [template_id])) + len(records) > MOST_ATTACHMENTS:
                    raise RuleError("too many", exposed=f"A template may have {MOST_ATTACHMENTS} attachments")
                files.insert(unit, records)
                for attachment_id, (name, _), record in zip(ids, pictures, records, strict=True):
                    image = stored_image(record)
                    reports.insert_attachment(
                        unit, Attachment(attachment_id, template_id, name[: LONGEST["name"]], image, now)
                    )
                    self._record(unit, principal, "attachment.create", template, attachment_id)
        return ids

    def detach(self, principal: Principal, template_id: str, attachment_id: str) -> None:
        """Delete an attachment. Raises NotFoundError, ForbiddenError."""
        with self._store.database.write() as unit:
            template = self._find(unit, principal, template_id, Verb.DELETE, Resource.ATTACHMENT, lock=True)
            found = reports.attachments_of(unit, [template_id])
            keys = [one.image.key for one in found if one.attachment_id == attachment_id]
            if not keys:
                raise NotFoundError("no such attachment")
            files.delete(unit, keys)
            self._record(unit, principal, "attachment.delete", template, attachment_id)
        self._delete_files(keys)

    def _find(
        self,
        connection: Connection,
        principal: Principal,
        template_id: str,
        verb: Verb,
        resource: Resource = Resource.REPORT_TEMPLATE,
        *,
        lock: bool = False,
    ) -> ReportTemplate:
        template = reports.template(connection, template_id, lock=lock)
        if template is None:
            raise NotFoundError("no such report template")
        self._store.access.check(principal, resource, verb, company_id=template.company_id)
        return template

    def _delete_files(self, keys: Sequence[str]) -> None:
        with contextlib.suppress(FilesUnavailableError):  # the collector of orphans deletes what stays
            self._store.files.delete(keys)

    def _record(
        self, unit: Connection, principal: Principal, action: str, template: ReportTemplate, object_id: str
    ) -> None:
        kind, now = action.partition(".")[0], self._store.clock()
        audit.record(unit, now, principal, action, kind, object_id, company_id=template.company_id)


def _checked(template: ReportTemplate) -> ReportTemplate:
    """Raises PayloadValueError."""
    if not template.name.strip() or not template.name.isprintable():
        raise PayloadValueError("not a name of one line", exposed="name")
    if template.language not in LANGUAGES:
        raise PayloadValueError(f"not one of {', '.join(LANGUAGES)}", exposed="language")
    for field, longest in LONGEST.items():
        if len(getattr(template, field)) > longest:
            raise PayloadValueError(f"longer than {longest} characters", exposed=field)
    return template


def read_logo(decoder: Decoder, data: bytes, settings: Settings) -> JpegImage:
    """A picture as it is attached: on white, without what else the file holds. Raises SampleError."""
    picture, _ = decoder.picture(data, media_limits(settings), LOGO_SIDE)
    return encode_jpeg(picture, LOGO_SIDE, LOGO_QUALITY)
