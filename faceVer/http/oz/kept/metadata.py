""".../meta_data/ of folders, media and analyses: a client's own JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterator

from aiohttp import web

from faceVer.domain.errors import PayloadError
from faceVer.http.oz.kept.common import PLATFORM, object_id, respond, respond_empty, row
from faceVer.http.pipeline.endpoint import Body, Endpoint, Handler
from faceVer.http.pipeline.kept_bodies import json_object
from faceVer.http.pipeline.principals import principal
from faceVer.services.stored_folders.metadata import Change, Owner, merged, replaced, without

MAX_BYTES = 64 * 1024
"""Largest metadata, in bytes of JSON."""
_OWNERS: dict[Owner, str] = {"folder": "/api/folders/{folder_id}", "media": "/api/media/{media_id}"}
_OWNERS["analysis"] = "/api/analyses/{analysis_id}"


def endpoints() -> Iterator[Endpoint]:
    """The four methods of each kind of object."""
    for owner, path in _OWNERS.items():
        yield row("GET", f"{path}/meta_data/", _read(owner))
        yield row("POST", f"{path}/meta_data/", _write(owner, replace=True), Body.JSON)
        yield row("PATCH", f"{path}/meta_data/", _write(owner, replace=False), Body.JSON)
        yield row("DELETE", f"{path}/meta_data/", _delete(owner))


def _read(owner: Owner) -> Handler:
    async def read_metadata(request: web.Request) -> web.Response:
        """Read the metadata."""
        metadata, who, object_ = request.app[PLATFORM].metadata, principal(request), _id(request, owner)
        return await respond(request, lambda: metadata.read(who, owner, object_))

    return read_metadata


def _write(owner: Owner, *, replace: bool) -> Handler:
    async def write_metadata(request: web.Request) -> web.Response:
        """Replace the metadata (POST), or put the given keys over it (PATCH)."""
        metadata, who, object_ = request.app[PLATFORM].metadata, principal(request), _id(request, owner)
        given = await json_object(request)
        change: Change = checked(replaced(given) if replace else merged(given))
        return await respond(request, lambda: metadata.change(who, owner, object_, change))

    return write_metadata


def _delete(owner: Owner) -> Handler:
    async def delete_metadata(request: web.Request) -> web.Response:
        """Delete the metadata, or with `key=a,b` these keys."""
        metadata, who, object_ = request.app[PLATFORM].metadata, principal(request), _id(request, owner)
        keys = tuple(key for key in ",".join(request.query.getall("key", [])).split(",") if key)

        def work() -> None:
            metadata.change(who, owner, object_, without(keys))

        return await respond_empty(request, work)

    return delete_metadata


def checked(change: Change) -> Change:
    """A change whose result is within the size limit. It raises PayloadError."""

    def limited(old: dict[str, object]) -> dict[str, object]:
        new = change(old)
        if len(json.dumps(new, ensure_ascii=False).encode("utf-8", "surrogatepass")) > MAX_BYTES:
            raise PayloadError(f"more than {MAX_BYTES} bytes of metadata", exposed="meta_data")
        return new

    return limited


def _id(request: web.Request, owner: Owner) -> str:
    return object_id(request, f"{owner}_id")
