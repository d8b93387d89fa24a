"""Reading stored folders, media and analyses, within what the principal may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from faceVer.domain.accounts import Company, Principal, User
from faceVer.domain.errors import CredentialInvalidError, NotFoundError
from faceVer.domain.files import FileKind, FileRecord
from faceVer.domain.folders import Analysis, Folder, FolderState, MediaItem
from faceVer.domain.listing import ListQuery, Page
from faceVer.domain.permissions import Resource, Scope, Verb, scope_of
from faceVer.services.stored_folders.store import FolderStore, owner_of
from faceVer.storage import analyses, companies, files, folder_list, folders, media, reports, users
from faceVer.storage.database import Connection

LONGEST_LIST, LONGEST_WITH_ANALYSES = 5000, 500
"""Most folders of a page, also for `limit=-1`; fewer with their analyses, of which each repeats its media."""


class FolderReader:
    """Synchronous, without state between calls, for any number of threads."""

    def __init__(self, store: FolderStore) -> None:
        self._store = store

    def folder(self, principal: Principal, folder_id: str, *, with_analyses: bool = True) -> Folder:
        """Raises NotFoundError, ForbiddenError."""
        with self._store.database.read() as connection:
            return self._folder(connection, principal, folder_id, with_analyses=with_analyses)

    def list(self, principal: Principal, query: ListQuery, *, with_analyses: bool) -> Page[Folder]:
        """A page of the folders that the principal may see."""
        longest = LONGEST_WITH_ANALYSES if with_analyses else LONGEST_LIST
        limit = longest if query.limit < 0 else min(query.limit, longest)
        user = principal.user
        scope = scope_of(principal.role, Resource.FOLDER, Verb.READ)
        with self._store.database.read() as connection:
            page = folder_list.select(
                connection,
                replace(query, limit=limit),
                company_id=None if scope is Scope.ALL else user.company_id,
                user_id=user.user_id if scope is Scope.OWN else None,
            )
            return replace(page, items=folders.load(connection, page.items, with_analyses=with_analyses))

    def media(self, principal: Principal, folder_id: str) -> tuple[Folder, tuple[MediaItem, ...]]:
        """A folder and its media. Raises NotFoundError, ForbiddenError."""
        folder = self.folder(principal, folder_id, with_analyses=False)
        return folder, folder.media

    def media_item(self, principal: Principal, media_id: str, verb: Verb = Verb.READ) -> tuple[Folder, MediaItem]:
        """A media item and its folder. Raises NotFoundError, ForbiddenError."""
        with self._store.database.read() as connection:
            return find_item(self._store, connection, principal, media_id, verb)

    def analyses(self, principal: Principal, folder_id: str) -> tuple[Folder, tuple[Analysis, ...]]:
        """A folder and its analyses, oldest first. Raises NotFoundError, ForbiddenError."""
        folder = self.folder(principal, folder_id)
        return folder, folder.analyses

    def analysis(self, principal: Principal, analysis_id: str) -> tuple[Folder, Analysis]:
        """An analysis and its folder. Raises NotFoundError, ForbiddenError."""
        with self._store.database.read() as connection:
            folder_id = analyses.folder_of(connection, analysis_id)
            if folder_id is None:
                raise NotFoundError("no such analysis")
            header = self._store.header(connection, principal, folder_id, Verb.READ)
            self._store.check(principal, header, Verb.READ, Resource.ANALYSIS)
            (folder,) = folders.load(connection, [header], analysis_id=analysis_id)
        return folder, analysis_in(folder.analyses, analysis_id)

    def is_finished(self, folder_id: str) -> bool:
        """Whether no analysis of the folder runs; also if the folder is gone."""
        with self._store.database.read() as connection:
            folder = folders.header(connection, folder_id)
        return folder is None or folder.status.state is not FolderState.PROCESSING

    def owner(self, folder: Folder) -> tuple[User | None, Company | None]:
        """The user and the company that a folder belongs to; None for one that was deleted."""
        owner = owner_of(folder)
        with self._store.database.read() as connection:
            return users.get(connection, owner.user_id), companies.get(connection, owner.company_id)

    def as_user(self, user_id: str) -> Principal:
        """The user that a signed address was made for. Raises CredentialInvalidError where it may not be used."""
        with self._store.database.read() as connection:
            user = users.get(connection, user_id)
        if user is None or not user.is_active:
            raise CredentialInvalidError("the user of the address is gone or blocked")
        return Principal(user)

    def file(self, principal: Principal | None, folder_id: str, key: str) -> FileRecord:
        """The row of a folder's file, or of a template's, whose id is given for the folder's.

        principal: None = everyone may see it. Raises NotFoundError, ForbiddenError.
        """
        with self._store.database.read() as connection:
            record = files.get(connection, key)
            if record is not None and record.kind is FileKind.ATTACHMENT:
                self._check_attachment(connection, principal, folder_id, key)
                return record
            if record is None or record.folder_id != folder_id:
                raise NotFoundError("no such file")
            if principal is not None:
                folder = self._store.header(connection, principal, folder_id, Verb.READ)
                if record.kind is FileKind.REPORT:
                    self._store.check(principal, folder, Verb.READ, Resource.REPORT)
            return record

    def _check_attachment(
        self, connection: Connection, principal: Principal | None, template_id: str, key: str
    ) -> None:
        template = reports.template_of_file(connection, key)
        if template is None or template.template_id != template_id:
            raise NotFoundError("no such file")
        if principal is not None:
            self._store.access.check(principal, Resource.ATTACHMENT, Verb.READ, company_id=template.company_id)

    def for_webhook(self, folder_id: str) -> Folder | None:
        """A folder as its webhook shows it; None if it was deleted."""
        with self._store.database.read() as connection:
            header = folders.header(connection, folder_id)
            return None if header is None else next(iter(folders.load(connection, [header])))

    def _folder(
        self, connection: Connection, principal: Principal, folder_id: str, *, with_analyses: bool = True
    ) -> Folder:
        header = self._store.header(connection, principal, folder_id, Verb.READ)
        (folder,) = folders.load(connection, [header], with_analyses=with_analyses)
        return folder


def find_item(
    store: FolderStore, connection: Connection, principal: Principal, media_id: str, verb: Verb
) -> tuple[Folder, MediaItem]:
    """A media item and its folder's header. Raises NotFoundError, ForbiddenError."""
    found = media.get(connection, media_id)
    if found is None or not found.in_folder:
        raise NotFoundError("no such media item")
    return store.header(connection, principal, found.folder_id, verb), found.item


def analysis_in(found: Iterable[Analysis], analysis_id: str) -> Analysis:
    """The analysis with that id. Raises NotFoundError."""
    analysis = next((one for one in found if one.analysis_id == analysis_id), None)
    if analysis is None:
        raise NotFoundError("no such analysis")
    return analysis
