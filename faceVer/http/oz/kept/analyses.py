"""Analyses of stored folders, and single media items."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import UNSET, Struct, UnsetType

from faceVer.domain.analyses import AnalysisState, AnalysisType, Resolution
from faceVer.domain.folders import Analysis
from faceVer.domain.listing import Comparison
from faceVer.http.oz.kept.common import PLATFORM, changes, object_id, respond, respond_empty, view
from faceVer.http.oz.lists import Filter, Kind, ListSpec, list_query
from faceVer.http.pipeline.kept_bodies import json_object
from faceVer.http.pipeline.principals import principal
from faceVer.services.folders.present import present_analyses, present_media
from faceVer.services.folders.wire_types import doc

FILTERS = ListSpec(
    {
        "resolution_status": Filter(Kind.CODE, known=tuple(Resolution)),
        "type": Filter(Kind.CODE, known=(*AnalysisType, "COLLECTION", "DOCUMENTS")),
        "state": Filter(Kind.CODE, known=tuple(AnalysisState)),
    }
)


class AnalysisPatch(Struct, frozen=True, kw_only=True):
    """An operator's decision."""

    resolution_operator: Annotated[
        Literal["SUCCESS", "DECLINED"] | UnsetType | None, doc("The operator's result; null takes it back.")
    ] = UNSET
    comment: Annotated[str | UnsetType | None, doc("Becomes the folder's `operator_comment`.")] = UNSET


class MediaPatch(Struct, frozen=True, kw_only=True):
    """Changes of a media item."""

    tags: Annotated[tuple[str, ...] | UnsetType, doc("All tags of the media item.")] = UNSET


async def request_analyses(request: web.Request) -> web.Response:
    """Begin analyses of a folder's media; they form a group, and run in the background."""
    platform, who, seen = request.app[PLATFORM], principal(request), view(request)
    folder_id, root = object_id(request, "folder_id"), await json_object(request)

    def work() -> list[dict[str, Any]]:
        group_id = platform.creator.request_analyses(who, folder_id, root)
        folder, analyses = platform.reader.analyses(who, folder_id)
        return present_analyses([one for one in analyses if one.group_id == group_id], folder, seen)

    return await respond(request, work, 201)


async def list_analyses(request: web.Request) -> web.Response:
    """List the analyses of a folder, oldest first."""
    platform, who, seen = request.app[PLATFORM], principal(request), view(request)
    folder_id = object_id(request, "folder_id")
    wanted = list_query(request, FILTERS, platform.clock()).conditions

    def matches(analysis: Analysis) -> bool:
        values = {
            "resolution_status": analysis.status.resolution.value,
            "type": analysis.thresholds.type.value,
            "state": analysis.status.state.value,
        }
        return all((values[one.field] in one.values) is (one.comparison is Comparison.IN) for one in wanted)

    def work() -> list[dict[str, Any]]:
        folder, analyses = platform.reader.analyses(who, folder_id)
        return present_analyses(filter(matches, analyses), folder, seen)

    return await respond(request, work)


async def read_analysis(request: web.Request) -> web.Response:
    """Read an analysis."""
    platform, who, seen = request.app[PLATFORM], principal(request), view(request)
    analysis_id = object_id(request, "analysis_id")

    def work() -> dict[str, Any]:
        folder, analysis = platform.reader.analysis(who, analysis_id)
        return present_analyses([analysis], folder, seen)[0]

    return await respond(request, work)


async def decide_analysis(request: web.Request) -> web.Response:
    """Set an operator's result of a finished analysis."""
    platform, who, seen = request.app[PLATFORM], principal(request), view(request)
    analysis_id = object_id(request, "analysis_id")
    values = changes(await json_object(request), AnalysisPatch)

    def work() -> dict[str, Any]:
        platform.editor.decide_analysis(who, analysis_id, values)
        folder, analysis = platform.reader.analysis(who, analysis_id)
        return present_analyses([analysis], folder, seen)[0]

    return await respond(request, work)


async def delete_analysis(request: web.Request) -> web.Response:
    """Delete an analysis; one that runs is cancelled."""
    platform, who, analysis_id = request.app[PLATFORM], principal(request), object_id(request, "analysis_id")
    return await respond_empty(request, lambda: platform.editor.delete_analysis(who, analysis_id))


async def read_media(request: web.Request) -> web.Response:
    """Read a media item."""
    platform, who, seen = request.app[PLATFORM], principal(request), view(request)
    media_id = object_id(request, "media_id")

    def work() -> dict[str, Any]:
        folder, item = platform.reader.media_item(who, media_id)
        return present_media([item], folder, seen)[0]

    return await respond(request, work)


async def change_media(request: web.Request) -> web.Response:
    """Replace the tags of a media item."""
    platform, who, seen = request.app[PLATFORM], principal(request), view(request)
    media_id = object_id(request, "media_id")
    values = changes(await json_object(request), MediaPatch)

    def work() -> dict[str, Any]:
        if "tags" in values:
            platform.editor.set_tags(who, media_id, values["tags"])
        folder, item = platform.reader.media_item(who, media_id)
        return present_media([item], folder, seen)[0]

    return await respond(request, work)


async def delete_media(request: web.Request) -> web.Response:
    """Delete a media item and its files."""
    platform, who, media_id = request.app[PLATFORM], principal(request), object_id(request, "media_id")
    folder_id = object_id(request, "folder_id") if "folder_id" in request.match_info else None
    return await respond_empty(request, lambda: platform.editor.delete_media(who, media_id, folder_id))
