"""The OpenAPI document of every endpoint at /openapi.json, and the page at /docs that shows it.

Here is only what the route table needs; the document is described in the other modules, from the code's own tables.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from faceVer.http.ops.assets import TYPES, Assets, names, serve
from faceVer.http.pipeline.context import SETTINGS
from faceVer.http.pipeline.responses import json_bytes
from faceVer.settings.model import Settings

DOCUMENT = "/openapi.json"
PAGE = "/docs"
_FOLDER = Path(__file__).parent / "static"
_INDEX = "index.html"
FILES = (PAGE, DOCUMENT, *(f"{PAGE}/{name}" for name in names(_FOLDER) if name != _INDEX))

# The page's style sheet has small pictures in it, as data: addresses.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def document(settings: Settings) -> dict[str, Any]:
    """The OpenAPI 3.1 document of what a server with these settings answers; plain JSON values."""
    # Here, because the route table imports this module, and the document is made from the route table.
    from faceVer.http.ops.openapi.build import build

    return build(settings)


def mount(app: web.Application, route: Callable[..., None]) -> None:
    """Register the paths with app.py's `route(app, path, GET=handler)`."""
    assets = Assets(_FOLDER, _POLICY)
    route(app, PAGE, GET=assets.handler(_INDEX))
    body = json_bytes(document(app[SETTINGS]))
    route(app, DOCUMENT, GET=serve(body, TYPES[".json"]))
    for path in FILES:
        if path.startswith(f"{PAGE}/"):
            route(app, path, GET=assets.handler(path.removeprefix(f"{PAGE}/")))
