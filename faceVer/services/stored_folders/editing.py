"""Changing stored folders: operators' decisions, tags, metadata, deletion, erasure of personal data."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from faceVer.domain.accounts import Principal
from faceVer.domain.analyses import AnalysisState
from faceVer.domain.errors import FilesUnavailableError, NotFoundError, RuleError
from faceVer.domain.folders import Folder
from faceVer.domain.permissions import Resource, Verb
from faceVer.services.stored_folders.reading import analysis_in, find_item
from faceVer.services.stored_folders.run import refresh_status
from faceVer.services.stored_folders.store import FolderStore, check_not_cleared, owner_of
from faceVer.storage import analyses, audit, deliveries, files, folders, media, retention, users
from faceVer.storage.database import Connection
from faceVer.storage.retention import DueMedia

JUDGEMENT = ("operator_status", "operator_comment")


class FolderEditor:
    """Synchronous, without state between calls, for any number of threads. Each method writes an audit entry."""

    def __init__(self, store: FolderStore) -> None:
        self._store = store

    def change_folder(self, principal: Principal, folder_id: str, changes: Mapping[str, Any]) -> None:
        """changes: of `operator_status`, `operator_comment`, `resolution_endpoint`, `user_id`.

        Raises NotFoundError, ForbiddenError, RuleError (the new owner is of another company).
        """
        store = self._store
        values = dict(changes)
        with store.database.write() as unit:
            folder = store.header(unit, principal, folder_id, Verb.UPDATE, lock=True)
            if not values.keys().isdisjoint(JUDGEMENT):
                store.check(principal, folder, Verb.JUDGE)
            if values.get("user_id") is not None:
                owner = users.get(unit, values["user_id"])
                if owner is None or owner.company_id != owner_of(folder).company_id:
                    raise RuleError("the new owner is of another company", exposed="The user is not of this company")
            now = store.clock()
            if "operator_status" in values:
                decided = values["operator_status"] is not None
                values["resolution_author_id"] = principal.user.user_id if decided else None
                values["resolution_time"] = now if decided else None
            folders.update(unit, folder_id, now, **values)
            self._record(unit, principal, "folder.update", folder, folder_id, {"fields": sorted(changes)})

    def decide_analysis(self, principal: Principal, analysis_id: str, changes: Mapping[str, Any]) -> None:
        """Decide a finished analysis as an operator.

        changes: of `resolution_operator` (SUCCESS, DECLINED, None takes it back), `comment`.
        Raises NotFoundError, ForbiddenError, RuleError (it has not finished).
        """
        store = self._store
        with store.database.write() as unit:
            folder = self._folder_of(unit, principal, analysis_id, Verb.DECIDE)
            (loaded,) = folders.load(unit, [folder], analysis_id=analysis_id)
            if analysis_in(loaded.analyses, analysis_id).status.state is not AnalysisState.FINISHED:
                raise RuleError("the analysis has not finished", exposed="The analysis is not finished")
            now = store.clock()
            columns = {"resolution_operator": "resolution_operator", "comment": "operator_comment"}
            analyses.update(unit, analysis_id, now, **{columns[name]: value for name, value in changes.items()})
            folders.update(unit, folder.folder_id, now)
            details = {"decision": changes.get("resolution_operator"), "fields": sorted(changes)}
            self._record(unit, principal, "analysis.decide", folder, analysis_id, details)

    def delete_analysis(self, principal: Principal, analysis_id: str) -> None:
        """Delete an analysis; a running one is cancelled. Raises NotFoundError, ForbiddenError."""
        store = self._store
        with store.database.write() as unit:
            folder = self._folder_of(unit, principal, analysis_id, Verb.DELETE)
            keys = analyses.shot_keys(unit, analysis_id)
            analyses.delete(unit, analysis_id)
            files.delete(unit, keys)
            refresh_status(unit, folder, store.clock())
            self._record(unit, principal, "analysis.delete", folder, analysis_id)
        self._delete_files(keys)

    def set_tags(self, principal: Principal, media_id: str, tags: tuple[str, ...]) -> None:
        """Replace the tags of a media item. Raises NotFoundError, ForbiddenError, RuleError (a cleared folder)."""
        store = self._store
        with store.database.write() as unit:
            folder, _ = find_item(store, unit, principal, media_id, Verb.UPDATE)
            check_not_cleared(folder)
            media.update(unit, media_id, store.clock(), tags=list(tags))
            folders.update(unit, folder.folder_id, store.clock())
            self._record(unit, principal, "media.update", folder, media_id, {"fields": ["tags"]})

    def delete_media(self, principal: Principal, media_id: str, folder_id: str | None = None) -> None:
        """Delete a media item, its files and best shots, and the folder's reports. folder_id: the folder it must be in.

        Raises NotFoundError, ForbiddenError, RuleError (an analysis that uses it runs).
        """
        store = self._store
        with store.database.write() as unit:
            folder, _ = find_item(store, unit, principal, media_id, Verb.DELETE)
            if folder_id is not None and folder.folder_id != folder_id:
                raise NotFoundError("no such media item in that folder")
            folders.header(unit, folder.folder_id, lock=True)
            states = analyses.uses(unit, folder.folder_id, media_id)
            if AnalysisState.PROCESSING in states:
                raise RuleError("an analysis of the media item runs", exposed="An analysis of this media is running")
            keys = retention.file_keys(unit, [DueMedia(folder.folder_id, media_id)])
            media.remove(unit, media_id, keep=bool(states))
            files.delete(unit, keys)
            folders.update(unit, folder.folder_id, store.clock())
            self._record(unit, principal, "media.delete", folder, media_id)
        self._delete_files(keys)

    def delete_folder(self, principal: Principal, folder_id: str) -> None:
        """Delete a folder, its media, analyses and files. Raises NotFoundError, ForbiddenError."""
        store = self._store
        with store.database.write() as unit:
            folder = store.header(unit, principal, folder_id, Verb.DELETE, lock=True)
            keys = self.remove_folder(unit, folder_id)
            self._record(unit, principal, "folder.delete", folder, folder_id)
        self._delete_files(keys)

    def clear_folder(self, principal: Principal, folder_id: str) -> None:
        """Erase the personal data of a folder: files, names, metadata, comments. Ids, times, scores, statuses stay.

        Raises NotFoundError, ForbiddenError.
        """
        store = self._store
        with store.database.write() as unit:
            folder = store.header(unit, principal, folder_id, Verb.DELETE, lock=True)
            keys = self.erase_folder(unit, folder_id)
            self._record(unit, principal, "folder.clear", folder, folder_id)
        self._delete_files(keys)
        store.database.forget_deleted()

    def remove_folder(self, unit: Connection, folder_id: str) -> list[str]:
        """Delete a folder's rows. Returns the keys of the files to delete after the commit."""
        keys = files.keys_of(unit, folder_id=folder_id)
        deliveries.drop(unit, folder_id)
        folders.delete(unit, folder_id)
        return keys

    def erase_folder(self, unit: Connection, folder_id: str) -> list[str]:
        """Erase a folder's personal data. Returns the keys of the files to delete after the commit."""
        keys = files.keys_of(unit, folder_id=folder_id)
        files.delete(unit, keys)
        media.clear(unit, folder_id)
        analyses.clear(unit, folder_id)
        erased: dict[str, Any] = {
            "meta_data": {},
            "operator_comment": None,
            "resolution_endpoint": None,
            "is_cleared": True,
        }
        folders.update(unit, folder_id, self._store.clock(), **erased)
        return keys

    def _folder_of(self, unit: Connection, principal: Principal, analysis_id: str, verb: Verb) -> Folder:
        """The locked folder of an analysis, if the principal may do that with the analysis."""
        folder_id = analyses.folder_of(unit, analysis_id)
        folder = folders.header(unit, folder_id, lock=True) if folder_id else None
        if folder is None:
            raise NotFoundError("no such analysis")
        self._store.check(principal, folder, verb, Resource.ANALYSIS)
        return folder

    def _delete_files(self, keys: Iterable[str]) -> None:
        """After the commit. What cannot be deleted now has no row any more: the collector of orphans deletes it."""
        with contextlib.suppress(FilesUnavailableError):
            self._store.files.delete(list(keys))

    def _record(
        self,
        unit: Connection,
        principal: Principal,
        action: str,
        folder: Folder,
        object_id: str,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Write an audit entry. action: `<kind of object>.<what>`. folder: the object's, whose company sees it."""
        kind, company_id = action.partition(".")[0], owner_of(folder).company_id
        audit.record(unit, self._store.clock(), principal, action, kind, object_id, details, company_id=company_id)
