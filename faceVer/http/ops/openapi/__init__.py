"""The OpenAPI document of every endpoint at /openapi.json, and the page at /docs that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiohttp import web

from faceVer.http.ops.assets import INDEX, TYPES, Assets, names, serve
from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.context import SETTINGS
from faceVer.http.pipeline.endpoint import Access, Endpoint
from faceVer.http.pipeline.responses import json_bytes
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


def document(settings: Settings) -> dict[str, Any]:
    """The OpenAPI 3.1 document of what a server with these settings answers; plain JSON values."""
    from faceVer.http.ops.openapi.build import build

    return build(settings)


async def openapi_document(request: web.Request) -> web.StreamResponse:
    """The OpenAPI document."""
    return await serve(json_bytes(document(request.app[SETTINGS])), TYPES[".json"])(request)


def endpoints(family: ApiFamily) -> Iterator[Endpoint]:
    """The rows of the document, its page and the page's files. family: shapes their errors."""
    yield Endpoint(
        method="GET", path=DOCUMENT, handler=openapi_document, family=family, access=Access.OPEN, lane=None, label=PAGE
    )
    yield from Assets(_FOLDER, _POLICY).endpoints(PAGE, PAGE, family)
