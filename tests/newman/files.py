"""The files that the Postman collection's requests are made of, out of real faces."""

from __future__ import annotations

import base64
from pathlib import Path

from faceVer.http.ops.openapi import postman_request as wanted
from tests import support_faces as faces
from tests.support_liveness import blank, pair, selfie
from tests.support_media import encode_video, jpeg
from tests.support_server import Server


def write(folder: Path, server: Server) -> None:
    """Write every file of `postman_request.FILES`; the server makes the templates."""
    photo, other = jpeg(selfie()), faces.jpeg(faces.person(2))
    contents = {
        wanted.PHOTO: photo,
        wanted.OTHER: other,
        wanted.EMPTY: jpeg(blank()),
        wanted.TWO: jpeg(pair()),
        wanted.ENCODED: base64.encodebytes(photo),
        wanted.TEMPLATE: server.template(photo),
        wanted.STRANGER: server.template(other),
        wanted.VIDEO: encode_video([selfie(shift=4 * number) for number in range(8)], fps=4),
    }
    assert set(contents) == set(wanted.FILES)
    for name, data in contents.items():
        (folder / name).write_bytes(data)
