"""The static files of the console and of the documentation page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from aiohttp import web

from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.endpoint import Access, Endpoint, Handler

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""File name extension -> Content-Type. Files with other extensions are not served."""

INDEX = "index.html"
# Browsers ask for a file each time they use it and get 304 if it is unchanged, so that an upgrade takes effect at once.
CACHE_CONTROL = "no-cache"


def names(folder: Path) -> tuple[str, ...]:
    """The names of the files of `folder` that are served."""
    return tuple(sorted(path.name for path in folder.iterdir() if path.suffix in CONTENT_TYPES))


class Assets:
    """The files of a folder, and more, read once. policy: the Content-Security-Policy of its HTML pages."""

    def __init__(self, folder: Path, policy: str, more: Iterable[Path] = ()) -> None:
        paths = [*(folder / name for name in names(folder)), *more]
        self._files = {path.name: path.read_bytes() for path in paths}
        self._policy = policy

    def endpoints(self, page: str, base: str, family: ApiFamily) -> Iterator[Endpoint]:
        """A row for each file, all with the label `page`: index.html is at `page`, the others are below `base`."""
        for name, data in self._files.items():
            suffix = Path(name).suffix
            yield Endpoint(
                method="GET",
                path=page if name == INDEX else f"{base}/{name}",
                handler=file_handler(data, CONTENT_TYPES[suffix], self._policy if suffix == ".html" else ""),
                family=family,
                access=Access.OPEN,
                lane=None,
                label=page,
                documented=False,
            )


def file_handler(body: bytes, content_type: str, policy: str = "") -> Handler:
    """A handler that returns `body`. policy: its Content-Security-Policy, "" = none."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": CACHE_CONTROL, "Content-Type": content_type}
    if policy:
        headers["Content-Security-Policy"] = policy

    async def handle(request: web.Request) -> web.Response:
        cached = request.headers.get("If-None-Match", "")
        if etag in (tag.strip().removeprefix("W/") for tag in cached.split(",")):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers)

    return handle
