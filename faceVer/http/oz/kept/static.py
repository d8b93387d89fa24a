"""/static/: the stored files, by addresses that are signed for their reader."""

from __future__ import annotations

import re

from aiohttp import web

from faceVer.domain.errors import CredentialInvalidError, CredentialMissingError
from faceVer.domain.files import FileKind, FileRecord
from faceVer.http.oz.kept.common import PLATFORM, object_id, stored
from faceVer.http.pipeline.authentication import key_in
from faceVer.http.pipeline.client_address import client_address
from faceVer.http.pipeline.context import SETTINGS
from faceVer.services.platform import Platform

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


async def static_file(request: web.Request) -> web.Response:
    """Send a stored file. It needs a signed address, or an access token in a header."""
    platform = request.app[PLATFORM]
    folder_id, key = object_id(request, "folder_id"), request.match_info["key"]
    token, header, address = request.query.get("token", ""), key_in(request.headers), client_address(request)
    check = request.app[SETTINGS].store.static_permissions

    def work() -> tuple[FileRecord, bytes]:
        user_id = None
        if check and token:
            user_id = platform.signer.reader(folder_id, key, token)
            if user_id is None:
                raise CredentialInvalidError("the address is not valid, or no longer")
        elif check and not header:
            raise CredentialMissingError("neither a signed address nor a token")
        return _read(platform, folder_id, key, user_id, header if check and not token else "", address)

    record, data = await stored(request, work)
    return _response(request, record, data)


def _read(
    platform: Platform, folder_id: str, key: str, user_id: str | None, token: str, address: str
) -> tuple[FileRecord, bytes]:
    """The file, if that user may see it; without user and token it is for everyone."""
    who = None
    if user_id is not None:
        who = platform.reader.as_user(user_id)
    elif token:
        who = platform.authenticate(token, address)
    record = platform.reader.file(who, folder_id, key)
    return record, platform.files.read(key, sha256=record.sha256)


def _response(request: web.Request, record: FileRecord, data: bytes) -> web.Response:
    headers = {
        "Content-Type": record.mime,
        "Cache-Control": "private, max-age=300",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Accept-Ranges": "bytes",
    }
    if record.kind is FileKind.REPORT:
        name = f"report_{record.folder_id}.{record.key.rpartition('.')[2]}"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    wanted = _RANGE.fullmatch(request.headers.get("Range", ""))
    if wanted is None or not (wanted[1] or wanted[2]):
        return web.Response(body=data, headers=headers)
    size = len(data)
    start = int(wanted[1]) if wanted[1] else max(0, size - int(wanted[2]))
    end = min(int(wanted[2]) if wanted[1] and wanted[2] else size - 1, size - 1)
    if start > end:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return web.Response(body=data[start : end + 1], status=206, headers=headers)
