"""/api/companies/ and /api/audit/: customers, and who changed what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from aiohttp import web
from msgspec import Struct

from faceVer.http.oz.kept.common import PLATFORM, object_id, parsed, respond, respond_empty, row
from faceVer.http.oz.kept.people import company_document
from faceVer.http.oz.lists import Filter, Kind, ListSpec, flag, list_query, page_document
from faceVer.http.pipeline.endpoint import Body, Endpoint
from faceVer.http.pipeline.kept_bodies import json_object
from faceVer.http.pipeline.principals import principal
from faceVer.services.accounts.audit_log import list_entries
from faceVer.services.folders.wire_types import doc

COMPANY = "/api/companies/{company_id}/"
LIST = ListSpec({"company_id": Filter(Kind.UUID), "name": Filter(Kind.TEXT)}, ("time_created", "name"))
AUDIT = ListSpec(
    {
        "time": Filter(Kind.TIME),
        "company_id": Filter(Kind.UUID),
        "user_id": Filter(Kind.UUID),
        "action": Filter(Kind.TEXT),
        "object": Filter(Kind.TEXT),
        "object_id": Filter(Kind.TEXT),
    },
    ("time",),
)


class CompanyFields(Struct, frozen=True, kw_only=True):
    """What a client sets of a company."""

    name: Annotated[str, doc("Name of the company; no other has it.")]


def endpoints() -> Iterator[Endpoint]:
    yield row("POST", "/api/companies/", create_company, Body.JSON)
    yield row("GET", "/api/companies/", list_companies)
    yield row("GET", COMPANY, read_company)
    yield row("PATCH", COMPANY, rename_company, Body.JSON)
    yield row("DELETE", COMPANY, delete_company)
    yield row("GET", "/api/audit/", list_audit)


async def create_company(request: web.Request) -> web.Response:
    """Create a company."""
    companies, who = request.app[PLATFORM].companies, principal(request)
    name = parsed(await json_object(request), CompanyFields).name
    return await respond(request, lambda: company_document(companies.create(who, name)), 201)


async def list_companies(request: web.Request) -> web.Response:
    """List the companies that one may see."""
    platform, who = request.app[PLATFORM], principal(request)
    query = list_query(request, LIST, platform.clock())

    def work() -> dict[str, Any]:
        page = platform.companies.list(who, query)
        return page_document(page, [company_document(company) for company in page.items])

    return await respond(request, work)


async def read_company(request: web.Request) -> web.Response:
    """Read a company."""
    companies, who, company_id = request.app[PLATFORM].companies, principal(request), object_id(request, "company_id")
    return await respond(request, lambda: company_document(companies.get(who, company_id)))


async def rename_company(request: web.Request) -> web.Response:
    """Rename a company."""
    companies, who, company_id = request.app[PLATFORM].companies, principal(request), object_id(request, "company_id")
    name = parsed(await json_object(request), CompanyFields).name
    return await respond(request, lambda: company_document(companies.rename(who, company_id, name)))


async def delete_company(request: web.Request) -> web.Response:
    """Delete a company with its users, folders and files, in the background; the own one with `confirm=true` only."""
    companies, who, company_id = request.app[PLATFORM].companies, principal(request), object_id(request, "company_id")
    confirmed = flag(request, "confirm")
    return await respond_empty(request, lambda: companies.delete(who, company_id, confirmed=confirmed))


async def list_audit(request: web.Request) -> web.Response:
    """List who changed what, the latest first."""
    platform, who = request.app[PLATFORM], principal(request)
    query = list_query(request, AUDIT, platform.clock())

    def work() -> dict[str, Any]:
        page = list_entries(platform.database, who, query)
        return page_document(page, [entry._asdict() for entry in page.items])

    return await respond(request, work)
