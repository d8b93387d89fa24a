"""The endpoints of a server with a store."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web

from faceVer import __version__
from faceVer.domain.listing import Page
from faceVer.http.oz.kept import (
    analyses,
    authorize,
    companies,
    folders,
    metadata,
    reports,
    retention,
    statistics,
    users,
    webhooks,
)
from faceVer.http.oz.kept.authorize import not_realized
from faceVer.http.oz.kept.common import PLATFORM, respond, row
from faceVer.http.oz.kept.static import static_file
from faceVer.http.oz.lists import Filter, Kind, ListSpec, list_query, page_document
from faceVer.http.pipeline.endpoint import ANY_METHOD, Access, Body, Endpoint
from faceVer.http.pipeline.responses import json_response

FOLDER, MEDIA, ANALYSIS = "/api/folders/{folder_id}/", "/api/media/{media_id}/", "/api/analyses/{analysis_id}/"
NOT_REALIZED = (
    "/api/collections/",
    "/api/collections/{collection_id}/",
    "/api/collections/{collection_id}/{tail:.*}",
    "/api/media/{media_id}/snapshot/",
)
"""What the documents describe and this server does not have."""
EVENT_SESSIONS = ListSpec(
    {"session_id": Filter(Kind.TEXT), "time_created": Filter(Kind.TIME), "time_updated": Filter(Kind.TIME)}
)


def endpoints() -> Iterator[Endpoint]:
    """All endpoints that need the store."""
    yield row("POST", "/api/folders/", folders.create_folder, Body.JSON_OR_FORM)
    yield row("GET", "/api/folders/", folders.list_folders)
    yield row("GET", FOLDER, folders.read_folder)
    yield row("PATCH", FOLDER, folders.change_folder, Body.JSON)
    yield row("DELETE", FOLDER, folders.delete_folder)
    yield row("DELETE", f"{FOLDER}pi/", folders.clear_folder)
    yield row("GET", f"{FOLDER}media/", folders.list_media)
    yield row("POST", f"{FOLDER}media/", folders.add_media, Body.FORM)
    yield row("DELETE", f"{FOLDER}media/{{media_id}}/", analyses.delete_media)
    yield row("GET", f"{FOLDER}analyses/", analyses.list_analyses)
    yield row("POST", f"{FOLDER}analyses/", analyses.request_analyses, Body.JSON)
    yield row("GET", MEDIA, analyses.read_media)
    yield row("PATCH", MEDIA, analyses.change_media, Body.JSON)
    yield row("DELETE", MEDIA, analyses.delete_media)
    yield row("GET", ANALYSIS, analyses.read_analysis)
    yield row("PATCH", ANALYSIS, analyses.decide_analysis, Body.JSON)
    yield row("DELETE", ANALYSIS, analyses.delete_analysis)
    yield from metadata.endpoints()
    yield from webhooks.endpoints()
    yield from authorize.endpoints()
    yield from users.endpoints()
    yield from companies.endpoints()
    yield from reports.endpoints()
    yield from retention.endpoints()
    yield from statistics.endpoints()
    yield row("GET", "/static/{folder_id}/{key}", static_file, access=Access.ANYONE)
    yield row("GET", "/api/healthcheck/", healthcheck, access=Access.OPEN)
    yield row("GET", "/api/version/", version, access=Access.OPEN)
    yield row("GET", "/api/config/", config)
    yield row("GET", "/api/event_sessions/", event_sessions)
    for path in NOT_REALIZED:
        yield row(ANY_METHOD, path, not_realized)


async def healthcheck(request: web.Request) -> web.Response:
    """Whether the database answers."""
    platform = request.app[PLATFORM]

    def work() -> dict[str, str]:
        platform.check()
        return {"status": "ok"}

    return await respond(request, work)


async def version(request: web.Request) -> web.Response:
    """The version of the Oz API that the server speaks, and its own."""
    return json_response({"version": f"6.0.0-facever-{__version__}"})


async def config(request: web.Request) -> web.Response:
    """Settings of the server that clients ask for."""
    return json_response({"timezone": "UTC"})


async def event_sessions(request: web.Request) -> web.Response:
    """List the telemetry of SDKs; the server keeps none, so the page is empty."""
    platform = request.app[PLATFORM]
    query = list_query(request, EVENT_SESSIONS, platform.clock())
    return json_response(page_document(Page([], 0 if query.total else None, query.offset, query.limit), []))
