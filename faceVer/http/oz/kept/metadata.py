""".../meta_data/ of any object: a client's own JSON object."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from aiohttp import web

from faceVer.domain.accounts import Principal
from faceVer.domain.errors import PayloadError
from faceVer.http.oz.kept.common import PLATFORM, object_id, respond, respond_empty, row
from faceVer.http.pipeline.endpoint import Body, Endpoint, Handler
from faceVer.http.pipeline.kept_bodies import json_object
from faceVer.http.pipeline.principals import principal
from faceVer.services.platform import Platform
from faceVer.services.storable import check_storable
from faceVer.services.stored_folders.metadata import Change, Owner, merged, replaced, without

MAX_BYTES = 64 * 1024
"""Largest metadata, in bytes of JSON."""
Read = Callable[[Platform, Principal, str], dict[str, Any]]
Write = Callable[[Platform, Principal, str, Change], dict[str, Any]]
"""The metadata of the object with that id, and the metadata after a change."""
_OWNERS: tuple[tuple[Owner, str], ...] = (("folder", "folders"), ("media", "media"), ("analysis", "analyses"))


def endpoints() -> Iterator[Endpoint]:
    """Those of folders, media and analyses."""
    for owner, name in _OWNERS:
        yield from metadata_endpoints(f"/api/{name}/{{{owner}_id}}/", f"{owner}_id", *_editing(owner))


def metadata_endpoints(path: str, parameter: str, read: Read, write: Write) -> Iterator[Endpoint]:
    """The four methods of one kind of object. path: of an object; parameter: of it, the id."""
    path = f"{path}meta_data/"
    yield row("GET", path, _read(parameter, read))
    yield row("POST", path, _write(parameter, write, replaced), Body.JSON)
    yield row("PATCH", path, _write(parameter, write, merged), Body.JSON)
    yield row("DELETE", path, _delete(parameter, write))


def _editing(owner: Owner) -> tuple[Read, Write]:
    return (
        lambda platform, who, object_: platform.metadata.read(who, owner, object_),
        lambda platform, who, object_, change: platform.metadata.change(who, owner, object_, change),
    )


def _read(parameter: str, read: Read) -> Handler:
    async def read_metadata(request: web.Request) -> web.Response:
        """Read the metadata."""
        platform, who, object_ = request.app[PLATFORM], principal(request), object_id(request, parameter)
        return await respond(request, lambda: read(platform, who, object_))

    return read_metadata


def _write(parameter: str, write: Write, change: Callable[[dict[str, Any]], Change]) -> Handler:
    async def write_metadata(request: web.Request) -> web.Response:
        """Replace the metadata (POST), or put the given keys over it (PATCH)."""
        platform, who, object_ = request.app[PLATFORM], principal(request), object_id(request, parameter)
        new = checked(change(await json_object(request)))
        return await respond(request, lambda: write(platform, who, object_, new))

    return write_metadata


def _delete(parameter: str, write: Write) -> Handler:
    async def delete_metadata(request: web.Request) -> web.Response:
        """Delete the metadata, or with `key=a,b` these keys."""
        platform, who, object_ = request.app[PLATFORM], principal(request), object_id(request, parameter)
        keys = tuple(key for key in ",".join(request.query.getall("key", [])).split(",") if key)

        def work() -> None:
            write(platform, who, object_, without(keys))

        return await respond_empty(request, work)

    return delete_metadata


def checked(change: Change) -> Change:
    """A change whose result is within the size limit and can be kept. It raises PayloadError."""

    def limited(old: dict[str, Any]) -> dict[str, Any]:
        new = change(old)
        check_storable(new, "meta_data")
        if len(json.dumps(new, ensure_ascii=False).encode("utf-8", "surrogatepass")) > MAX_BYTES:
            raise PayloadError(f"more than {MAX_BYTES} bytes of metadata", exposed="meta_data")
        return new

    return limited
