"""The OpenAPI document's view of the endpoints that need a store: one line for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from faceVer.domain import errors
from faceVer.http.oz.described import folder_documents as doc
from faceVer.http.oz.described.account_documents import AuditPage
from faceVer.http.oz.described.accounts import ACCOUNTS
from faceVer.http.oz.described.description import RULE, TOKEN, Description, Descriptions, Errors
from faceVer.http.oz.described.folders import FOLDERS
from faceVer.http.oz.kept import companies, rows, statistics
from faceVer.http.oz.kept.users import USER
from faceVer.http.oz.lists import parameters
from faceVer.http.pipeline.endpoint import Access, Body, Content, Endpoint, QueryParameter, json_content
from faceVer.services.folders.wire_types import MetaData

_FORMAT = QueryParameter("format", "`json` or `csv`.", {"type": "string", "enum": ["json", "csv"], "default": "json"})
_KEYS = QueryParameter(
    "key", "The keys to delete; without it all.", {"type": "array", "items": {"type": "string", "minLength": 1}}
)
_TOKEN = QueryParameter("token", "The signature, as it is in the addresses of files.", {"type": "string"})
_FILE = (
    ("Accept-Ranges", "Always `bytes`."),
    ("Content-Security-Policy", "What a browser may do with the file: nothing but show it."),
)
_RANGE = ("Content-Range", "The part of the file, and its size.")
_PARTS = (
    Content("*/*", bytes, 200, _FILE),
    Content("*/*", bytes, 206, (*_FILE, _RANGE)),
    Content("", None, 416, (_RANGE,)),
)
_CSV = Content("text/csv", str, 200, (("Content-Disposition", "The name of the file."),))
_OPERATIONS: Descriptions = {
    "/api/audit/": {"GET": Description(AuditPage, query=parameters(companies.AUDIT))},
    "/api/statistics/": {
        "GET": Description(
            (json_content(doc.StatisticsDocument), _CSV),
            query=(_FORMAT, *parameters(statistics.SPEC, paged=False)),
            errors=(RULE,),
        )
    },
    "/static/{folder_id}/{key}": {
        "GET": Description(_PARTS, query=(_TOKEN,), errors=(*TOKEN, errors.FilesUnavailableError))
    },
    "/api/healthcheck/": {"GET": Description(doc.StatusDocument)},
    "/api/version/": {"GET": Description(doc.VersionDocument)},
    "/api/config/": {"GET": Description(doc.ConfigDocument, is_own=True)},
    "/api/event_sessions/": {
        "GET": Description(doc.EventSessionPage, query=parameters(rows.EVENT_SESSIONS), is_own=True)
    },
    **{
        f"{path}meta_data/": {
            "GET": Description(MetaData),
            "POST": Description(MetaData, MetaData, errors=(RULE,)),
            "PATCH": Description(MetaData, MetaData, errors=(RULE,)),
            "DELETE": Description(query=(_KEYS,), errors=(RULE,)),
        }
        for path in (USER, rows.FOLDER, rows.MEDIA, rows.ANALYSIS)
    },
}
_ALL: Descriptions = {**ACCOUNTS, **FOLDERS, **_OPERATIONS}


def described(endpoints: Iterable[Endpoint]) -> Iterator[Endpoint]:
    """The endpoints with their descriptions. Those for any method have none: they only reject."""
    for row in endpoints:
        found = _ALL.get(row.path, {}).get(row.method)
        yield row if found is None else _with(row, found)


def _with(row: Endpoint, found: Description) -> Endpoint:
    contents = found.contents
    if isinstance(contents, Content):
        contents = (contents,)
    elif not isinstance(contents, tuple):
        contents = (json_content(contents, found.status),)
    scoped: Errors = (errors.ForbiddenError,) if row.access is Access.TOKEN and not found.is_own else ()
    known: Errors = (errors.NotFoundError,) if "{" in row.path else ()
    stored: Errors = (errors.FilesUnavailableError,) if row.body in (Body.FORM, Body.JSON_OR_FORM) else ()
    return replace(
        row,
        responses=contents,
        accepts=found.accepts,
        query=found.query,
        errors=tuple(dict.fromkeys((*found.errors, *scoped, *known, *stored))),
        documented=True,
    )
