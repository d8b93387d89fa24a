"""Creating folders, adding media, requesting analyses. Each method is one step of a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from faceVer.domain.accounts import Principal
from faceVer.domain.analyses import Resolution
from faceVer.domain.errors import ForbiddenError, PayloadValueError, RuleError
from faceVer.domain.folders import Folder, FolderState, FolderStatus, MediaItem, Ownership
from faceVer.domain.permissions import Resource, Verb
from faceVer.services.folders.plan import plan_analysis, requested_media
from faceVer.services.folders.request import RequestedAnalysis
from faceVer.services.folders.selection import has_best_shot
from faceVer.services.jobs import RUN_GROUP
from faceVer.services.stored_folders.intake import ExaminedFile, stored
from faceVer.services.stored_folders.payload import AnalysesRequest, FolderCreation, parse_analyses
from faceVer.services.stored_folders.store import FolderStore, check_not_cleared, owner_of
from faceVer.storage import analyses, companies, files, folders, media
from faceVer.storage.analyses import Group
from faceVer.storage.database import Connection

MAX_MEDIA, MAX_ANALYSES, MAX_USES = 100, 1000, 10_000
"""Most media and analyses of a folder, and most media that its analyses use, summed up: each response lists them all,
and biometry compares every pair of media."""
INITIAL = FolderStatus(FolderState.INITIAL, Resolution.INITIAL)
RUNNING = FolderStatus(FolderState.PROCESSING, Resolution.PROCESSING)


class FolderCreator:
    """Synchronous, without state between calls, for any number of threads."""

    def __init__(self, store: FolderStore) -> None:
        self._store = store

    def check_creation(self, principal: Principal, request: FolderCreation, files: int) -> None:
        """Before any file is decoded. files: their number.

        Raises ForbiddenError, RuleError (the company is being deleted), PayloadValueError (analyses without media).
        """
        user = principal.user
        self._store.access.check(
            principal, Resource.FOLDER, Verb.CREATE, company_id=user.company_id, owner_id=user.user_id
        )
        with self._store.database.read() as connection:
            _check_company(connection, user.company_id)
        if request.analyses.analyses:
            if not files:
                raise PayloadValueError("analyses of a folder without media", exposed="analyses")
            self._check_rights(principal, request.analyses.analyses, user.company_id, user.user_id)

    def create(
        self, principal: Principal, request: FolderCreation, examined: Sequence[ExaminedFile]
    ) -> tuple[str, str | None]:
        """(id of the new folder, id of its group of analyses or None).

        Raises RuleError (the company is being deleted), DatabaseUnavailableError, FilesUnavailableError; then nothing
        is stored.
        """
        store, user = self._store, principal.user
        folder_id, now = store.new_id(), store.clock()
        folder = Folder(
            folder_id=folder_id,
            created=now,
            updated=now,
            media=(),
            analyses=(),
            status=RUNNING if request.analyses.analyses else INITIAL,
            meta_data=request.meta_data,
            resolution_endpoint=request.analyses.resolution_endpoint,
            ownership=Ownership(user.company_id, user.user_id),
        )
        with stored(store.files, examined, user.company_id, folder_id, now) as kept, store.database.write() as unit:
            _check_company(unit, user.company_id)  # again: it may be gone since the files began to arrive
            folders.insert(unit, folder)
            files.insert(unit, kept.records)
            media.insert(unit, folder_id, kept.items)
            if not request.analyses.analyses:
                return folder_id, None
            by_name = [
                (requested, requested_media(kept.items, requested.source_media))
                for requested in request.analyses.analyses
            ]
            return folder_id, self._begin(unit, folder, by_name, now)

    def check_media(self, principal: Principal, folder_id: str) -> None:
        """Before any file is decoded. Raises NotFoundError, ForbiddenError, RuleError (a cleared folder)."""
        with self._store.database.read() as connection:
            check_not_cleared(self._store.header(connection, principal, folder_id, Verb.UPDATE))

    def add_media(self, principal: Principal, folder_id: str, examined: Sequence[ExaminedFile]) -> list[str]:
        """The ids of the media items added. Raises as `check_media` and `create`, RuleError (too many media)."""
        store = self._store
        with store.database.read() as connection:
            company_id = owner_of(store.header(connection, principal, folder_id, Verb.UPDATE)).company_id
        now = store.clock()
        with stored(store.files, examined, company_id, folder_id, now) as kept, store.database.write() as unit:
            check_not_cleared(store.header(unit, principal, folder_id, Verb.UPDATE, lock=True))
            present = sum(one.in_folder for one in media.of_folders(unit, [folder_id]))
            if present + len(kept.items) > MAX_MEDIA:
                raise RuleError(f"more than {MAX_MEDIA} media", exposed=f"A folder may hold {MAX_MEDIA} media")
            files.insert(unit, kept.records)
            media.insert(unit, folder_id, kept.items)
            folders.update(unit, folder_id, now)
        return [item.media_id for item in kept.items]

    def request_analyses(self, principal: Principal, folder_id: str, root: dict[str, Any]) -> str:
        """The id of the new group. root: the request's JSON.

        Raises NotFoundError, ForbiddenError, RuleError, PayloadError, NotRealizedError.
        """
        store = self._store
        with store.database.write() as unit:
            folder = store.header(unit, principal, folder_id, Verb.READ, lock=True)
            store.check(principal, folder, Verb.CREATE, Resource.ANALYSIS)
            check_not_cleared(folder)
            (loaded,) = folders.load(unit, [folder], with_analyses=False)
            by_id = {item.media_id: item for item in loaded.media}
            request = parse_analyses(root, by_id.__contains__)
            owner = owner_of(folder)
            self._check_rights(principal, request.analyses, owner.company_id, owner.user_id)
            if not by_id:
                raise RuleError("no media", exposed="The folder has no media")
            requested = _by_id(request, by_id)
            uses = analyses.total_uses(unit, folder_id)
            if uses.analyses + len(requested) > MAX_ANALYSES:
                raise RuleError("too many analyses", exposed=f"A folder may hold {MAX_ANALYSES} analyses")
            if uses.media + sum(len(items) for _, items in requested) > MAX_USES:
                raise RuleError("too many media", exposed=f"A folder's analyses may use {MAX_USES} media together")
            now = store.clock()
            if request.resolution_endpoint:
                folders.update(unit, folder_id, None, resolution_endpoint=request.resolution_endpoint)
            folders.set_status(unit, folder_id, RUNNING, now)
            return self._begin(unit, folder, requested, now, request.resolution_endpoint)

    def _begin(
        self,
        unit: Connection,
        folder: Folder,
        requested: Sequence[tuple[RequestedAnalysis, tuple[MediaItem, ...]]],
        now: float,
        endpoint: str | None = None,
    ) -> str:
        """Add a group, and its job. requested: each analysis, and its media."""
        store = self._store
        group = Group(store.new_id(), folder.folder_id, now, None, endpoint or folder.resolution_endpoint)
        planned = [
            plan_analysis(one, items, store.settings, store.new_id, lambda item: has_best_shot(item, photos=True))
            for one, items in requested
        ]
        analyses.insert_group(unit, group, planned)
        store.enqueue(unit, RUN_GROUP, {"group_id": group.group_id}, now)
        return group.group_id

    def _check_rights(
        self, principal: Principal, requested: Sequence[RequestedAnalysis], company_id: str, owner_id: str
    ) -> None:
        """Whether the user may start analyses of these types. Raises ForbiddenError."""
        self._store.access.check(principal, Resource.ANALYSIS, Verb.CREATE, company_id=company_id, owner_id=owner_id)
        for one in requested:
            if one.type.value.lower() not in principal.user.rights:
                raise ForbiddenError(f"the user may not start analyses of type {one.type}")


def _check_company(connection: Connection, company_id: str) -> None:
    """Raises RuleError."""
    company = companies.get(connection, company_id)
    if company is None or company.in_deletion:
        raise RuleError("the company is being deleted", exposed="The company is being deleted")


def _by_id(
    request: AnalysesRequest, by_id: dict[str, MediaItem]
) -> list[tuple[RequestedAnalysis, tuple[MediaItem, ...]]]:
    return [
        (one, tuple(by_id[media_id] for media_id in one.source_media) or tuple(by_id.values()))
        for one in request.analyses
    ]
