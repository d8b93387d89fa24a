"""Running the analyses of a group, apart from requests. May run again after a crash: only one run takes effect."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from faceVer.domain.analyses import BestShot, Failure, FailureKind, JpegImage, MediaScore, Outcome, QualityOutcome
from faceVer.domain.errors import DatabaseUnavailableError, FilesUnavailableError, InferenceError, NotFoundError
from faceVer.domain.files import FileKind, FileRecord
from faceVer.domain.folders import Folder, MediaItem, PlannedAnalysis
from faceVer.services.folders.decide import Match, decide_outcome
from faceVer.services.folders.examine import Examiner
from faceVer.services.folders.findings import Findings
from faceVer.services.folders.plan import extraction_for
from faceVer.services.folders.planned import PlannedMedium
from faceVer.services.folders.resolution import analysis_status, folder_status
from faceVer.services.rules import media_limits
from faceVer.services.stored_folders.intake import put_picture, stored_image
from faceVer.services.stored_folders.store import FolderStore, owner_of
from faceVer.storage import analyses, files, folders, media
from faceVer.storage.database import Connection

log = logging.getLogger(__name__)


class Announce(Protocol):
    """Puts the webhook of a finished group into the outbox, in the transaction of `connection`. url: None = none."""

    def __call__(
        self, connection: Connection, *, folder_id: str, group_id: str, company_id: str, url: str | None
    ) -> None: ...


class GroupRunner:
    """Synchronous, without state between calls, for any number of threads."""

    def __init__(self, store: FolderStore, examiner: Examiner, match: Match, announce: Announce) -> None:
        self._store, self._examiner, self._match, self._announce = store, examiner, match, announce

    def run(self, group_id: str) -> None:
        """Run what is left of a group. Does nothing if it has finished, or was deleted.

        Raises what makes a further try worthwhile: InferenceError, DatabaseUnavailableError, FilesUnavailableError.
        """
        store = self._store
        with store.database.read() as connection:
            planned = analyses.planned(connection, group_id)
            group = analyses.group(connection, group_id)
            if group is None or group.finished is not None:
                return
            folder = folders.header(connection, group.folder_id)
            items = {one.item.media_id: one.item for one in media.of_folders(connection, [group.folder_id])}
        if folder is None:
            return
        findings = self._examine(planned, items)
        outcomes = {one.analysis_id: self._outcome(one, findings) for one in planned}
        self._finish(group_id, folder, outcomes)

    def fail(self, unit: Connection, group_id: str) -> None:
        """End what is left of a group as FAILED: its tries or its time are used up."""
        planned = analyses.planned(unit, group_id)
        group = analyses.group(unit, group_id)
        if group is None or group.finished is not None:
            return
        log.error("group=%s folder=%s: its analyses failed by an error of the server", group_id, group.folder_id)
        outcomes: dict[str, Outcome] = {one.analysis_id: Failure(FailureKind.PROCESSING) for one in planned}
        self._write(unit, group_id, group.folder_id, outcomes, {}, self._store.clock())

    def fail_overdue(self) -> int:
        """End the groups that exceed FACEVER_ANALYSIS_TIMEOUT. Returns their number."""
        store = self._store
        before = store.clock() - store.settings.jobs.analysis_timeout
        with store.database.read() as connection:
            overdue = analyses.unfinished_groups(connection, before)
        for group in overdue:
            with store.database.write() as unit:
                self.fail(unit, group.group_id)
        return len(overdue)

    def _examine(
        self, planned: Sequence[PlannedAnalysis], items: Mapping[str, MediaItem]
    ) -> dict[str, Findings | Failure]:
        """The findings of each media item the analyses use. Only one decoded media item is in memory at a time."""
        used = dict.fromkeys(media_id for one in planned if not one.failure for media_id in one.media)
        limits = media_limits(self._store.settings, max(1, len(used)))
        findings: dict[str, Findings | Failure] = {}
        for media_id in used:
            item = items.get(media_id)
            data = self._data(item)
            if item is None or data is None:  # deleted since the analysis was requested
                findings[media_id] = Failure(FailureKind.PROCESSING)
                continue
            wanted = PlannedMedium(item, extraction_for(item, planned))
            findings[media_id] = self._examiner.examine(data, wanted, limits, self._store.clock())
        return findings

    def _data(self, item: MediaItem | None) -> bytes | None:
        if item is None or item.key is None:
            return None
        try:
            data = self._store.files.read(item.key)
            return data
        except NotFoundError:
            return None

    def _outcome(self, planned: PlannedAnalysis, findings: Mapping[str, Findings | Failure]) -> Outcome:
        if planned.failure:
            return Failure(planned.failure)
        found: list[Findings] = []
        for media_id in planned.media:
            one = findings[media_id]
            if isinstance(one, Failure):
                return one
            found.append(one)
        outcome = decide_outcome(planned, found, self._match)
        if isinstance(outcome, QualityOutcome) and len(outcome.scores) < len(found):
            raise InferenceError("a media item has no PAD score")
        return outcome

    def _finish(self, group_id: str, folder: Folder, outcomes: Mapping[str, Outcome]) -> None:
        """One transaction: outcomes, statuses, best shots, and the webhook."""
        store, now = self._store, self._store.clock()
        owner = owner_of(folder)
        common = {"company_id": owner.company_id, "folder_id": folder.folder_id, "created": now}
        keys: list[str] = []
        used: set[str] = set()
        try:
            shots = {analysis_id: self._put_shots(outcome, common, keys) for analysis_id, outcome in outcomes.items()}
            with store.database.write() as unit:
                used = self._write(unit, group_id, folder.folder_id, outcomes, shots, now)
        except DatabaseUnavailableError:
            used.update(keys)  # it may have committed without saying so; else the collector of orphans deletes them
            raise
        finally:
            unused = [key for key in keys if key not in used]
            if unused:
                with contextlib.suppress(FilesUnavailableError):
                    store.files.delete(unused)

    def _put_shots(
        self, outcome: Outcome, common: Mapping[str, object], keys: list[str]
    ) -> dict[str, tuple[BestShot, FileRecord]]:
        """The best shots of an outcome, in the storage, by their source media items."""
        shots: dict[str, tuple[BestShot, FileRecord]] = {}
        for score in outcome.scores if isinstance(outcome, QualityOutcome) else ():
            picture = _picture(score)
            if picture is not None and score.best_shot is not None:
                record = put_picture(self._store.files, picture, FileKind.BEST_SHOT, common, keys)
                shots[score.media_id] = (replace(score.best_shot, image=stored_image(record)), record)
        return shots

    def _write(
        self,
        unit: Connection,
        group_id: str,
        folder_id: str,
        outcomes: Mapping[str, Outcome],
        shots: Mapping[str, Mapping[str, tuple[BestShot, FileRecord]]],
        now: float,
    ) -> set[str]:
        """The keys of the best shots that were taken over."""
        folder = folders.header(unit, folder_id, lock=True)
        group = analyses.group(unit, group_id)
        if folder is None or group is None or group.finished is not None:
            return set()  # deleted meanwhile, or finished by another run
        thresholds = {one.analysis_id: one.thresholds for one in analyses.planned(unit, group_id)}
        records: list[FileRecord] = []
        for analysis_id, outcome in outcomes.items():
            if analysis_id not in thresholds:
                continue
            status = analysis_status(outcome, thresholds[analysis_id])
            analyses.finish(unit, analysis_id, outcome, status, now)
            if not owner_of(folder).is_cleared:
                own = shots.get(analysis_id, {})
                files.insert(unit, [record for _, record in own.values()])
                analyses.insert_shots(unit, analysis_id, {source: shot for source, (shot, _) in own.items()})
                records += [record for _, record in own.values()]
        analyses.finish_group(unit, group_id, now)
        refresh_status(unit, folder, now)
        self._announce(
            unit,
            folder_id=folder_id,
            group_id=group_id,
            company_id=owner_of(folder).company_id,
            url=group.resolution_endpoint,
        )
        return {record.key for record in records}


def refresh_status(unit: Connection, folder: Folder, now: float) -> None:
    """Derive a folder's statuses from its analyses, in the transaction that changed them."""
    status = folder_status(analyses.progress(unit, folder.folder_id))
    folders.set_status(unit, folder.folder_id, status, now)


def _picture(score: MediaScore) -> JpegImage | None:
    image = score.best_shot.image if score.best_shot else None
    return image if isinstance(image, JpegImage) else None
