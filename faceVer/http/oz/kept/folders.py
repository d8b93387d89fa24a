"""/api/folders/: creating, reading, listing, changing, deleting and erasing folders; adding media."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import UNSET, Struct, UnsetType

from faceVer.domain.accounts import Principal
from faceVer.domain.analyses import AnalysisState, AnalysisType, Resolution
from faceVer.domain.errors import OverloadedError, StorageUnavailableError
from faceVer.domain.folders import Folder, FolderState
from faceVer.http.oz.kept.common import (
    PLATFORM,
    changes,
    object_id,
    respond,
    respond_empty,
    stored,
    view,
)
from faceVer.http.oz.kept.people import company_document, user_document
from faceVer.http.oz.lists import Filter, Kind, ListSpec, flag, list_query, page_document, uuid_text
from faceVer.http.pipeline.context import ENGINE, EXECUTOR, SETTINGS
from faceVer.http.pipeline.forms.spooled import SpooledFile
from faceVer.http.pipeline.kept_bodies import json_object, received_form
from faceVer.http.pipeline.principals import principal
from faceVer.services.folders.present import present, present_media
from faceVer.services.folders.wire_types import doc
from faceVer.services.platform import Platform
from faceVer.services.rules import media_limits
from faceVer.services.stored_folders.intake import ExaminedFile, check_files, examine
from faceVer.services.stored_folders.payload import MediaRequest, parse_creation, parse_media
from faceVer.services.stored_folders.store import owner_of

_RESULTS = tuple(Resolution)
_ANALYSIS_FILTERS = {
    "type": Filter(Kind.CODE, "analysis.type", (*AnalysisType, "COLLECTION", "DOCUMENTS")),
    "state": Filter(Kind.CODE, "analysis.state", tuple(AnalysisState)),
    "resolution_status": Filter(Kind.CODE, "analysis.resolution_status", _RESULTS),
    "time_created": Filter(Kind.TIME, "analysis.time_created"),
}
LIST = ListSpec(
    {
        "folder_id": Filter(Kind.UUID),
        "user_id": Filter(Kind.UUID),
        "company_id": Filter(Kind.UUID),
        # The Oz API's older statuses of a folder are its system_resolution.
        "resolution_status": Filter(Kind.CODE, known=(*FolderState, *_RESULTS)),
        "system_resolution": Filter(Kind.CODE, known=_RESULTS),
        "operator_status": Filter(Kind.CODE, known=("SUCCESS", "DECLINED")),
        "is_cleared": Filter(Kind.BOOLEAN),
        "time_created": Filter(Kind.TIME),
        "time_updated": Filter(Kind.TIME),
        "meta_data": Filter(Kind.JSON),
        **{f"{name}.{key}": one for name in ("analyse", "analysis") for key, one in _ANALYSIS_FILTERS.items()},
    }
)
RESULT_FILTERS = {
    "results_data": Filter(Kind.JSON, "analysis.results_data"),
    "results_media_results_data": Filter(Kind.JSON, "analysis.results_media_results_data"),
}
"""Filters that `with_results_media_filter=true` switches on."""
POLL_SECONDS = 0.1
MARGIN_SECONDS = 2.0
"""Before the time limit of a request, at which a folder whose analyses still run is answered as it stands."""


class FolderPatch(Struct, frozen=True, kw_only=True):
    """Changes of a folder."""

    operator_status: Annotated[
        Literal["SUCCESS", "DECLINED"] | UnsetType | None, doc("The operator's result; null takes it back.")
    ] = UNSET
    operator_comment: Annotated[str | UnsetType | None, doc("The operator's comment.")] = UNSET
    resolution_endpoint: Annotated[str | UnsetType | None, doc("Address for finished documents.")] = UNSET
    user_id: Annotated[str | UnsetType, doc("Id of the new owner, of the same company.")] = UNSET


async def create_folder(request: web.Request) -> web.Response:
    """Create a folder of media; with analyses the response waits for their results."""
    platform, who, seen = request.app[PLATFORM], principal(request), view(request)
    async with received_form(request) as form:
        wanted = parse_creation(form.payload, [file.name for file in form.files])
        await stored(request, lambda: platform.creator.check_creation(who, wanted, len(form.files)))
        examined = await _examined(request, form.files, wanted.media)
        folder_id, group_id = await stored(request, lambda: platform.creator.create(who, wanted, examined))
    if group_id is not None:
        await _finished(request, platform, folder_id)

    def work() -> dict[str, Any]:
        folder = platform.reader.folder(who, folder_id)
        return present(folder, seen, with_analyses=group_id is not None)

    return await respond(request, work, 201)


async def list_folders(request: web.Request) -> web.Response:
    """List folders, by filters, a page at a time."""
    platform, who, seen = request.app[PLATFORM], principal(request), view(request)
    spec = LIST
    if flag(request, "with_results_media_filter"):
        spec = ListSpec({**LIST.filters, **RESULT_FILTERS}, LIST.sorting)
    query = list_query(request, spec, platform.clock())
    with_analyses, extras = flag(request, "with_analyses"), _extras(request)

    def work() -> dict[str, Any]:
        page = platform.reader.list(who, query, with_analyses=with_analyses)
        people = _people(platform, who, page.items, extras)
        return page_document(
            page,
            [
                present(folder, seen, with_analyses=with_analyses, **people.get(folder.folder_id, {}))
                for folder in page.items
            ],
        )

    return await respond(request, work)


async def read_folder(request: web.Request) -> web.Response:
    """Read a folder with its media and its analyses."""
    platform, who, seen = request.app[PLATFORM], principal(request), view(request)
    folder_id, extras = object_id(request, "folder_id"), _extras(request)
    with_analyses = flag(request, "with_analyses", default=True)

    def work() -> dict[str, Any]:
        folder = platform.reader.folder(who, folder_id, with_analyses=with_analyses)
        people = _people(platform, who, [folder], extras)
        return present(folder, seen, with_analyses=with_analyses, **people.get(folder_id, {}))

    return await respond(request, work)


async def change_folder(request: web.Request) -> web.Response:
    """Change a folder's operator status, comment, webhook address or owner."""
    platform, who, seen = request.app[PLATFORM], principal(request), view(request)
    folder_id = object_id(request, "folder_id")
    values = changes(await json_object(request), FolderPatch)
    if "user_id" in values:
        values["user_id"] = uuid_text(values["user_id"], "user_id")

    def work() -> dict[str, Any]:
        platform.editor.change_folder(who, folder_id, values)
        return present(platform.reader.folder(who, folder_id), seen)

    return await respond(request, work)


async def delete_folder(request: web.Request) -> web.Response:
    """Delete a folder with its media, analyses and files."""
    platform, who, folder_id = request.app[PLATFORM], principal(request), object_id(request, "folder_id")
    return await respond_empty(request, lambda: platform.editor.delete_folder(who, folder_id))


async def clear_folder(request: web.Request) -> web.Response:
    """Erase the personal data of a folder: files, names and metadata; scores and statuses stay."""
    platform, who, folder_id = request.app[PLATFORM], principal(request), object_id(request, "folder_id")
    return await respond_empty(request, lambda: platform.editor.clear_folder(who, folder_id))


async def list_media(request: web.Request) -> web.Response:
    """List the media of a folder."""
    platform, who, seen = request.app[PLATFORM], principal(request), view(request)
    folder_id = object_id(request, "folder_id")

    def work() -> list[dict[str, Any]]:
        folder, items = platform.reader.media(who, folder_id)
        return present_media(items, folder, seen)

    return await respond(request, work)


async def add_media(request: web.Request) -> web.Response:
    """Add media to a folder; responds with those added."""
    platform, who, seen = request.app[PLATFORM], principal(request), view(request)
    folder_id = object_id(request, "folder_id")
    await stored(request, lambda: platform.creator.check_media(who, folder_id))
    async with received_form(request) as form:
        wanted = parse_media(form.payload, [file.name for file in form.files])
        examined = await _examined(request, form.files, wanted, needed=True)

        def work() -> list[dict[str, Any]]:
            added = set(platform.creator.add_media(who, folder_id, examined))
            folder, items = platform.reader.media(who, folder_id)
            return present_media([item for item in items if item.media_id in added], folder, seen)

        return await respond(request, work, 201)


async def _examined(
    request: web.Request, files: Sequence[SpooledFile], wanted: MediaRequest, *, needed: bool = False
) -> list[ExaminedFile]:
    """Decode every file, one at a time, on an inference thread. Raises SampleError, TooLargeError, QueueFullError."""
    settings, platform = request.app[SETTINGS], request.app[PLATFORM]
    if not files and not needed:
        return []
    lane, limits = request.app[EXECUTOR].media, media_limits(settings, max(1, len(files)))
    examined: list[ExaminedFile] = []
    decoder = request.app[ENGINE].decoder

    def decode(file: SpooledFile) -> ExaminedFile:
        return examine(decoder, file, wanted, platform.new_id(), platform.clock(), limits, settings)

    with lane.slot():
        for file in files:
            await lane.run(partial(file.decode, settings))
        check_files(files, settings)
        for file in files:
            examined.append(await lane.run(partial(decode, file)))
    return examined


async def _finished(request: web.Request, platform: Platform, folder_id: str) -> None:
    """Wait for the analyses of a folder, at most until shortly before the request's time limit.

    The folder is stored already: where the server cannot look at it now, it looks again, and does not fail the request,
    which the client would repeat.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + max(0.0, request.app[SETTINGS].server.request_timeout - MARGIN_SECONDS)
    while loop.time() < until:
        with contextlib.suppress(OverloadedError, StorageUnavailableError):
            if await stored(request, lambda: platform.reader.is_finished(folder_id)):
                return
        await asyncio.sleep(POLL_SECONDS)


def _extras(request: web.Request) -> tuple[bool, bool]:
    """(with_user, with_company)"""
    return flag(request, "with_user"), flag(request, "with_company")


def _people(
    platform: Platform, who: Principal, folders: Sequence[Folder], extras: tuple[bool, bool]
) -> dict[str, dict[str, Any]]:
    """`user` and `company` of folders, by folder id, as far as they are wanted and still exist."""
    if not any(extras):
        return {}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for folder in folders:
        owner = owner_of(folder)
        key = owner.user_id, owner.company_id
        if key not in found:  # a page has many folders of few owners
            found[key] = _owner_documents(platform, folder, extras)
    return {one.folder_id: found[owner_of(one).user_id, owner_of(one).company_id] for one in folders}


def _owner_documents(platform: Platform, folder: Folder, extras: tuple[bool, bool]) -> dict[str, Any]:
    user, company = platform.reader.owner(folder)
    documents: dict[str, Any] = {}
    if extras[0]:
        documents["user"] = user_document(user) if user else None
    if extras[1]:
        documents["company"] = company_document(company) if company else None
    return documents
