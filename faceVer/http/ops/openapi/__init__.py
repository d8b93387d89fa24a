"""The OpenAPI document of every endpoint at /openapi.json, and the page at /docs that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from aiohttp import web

from faceVer.http.ops.assets import CONTENT_TYPES, INDEX, Assets, file_handler, names
from faceVer.http.ops.openapi.document import build
from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.context import ENDPOINTS, SETTINGS
from faceVer.http.pipeline.endpoint import Access, Endpoint, EndpointTable, Handler
from faceVer.services.wire_json import json_bytes
from faceVer.settings.model import Settings

DOCUMENT = "/openapi.json"
PAGE = "/docs"
_FOLDER = Path(__file__).parent / "static"
FILES = (PAGE, DOCUMENT, *(f"{PAGE}/{name}" for name in names(_FOLDER) if name != INDEX))

# The page's style sheet contains small images, as data: addresses.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@lru_cache(maxsize=1)  # building takes about 20 ms, and the result does not change
def _document_handler(settings: Settings, table: EndpointTable) -> Handler:
    return file_handler(json_bytes(build(settings, table)), CONTENT_TYPES[".json"])


async def openapi_document(request: web.Request) -> web.StreamResponse:
    """Serve this document. Browsers revalidate it each time."""
    return await _document_handler(request.app[SETTINGS], request.app[ENDPOINTS])(request)


def endpoints(family: ApiFamily) -> Iterator[Endpoint]:
    """The rows of the document, its page and the page's files. family: shapes their errors."""
    yield Endpoint(
        method="GET",
        path=DOCUMENT,
        handler=openapi_document,
        family=family,
        access=Access.OPEN,
        lane=None,
        label=PAGE,
        documented=False,
    )
    yield from Assets(_FOLDER, _POLICY).endpoints(PAGE, PAGE, family)
