"""Reports of folders: making, listing, reading, deleting them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from faceVer.domain.accounts import Principal
from faceVer.domain.analyses import JpegImage, StoredImage
from faceVer.domain.errors import FilesUnavailableError, NotFoundError, RuleError, SampleError
from faceVer.domain.files import FileKind, FileRecord
from faceVer.domain.folders import Folder
from faceVer.domain.permissions import Resource, Verb
from faceVer.domain.reports import Attachment, Report, ReportFormat, ReportTemplate
from faceVer.media.decoder import Decoder
from faceVer.media.jpeg import encode_jpeg
from faceVer.services.reports.content import Composer, Content
from faceVer.services.rules import media_limits
from faceVer.services.stored_folders.intake import stored_keys
from faceVer.services.stored_folders.store import FolderStore, owner_of
from faceVer.services.wire_json import json_bytes
from faceVer.storage import audit, companies, files, folders, reports
from faceVer.storage.blobs.files import FileStorage
from faceVer.storage.blobs.names import new_key
from faceVer.storage.database import Connection

MOST_REPORTS = 100
SIDE, QUALITY = 400, 80
"""Longest side, in pixels, and JPEG quality of pictures in a report."""
MIMES = {ReportFormat.PDF: "application/pdf", ReportFormat.JSON: "application/json"}


class ReportService:
    """For any number of threads. Each change is an entry of the audit log."""

    def __init__(self, store: FolderStore, decoder: Decoder) -> None:
        self._store, self._decoder = store, decoder

    def create(self, principal: Principal, folder_id: str, template_id: str | None, form: ReportFormat) -> Report:
        """Make a report of the folder as it is now. template_id: None = the built-in template.

        Raises NotFoundError, ForbiddenError, RuleError (a template of another company, too many reports, the folder
        changed meanwhile).
        """
        store, now, report_id = self._store, self._store.clock(), self._store.new_id()
        with store.database.read() as connection:
            header = self._folder(connection, principal, folder_id, Verb.CREATE)
            template, attachments = self._template(connection, principal, template_id, header, now)
            (folder,) = folders.load(connection, [header])
            company = companies.get(connection, owner_of(header).company_id)
        composer = Composer(template.sections, self._picture)
        content = composer.compose(template, folder, company, report_id, principal.user.user_id, now)
        data = json_bytes(content) if form is ReportFormat.JSON else self._pdf(content, attachments)
        with stored_keys(store.files) as keys:
            record = _put(store.files, data, form, folder, now, keys)
            report = Report(
                report_id, folder_id, template_id, principal.user.user_id, form, record.key, record.size, now
            )
            with store.database.write() as unit:
                again = self._folder(unit, principal, folder_id, Verb.CREATE, lock=True)
                if again.updated != folder.updated:  # its media may have been erased
                    raise RuleError("the folder changed meanwhile", exposed="The folder changed meanwhile, try again")
                if len(reports.reports_of(unit, folder_id)) >= MOST_REPORTS:
                    raise RuleError("too many reports", exposed=f"A folder may have {MOST_REPORTS} reports")
                files.insert(unit, [record])
                reports.insert_report(unit, report)
                self._record(unit, principal, "report.create", folder, report_id)
        return report

    def list(self, principal: Principal, folder_id: str) -> Sequence[Report]:
        """The reports of a folder, newest first. Raises NotFoundError, ForbiddenError."""
        with self._store.database.read() as connection:
            self._folder(connection, principal, folder_id, Verb.READ)
            return reports.reports_of(connection, folder_id)

    def get(self, principal: Principal, report_id: str) -> Report:
        """Raises NotFoundError, ForbiddenError."""
        with self._store.database.read() as connection:
            return self._find(connection, principal, report_id, Verb.READ)[0]

    def delete(self, principal: Principal, report_id: str) -> None:
        """Delete a report and its file. Raises NotFoundError, ForbiddenError."""
        with self._store.database.write() as unit:
            report, folder = self._find(unit, principal, report_id, Verb.DELETE)
            files.delete(unit, [report.key])
            self._record(unit, principal, "report.delete", folder, report_id)
        with contextlib.suppress(FilesUnavailableError):  # the collector of orphans deletes what stays
            self._store.files.delete([report.key])

    def _find(self, connection: Connection, principal: Principal, report_id: str, verb: Verb) -> tuple[Report, Folder]:
        report = reports.report(connection, report_id)
        if report is None:
            raise NotFoundError("no such report")
        return report, self._folder(connection, principal, report.folder_id, verb)

    def _folder(
        self, connection: Connection, principal: Principal, folder_id: str, verb: Verb, *, lock: bool = False
    ) -> Folder:
        """The header of a folder, if the principal may do that with its reports."""
        folder = folders.header(connection, folder_id, lock=lock)
        if folder is None:
            raise NotFoundError("no such folder")
        self._store.check(principal, folder, verb, Resource.REPORT)
        return folder

    def _template(
        self, connection: Connection, principal: Principal, template_id: str | None, folder: Folder, now: float
    ) -> tuple[ReportTemplate, Sequence[Attachment]]:
        company_id = owner_of(folder).company_id
        if template_id is None:
            return ReportTemplate("", company_id, "", now, now), []
        template = reports.template(connection, template_id)
        if template is None:
            raise NotFoundError("no such report template")
        self._store.access.check(principal, Resource.REPORT_TEMPLATE, Verb.READ, company_id=template.company_id)
        if template.company_id not in (company_id, companies.system_company(connection).company_id):
            raise RuleError("a template of another company", exposed="The template is of another company")
        return template, reports.attachments_of(connection, [template_id])

    def _pdf(self, content: Content, attachments: Sequence[Attachment]) -> bytes:
        from faceVer.services.reports.pdf import render  # fpdf2 is loaded by the first report only

        return render(content, [logo for one in attachments if (logo := self._picture(one.image))])

    def _picture(self, image: StoredImage) -> JpegImage | None:
        """A stored picture, reduced; None if it was deleted or cannot be read. Raises FilesUnavailableError."""
        try:
            data = self._store.files.read(image.key)
            picture, _ = self._decoder.picture(data, media_limits(self._store.settings), SIDE)
        except (NotFoundError, SampleError):
            return None
        return encode_jpeg(picture, SIDE, QUALITY)

    def _record(self, unit: Connection, principal: Principal, action: str, folder: Folder, report_id: str) -> None:
        details, company_id = {"folder_id": folder.folder_id}, owner_of(folder).company_id
        now = self._store.clock()
        audit.record(unit, now, principal, action, "report", report_id, details, company_id=company_id)


def _put(
    storage: FileStorage, data: bytes, form: ReportFormat, folder: Folder, now: float, keys: list[str]
) -> FileRecord:
    key = new_key(form.value)
    keys.append(key)
    written = storage.put(key, [data])
    return FileRecord(
        key=key,
        company_id=owner_of(folder).company_id,
        folder_id=folder.folder_id,
        kind=FileKind.REPORT,
        mime=MIMES[form],
        md5=written.md5,
        sha256=written.sha256,
        size=written.size,
        created=now,
    )
