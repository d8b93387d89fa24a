"""/api/instant/folders/: runs the analyses of one request; the server stores nothing."""

from __future__ import annotations

from aiohttp import web

from faceVer.http.pipeline.folder_forms import respond_with_folder
from faceVer.services.folders.presentation import STATELESS_OZ


async def instant_folder(request: web.Request) -> web.Response:
    """Run the analyses of a folder that the server does not store."""
    return await respond_with_folder(request, STATELESS_OZ)
