"""What the handlers of stored objects share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from aiohttp import web
from msgspec import UNSET, Struct

from faceVer.domain.errors import FieldMissingError, NotFoundError, PayloadValueError
from faceVer.http.oz.errors import OZ_STORED
from faceVer.http.pipeline.context import EXECUTOR, SETTINGS
from faceVer.http.pipeline.endpoint import Access, Body, Endpoint, Handler, Lane
from faceVer.http.pipeline.principals import principal
from faceVer.http.pipeline.responses import json_body
from faceVer.services.folders.presentation import Presentation
from faceVer.services.folders.validation import validated
from faceVer.services.platform import Platform
from faceVer.services.wire_json import json_bytes

T = TypeVar("T")
StructT = TypeVar("StructT", bound=Struct)

_MISSING = re.compile(r"Object missing required field `([^`]+)`")
PLATFORM = web.AppKey("platform", Platform)


def row(
    method: str,
    path: str,
    handler: Handler,
    body: Body = Body.NONE,
    access: Access = Access.TOKEN,
    models: tuple[str, ...] = (),
) -> Endpoint:
    """An endpoint of stored objects. Its path ends with a slash; it is served without one, too."""
    return Endpoint(
        method=method,
        path=path,
        alternatives=(path.rstrip("/"),),
        handler=handler,
        family=OZ_STORED,
        access=access,
        lane=Lane.STORAGE,
        body=body,
        models=models,
        documented=False,
    )


async def stored(request: web.Request, work: Callable[[], T]) -> T:
    """Run a use case on a thread for storage. Raises QueueFullError, and what it raises."""
    lane = request.app[EXECUTOR].storage
    with lane.slot():
        return await lane.run(work)


async def respond(request: web.Request, work: Callable[[], Any], status: int = 200) -> web.Response:
    """The JSON of what a use case returns, made on the same thread: lists can be large."""
    return json_body(await stored(request, lambda: json_bytes(work())), status)


async def respond_empty(request: web.Request, work: Callable[[], None]) -> web.Response:
    """204 after a use case."""
    await stored(request, work)
    return web.Response(status=204)


def object_id(request: web.Request, name: str) -> str:
    """An id in the request's path. Raises NotFoundError for what cannot be one."""
    try:
        return str(UUID(request.match_info[name]))
    except ValueError:
        raise NotFoundError(f"{name} is not a UUID") from None


def view(request: web.Request) -> Presentation:
    """How the request's sender sees folders: with addresses of files that are signed for that user."""
    signer, reader = request.app[PLATFORM].signer, principal(request).user.user_id
    return Presentation(source_ids=True, address=signer.address(base_url(request), reader))


def base_url(request: web.Request) -> str:
    """The address that clients reach the server by, without a slash at its end."""
    configured = request.app[SETTINGS].store.public_url
    return configured.rstrip("/") if configured else f"{request.scheme}://{request.host}"


def parsed(root: dict[str, Any], model: type[T]) -> T:
    """A JSON body as its model.

    Raises PayloadError, whose `exposed` is the path of a field that is missing or wrong.
    """
    try:
        return validated(root, model)
    except PayloadValueError as error:
        if found := _MISSING.match(str(error)):
            raise FieldMissingError(str(error), exposed=".".join(filter(None, [error.exposed, found[1]]))) from None
        raise


def changes(root: dict[str, Any], model: type[StructT]) -> dict[str, Any]:
    """The fields of a PATCH that the client sent, checked. Raises PayloadError."""
    checked = validated(root, model)
    values = {name: getattr(checked, name) for name in model.__struct_fields__}
    return {name: value for name, value in values.items() if value is not UNSET}
