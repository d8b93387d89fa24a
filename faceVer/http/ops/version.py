"""/version: the server, its inference runtime and its models."""

from __future__ import annotations

from aiohttp import web

from faceVer import __version__
from faceVer.http.ops.models import Model, Version
from faceVer.http.pipeline.context import ENGINE, loaded_models
from faceVer.http.pipeline.responses import json_response
from faceVer.inference.specs import DIGITS


async def version(request: web.Request) -> web.Response:
    """Name the server's version, its inference runtime and the loaded models."""
    infos = loaded_models(request.app)
    models = [Model(name=info.name, version=f"{info.version} {info.sha256[:DIGITS]}") for info in infos]
    return json_response(Version(core=__version__, tfss=request.app[ENGINE].runtime, models=models))
