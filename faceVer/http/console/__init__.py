"""The browser console at /, the pages of stored folders at /folders, and private endpoints that only / calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from faceVer.http.console.face import examine_face
from faceVer.http.console.liveness import check_liveness
from faceVer.http.console.status import about, status
from faceVer.http.ops.assets import Assets
from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.endpoint import Access, Body, Endpoint
from faceVer.settings.model import Settings

PAGE, BASE = "/", "/console"
FACE, LIVENESS, ABOUT, STATUS = f"{BASE}/face", f"{BASE}/liveness", f"{BASE}/about", f"{BASE}/status"
FOLDERS_PAGE = "/folders"
_FOLDER, _FOLDERS = Path(__file__).parent / "static", Path(__file__).parent / "folders"
_SHARED = ("console.css", "dom.js", "favicon.svg", "files.js", "theme.js", "theme-button.js")
"""Files of the console that the pages of the kept half use, too; they are served below both addresses."""

# The page loads files from this server only, shows images and videos from memory, and cannot be framed or send forms.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def is_served(settings: Settings) -> bool:
    """Whether the server offers the console."""
    return settings.api.console == "on" or (settings.api.console == "auto" and not settings.auth.api_keys)


def keeps_pages(settings: Settings) -> bool:
    """Whether the server offers the pages of stored folders. Unlike the console they need a sign-in, keys or not."""
    return bool(settings.store.store) and settings.api.console != "off"


def folder_endpoints(family: ApiFamily) -> Iterator[Endpoint]:
    """The files of the pages of stored folders. What the pages show is of the Oz API."""
    files = Assets(_FOLDERS, _CONTENT_SECURITY_POLICY, [_FOLDER / name for name in _SHARED])
    yield from files.endpoints(FOLDERS_PAGE, FOLDERS_PAGE, family)


def endpoints(faces: ApiFamily, liveness: ApiFamily, other: ApiFamily) -> Iterator[Endpoint]:
    """The console's rows of the endpoint table. They change with the page, so none is in the OpenAPI document.

    faces, liveness, other: families whose errors the endpoints for faces, liveness and everything else report.
    """
    yield from Assets(_FOLDER, _CONTENT_SECURITY_POLICY).endpoints(PAGE, BASE, other)
    for path, handler, access in ((ABOUT, about, Access.OPEN), (STATUS, status, Access.GUARDED)):
        yield Endpoint(
            method="GET", path=path, handler=handler, family=other, access=access, lane=None, documented=False
        )
    yield Endpoint(
        method="POST",
        path=FACE,
        handler=examine_face,
        family=faces,
        body=Body.IMAGE,
        models=("faces",),
        documented=False,
    )
    yield Endpoint(
        method="POST",
        path=LIVENESS,
        handler=check_liveness,
        family=liveness,
        body=Body.FORM,
        models=("liveness",),
        documented=False,
    )
