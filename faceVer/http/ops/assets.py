"""Static files of the package: the console's and the documentation page's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.endpoint import Access, Endpoint, Handler

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""Endings that are served; a folder's other files are not."""

INDEX = "index.html"
# Browsers revalidate each time and get 304 where nothing has changed: an upgrade shows at once.
CACHING = "no-cache"


def names(folder: Path) -> tuple[str, ...]:
    """The files of `folder` that are served."""
    return tuple(sorted(path.name for path in folder.iterdir() if path.suffix in TYPES))


class Assets:
    """A folder's files, read once. policy: the Content-Security-Policy of its pages (.html)."""

    def __init__(self, folder: Path, policy: str) -> None:
        self._files = {name: (folder / name).read_bytes() for name in names(folder)}
        self._policy = policy

    def endpoints(self, page: str, base: str, family: ApiFamily) -> Iterator[Endpoint]:
        """A row for each file, all with the page's label: index.html at `page`, the others below `base`."""
        for name, data in self._files.items():
            suffix = Path(name).suffix
            yield Endpoint(
                method="GET",
                path=page if name == INDEX else f"{base}/{name}",
                handler=serve(data, TYPES[suffix], self._policy if suffix == ".html" else ""),
                family=family,
                access=Access.OPEN,
                lane=None,
                label=page,
                documented=False,
            )


def serve(body: bytes, content_type: str, policy: str = "") -> Handler:
    """The handler of a file with that content. policy: its Content-Security-Policy, "" = none."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": CACHING, "Content-Type": content_type}
    if policy:
        headers["Content-Security-Policy"] = policy

    async def handle(request: web.Request) -> web.Response:
        known = request.headers.get("If-None-Match", "")
        if tag in (one.strip().removeprefix("W/") for one in known.split(",")):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers)

    return handle
