"""The browser console at /: its files, and what its page requests of the server beside the public methods."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from faceVer.http.console.face import examine_face
from faceVer.http.console.liveness import inspect_medium
from faceVer.http.console.status import about, status
from faceVer.http.ops.assets import Assets
from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.endpoint import Access, Body, Endpoint
from faceVer.settings.model import Settings

PAGE, BASE = "/", "/console"
FACE, MEDIUM, ABOUT, STATUS = f"{BASE}/face", f"{BASE}/liveness", f"{BASE}/about", f"{BASE}/status"
_FOLDER = Path(__file__).parent / "static"

# Everything comes from this server; images and videos are shown from memory, nothing is framed or sent elsewhere.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def is_served(settings: Settings) -> bool:
    """Whether the console is served."""
    return settings.api.console == "on" or (settings.api.console == "auto" and not settings.auth.api_keys)


def endpoints(faces: ApiFamily, liveness: ApiFamily, other: ApiFamily) -> Iterator[Endpoint]:
    """The console's rows, none of them documented: they change with its page. The families shape their errors."""
    yield from Assets(_FOLDER, _POLICY).endpoints(PAGE, BASE, other)
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
        path=MEDIUM,
        handler=inspect_medium,
        family=liveness,
        body=Body.FORM,
        models=("liveness",),
        documented=False,
    )
