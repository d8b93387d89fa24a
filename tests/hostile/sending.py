"""Clients that send hostile files, in a process of their own: they must not delay the clients that are measured."""

from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from faceVer.domain.folders import MediaKind
from tests.hostile.corpus import FILES
from tests.http.support_folders import DETECT, media_part, payload_part, quality
from tests.support_server import PATTERN, form

QUALITY = {"analyses": [quality()]}
PATIENCE = 180.0


def send(port: int, kind: MediaKind, data: bytes) -> int:
    """Post a file to the endpoint for its kind. Returns the status."""
    path, sent = PATTERN + "extract", "image/jpeg"
    if kind != "image":
        path, sent = DETECT, "multipart/form-data; boundary=72468"
        data = form([media_part("video1", data), payload_part(QUALITY)])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("POST", path, data, {"Content-Type": sent})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


@cache
def _made(names: Sequence[str]) -> list[tuple[MediaKind, bytes]]:
    return [(file.kind, file.make()) for file in FILES if file.name in names]


def made(names: Sequence[str]) -> int:
    """Make the files, for `flood`. Returns their number."""
    return len(_made(names))


def flood(port: int, names: Sequence[str], copies: int) -> Counter[int]:
    """Send all files at once, each from a client of its own. Returns the statuses."""
    files = _made(names) * copies
    with ThreadPoolExecutor(len(files)) as pool:
        return Counter(pool.map(lambda one: send(port, *one), files))
