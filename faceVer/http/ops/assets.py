"""Files of the package that browsers get as they are: the console's and the documentation page's."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

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

# Asked for anew each time, answered with 304 where nothing has changed: an upgrade shows at once.
CACHING = "no-cache"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def names(folder: Path) -> tuple[str, ...]:
    """The files of `folder` that are served."""
    return tuple(sorted(path.name for path in folder.iterdir() if path.suffix in TYPES))


class Assets:
    """A folder's files, read once. policy: the Content-Security-Policy of its pages (.html)."""

    def __init__(self, folder: Path, policy: str) -> None:
        self._files = {name: (folder / name).read_bytes() for name in names(folder)}
        self._policy = policy

    def handler(self, name: str) -> Handler:
        """The handler of one file. Raises KeyError where there is no such file."""
        suffix = Path(name).suffix
        return serve(self._files[name], TYPES[suffix], self._policy if suffix == ".html" else "")


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
