"""The browser console at /: its files, and what its page asks of the server beside the public methods."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from faceVer.http.console.face import examine_face
from faceVer.http.console.liveness import inspect_medium
from faceVer.http.console.status import about, status
from faceVer.http.ops.assets import Assets, names
from faceVer.http.pipeline.context import CONSOLE, CONSOLE_LIVENESS, CONSOLE_STATUS
from faceVer.settings.model import Settings

PAGE = "/"
_FOLDER = Path(__file__).parent / "static"
_INDEX = "index.html"
FILES = (PAGE, *(f"{CONSOLE}/{name}" for name in names(_FOLDER) if name != _INDEX))
FACE, ABOUT = f"{CONSOLE}/face", f"{CONSOLE}/about"
WORK = (FACE, CONSOLE_LIVENESS)
"""Paths that take pictures: they need a key and room, as the public methods do."""
FACTS = (ABOUT, CONSOLE_STATUS)
"""Paths that tell about the server."""

# Everything comes from this server; pictures and videos are shown from memory, nothing is framed or sent elsewhere.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def wanted(settings: Settings) -> bool:
    """Whether the console is served."""
    return settings.api.console == "on" or (settings.api.console == "auto" and not settings.auth.api_keys)


def mount(app: web.Application, route: Callable[..., None]) -> None:
    """Register the console's paths with app.py's `route(app, path, GET=handler)`."""
    assets = Assets(_FOLDER, _POLICY)
    route(app, PAGE, GET=assets.handler(_INDEX))
    for path in FILES[1:]:
        route(app, path, GET=assets.handler(path.removeprefix(f"{CONSOLE}/")))
    route(app, ABOUT, GET=about)
    route(app, CONSOLE_STATUS, GET=status)
    route(app, FACE, POST=examine_face)
    route(app, CONSOLE_LIVENESS, POST=inspect_medium)
