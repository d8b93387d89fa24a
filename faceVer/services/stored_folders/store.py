"""What all use cases of stored folders need: the database, the files, the clock, the rules of access."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from faceVer.domain.accounts import Principal
from faceVer.domain.clock import Clock, IdFactory
from faceVer.domain.errors import NotFoundError, RuleError
from faceVer.domain.folders import Folder, Ownership
from faceVer.domain.permissions import Resource, Verb
from faceVer.services.access import Access
from faceVer.services.jobs import Enqueue
from faceVer.settings.model import Settings
from faceVer.storage import folders
from faceVer.storage.blobs.files import FileStorage
from faceVer.storage.database import Connection, Database


@dataclass(frozen=True, slots=True)
class FolderStore:
    """For any number of threads. enqueue: the queue of jobs."""

    database: Database
    files: FileStorage
    settings: Settings
    access: Access
    clock: Clock
    new_id: IdFactory
    enqueue: Enqueue

    def header(
        self, connection: Connection, principal: Principal, folder_id: str, verb: Verb, *, lock: bool = False
    ) -> Folder:
        """A folder without media and analyses, if the principal may do that with it. lock: until the transaction ends.

        Raises NotFoundError, ForbiddenError.
        """
        folder = folders.header(connection, folder_id, lock=lock)
        if folder is None:
            raise NotFoundError("no such folder")
        self.check(principal, folder, verb)
        return folder

    def check(self, principal: Principal, folder: Folder, verb: Verb, resource: Resource = Resource.FOLDER) -> None:
        """Raises ForbiddenError, or NotFoundError where foreign objects are hidden."""
        owner = owner_of(folder)
        self.access.check(principal, resource, verb, company_id=owner.company_id, owner_id=owner.user_id)


def owner_of(folder: Folder) -> Ownership:
    """The ownership of a stored folder. Raises ValueError for another one."""
    if folder.ownership is None:
        raise ValueError("not a stored folder")
    return folder.ownership


def check_not_cleared(folder: Folder) -> None:
    """Raises RuleError for a folder whose personal data was erased."""
    if owner_of(folder).is_cleared:
        raise RuleError("the folder is cleared", exposed="It is forbidden to add media and analyses to cleaned folders")


Render = Callable[[str], bytes | None]
"""Folder id -> the JSON of the folder for a webhook; None if the folder was deleted."""
