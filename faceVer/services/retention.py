"""Retention: what is older than it may be kept loses its personal data, company by company, in batches.

A company sets days by kind of media; FACEVER_RETENTION_DAYS is for kinds that it does not set, and for folders. After
these days media lose their files, and reports that show them; a folder is erased, as `DELETE .../pi/` does, once no
kind of its media may be kept any longer.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from faceVer.domain.accounts import Company
from faceVer.domain.errors import FilesUnavailableError
from faceVer.domain.folders import MediaKind
from faceVer.domain.listing import ListQuery
from faceVer.services.stored_folders.editing import FolderEditor
from faceVer.services.stored_folders.store import FolderStore
from faceVer.storage import audit, companies, files, folders, retention
from faceVer.storage.database import Connection

log = logging.getLogger(__name__)
KINDS: tuple[MediaKind, ...] = get_args(MediaKind)
BATCH = 100
"""Folders or media of one transaction; others write between them."""
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Rule:
    """What to delete of a company. kind: of media whose files go; None = folders are erased. days: they are kept."""

    company: Company
    kind: MediaKind | None
    days: int


@dataclass(frozen=True, slots=True)
class Erased:
    """number: of media or folders."""

    rule: Rule
    number: int


def rules_of(company: Company, default: int) -> list[Rule]:
    """The rules of a company, folders first. default: days of FACEVER_RETENTION_DAYS, 0 = without limit."""
    days = {kind: company.retention.get(kind, default) for kind in KINDS}
    rules = [Rule(company, kind, days[kind]) for kind in KINDS if days[kind]]
    if default and all(days.values()):
        return [Rule(company, None, max(default, *days.values())), *rules]
    return rules


class Retention:
    """For any number of threads. Each batch is an entry of the audit log, with ids and counts only."""

    def __init__(self, store: FolderStore) -> None:
        self._store, self._editor = store, FolderEditor(store)

    def due(self) -> list[Erased]:
        """What `run` would delete now; nothing is changed. Raises DatabaseUnavailableError."""
        with self._store.database.read() as connection:
            return [Erased(rule, self._count(connection, rule)) for rule in self._rules(connection)]

    def run(self) -> list[Erased]:
        """Delete what is due. Raises DatabaseUnavailableError; what was done until then stays done."""
        with self._store.database.read() as connection:
            rules = list(self._rules(connection))
        erased = [Erased(rule, self._apply(rule)) for rule in rules]
        if any(one.number for one in erased):
            self._store.database.forget_deleted()
        return erased

    def _rules(self, connection: Connection) -> Iterator[Rule]:
        for company in companies.page(connection, ListQuery(limit=-1, total=False), None).items:
            if not company.in_deletion:
                yield from rules_of(company, self._store.settings.store.retention_days)

    def _count(self, connection: Connection, rule: Rule) -> int:
        company_id, before = rule.company.company_id, self._before(rule)
        if rule.kind is None:
            return retention.count_folders(connection, company_id, before)
        return retention.count_media(connection, company_id, rule.kind, before)

    def _apply(self, rule: Rule) -> int:
        total = 0
        while True:
            with self._store.database.write() as unit:
                erase = self._erase_folders if rule.kind is None else self._erase_media
                ids, keys = erase(unit, rule)
                if not ids:
                    return total
                self._record(unit, rule, {"ids": ids, "files": len(keys)})
            total += len(ids)
            with contextlib.suppress(FilesUnavailableError):  # the collector of orphans deletes what stays
                self._store.files.delete(keys)

    def _erase_folders(self, unit: Connection, rule: Rule) -> tuple[list[str], list[str]]:
        """(ids of folders, keys of files to delete after the commit)"""
        ids = retention.due_folders(unit, rule.company.company_id, self._before(rule), BATCH)
        return ids, [key for folder_id in ids for key in self._editor.erase_folder(unit, folder_id)]

    def _erase_media(self, unit: Connection, rule: Rule) -> tuple[list[str], list[str]]:
        """(ids of media, keys of files to delete after the commit)"""
        if rule.kind is None:
            raise ValueError("a rule for folders")
        due = retention.due_media(unit, rule.company.company_id, rule.kind, self._before(rule), BATCH)
        keys = retention.file_keys(unit, due)
        files.delete(unit, keys)
        for folder_id in {one.folder_id for one in due}:
            folders.update(unit, folder_id, self._store.clock())
        return [one.media_id for one in due], keys

    def _record(self, unit: Connection, rule: Rule, details: Mapping[str, Any]) -> None:
        company_id, now = rule.company.company_id, self._store.clock()
        kind = rule.kind or "folder"
        log.info("retention: %d of kind %s of company %s", len(details["ids"]), kind, company_id)
        details = {"kind": kind, "days": rule.days, **details}
        audit.record(unit, now, None, "retention.erase", "company", company_id, details, company_id=company_id)

    def _before(self, rule: Rule) -> float:
        return self._store.clock() - rule.days * DAY
