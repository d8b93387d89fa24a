"""/api/companies/{id}/retention/: how many days a company's media are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from aiohttp import web
from msgspec import UNSET, Struct, UnsetType

from faceVer.http.oz.kept.common import PLATFORM, changes, object_id, respond, row
from faceVer.http.pipeline.context import SETTINGS
from faceVer.http.pipeline.endpoint import Body, Endpoint
from faceVer.http.pipeline.kept_bodies import json_object
from faceVer.http.pipeline.principals import principal
from faceVer.services.folders.wire_types import doc
from faceVer.services.retention import KINDS

RETENTION = "/api/companies/{company_id}/retention/"


class RetentionPatch(Struct, frozen=True, kw_only=True):
    """Days by kind of media, 0 = without limit, null = as the server's setting says."""

    image: Annotated[int | UnsetType | None, doc("Days of images.")] = UNSET
    video: Annotated[int | UnsetType | None, doc("Days of videos.")] = UNSET
    shots_set: Annotated[int | UnsetType | None, doc("Days of archives.")] = UNSET


def endpoints() -> Iterator[Endpoint]:
    yield row("GET", RETENTION, read_retention)
    yield row("PATCH", RETENTION, change_retention, Body.JSON)


async def read_retention(request: web.Request) -> web.Response:
    """Read how many days a company's media are kept."""
    companies, who, company_id = request.app[PLATFORM].companies, principal(request), object_id(request, "company_id")
    return await respond(request, lambda: _document(request, companies.get(who, company_id).retention))


async def change_retention(request: web.Request) -> web.Response:
    """Set how many days a company's media are kept."""
    companies, who, company_id = request.app[PLATFORM].companies, principal(request), object_id(request, "company_id")
    values = changes(await json_object(request), RetentionPatch)

    def work() -> dict[str, Any]:
        merged = {**companies.get(who, company_id).retention, **values}
        kept = {kind: days for kind, days in merged.items() if days is not None}
        companies.set_retention(who, company_id, kept)
        return _document(request, kept)

    return await respond(request, work)


def _document(request: web.Request, days: Mapping[str, int]) -> dict[str, Any]:
    """default: days of kinds that are null, and of folders."""
    return {**{kind: days.get(kind) for kind in KINDS}, "default": request.app[SETTINGS].store.retention_days}
