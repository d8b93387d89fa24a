"""The metadata of stored objects: a client's own JSON object at a folder, a media item, or an analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from faceVer.domain.accounts import Principal
from faceVer.domain.errors import NotFoundError
from faceVer.domain.folders import Folder
from faceVer.domain.permissions import Resource, Verb
from faceVer.services.stored_folders.reading import analysis_in, find_item
from faceVer.services.stored_folders.store import FolderStore, check_not_cleared, owner_of
from faceVer.storage import analyses, audit, folders, media
from faceVer.storage.database import Connection

Owner = Literal["folder", "media", "analysis"]
Change = Callable[[dict[str, Any]], dict[str, Any]]
"""The metadata there is -> the metadata there will be."""


def replaced(new: Mapping[str, Any]) -> Change:
    """The whole object."""
    return lambda _: dict(new)


def merged(new: Mapping[str, Any]) -> Change:
    """The given top-level keys over the old ones; null is stored as null."""
    return lambda old: {**old, **new}


def without(keys: tuple[str, ...]) -> Change:
    """All but these keys; without keys nothing stays."""
    return lambda old: {key: value for key, value in old.items() if keys and key not in keys}


class MetadataEditor:
    """Synchronous, without state between calls, for any number of threads."""

    def __init__(self, store: FolderStore) -> None:
        self._store = store

    def read(self, principal: Principal, owner: Owner, object_id: str) -> dict[str, Any]:
        """Raises NotFoundError, ForbiddenError."""
        with self._store.database.read() as connection:
            _, meta_data = self._find(connection, principal, owner, object_id, Verb.READ)
            return meta_data

    def change(self, principal: Principal, owner: Owner, object_id: str, change: Change) -> dict[str, Any]:
        """The metadata after the change. Raises NotFoundError, ForbiddenError, RuleError (a cleared folder)."""
        store = self._store
        with store.database.write() as unit:
            folder, old = self._find(unit, principal, owner, object_id, Verb.UPDATE)
            new, now = change(old), store.clock()
            if owner == "folder":
                folders.update(unit, folder.folder_id, now, meta_data=new)
            elif owner == "media":
                media.update(unit, object_id, now, meta_data=new)
            else:
                analyses.update(unit, object_id, now, meta_data=new)
            action, company_id = f"{owner}.meta_data", owner_of(folder).company_id
            audit.record(unit, now, principal, action, owner, object_id, {"keys": len(new)}, company_id=company_id)
            return new

    def _find(
        self, connection: Connection, principal: Principal, owner: Owner, object_id: str, verb: Verb
    ) -> tuple[Folder, dict[str, Any]]:
        """(the object's folder, its metadata), if the principal may do that."""
        store, lock = self._store, verb is Verb.UPDATE
        if owner == "media":
            folder, item = find_item(store, connection, principal, object_id, verb)
            meta_data = item.meta_data
        elif owner == "analysis":
            found = analyses.folder_of(connection, object_id)
            header = folders.header(connection, found, lock=lock) if found else None
            if header is None:
                raise NotFoundError("no such analysis")
            store.check(principal, header, verb, Resource.ANALYSIS)
            (folder,) = folders.load(connection, [header])
            meta_data = analysis_in(folder.analyses, object_id).meta_data
        else:
            folder = store.header(connection, principal, object_id, verb, lock=lock)
            meta_data = folder.meta_data
        if lock:
            check_not_cleared(folder)
        return folder, dict(meta_data)
