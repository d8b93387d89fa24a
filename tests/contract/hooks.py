"""What schemathesis cannot know of this API: real files where files are wanted, and how the response of verify is read.

Loaded by its command line (SCHEMATHESIS_HOOKS). CONTRACT_FILES is a folder of folders of files, by kind.
"""

from __future__ import annotations

import base64
import os
import zlib
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.transport.serialization import Binary

from faceVer.http.lite.faces import COMPARING as ENDPOINTS
from faceVer.http.pipeline.forms.content_types import IMAGE_TYPES
from faceVer.http.pipeline.forms.part_headers import PAYLOAD
from tests.http.support_openapi import form_of
from tests.support_server import Response

_FOLDER = Path(os.environ["CONTRACT_FILES"])
FILES = {kind.name: [path.read_bytes() for path in sorted(kind.iterdir())] for kind in _FOLDER.iterdir()}
"""Kind (picture, template, media item) -> files, good and bad."""
KINDS = {
    spec.name: "picture" if spec.types is IMAGE_TYPES else "template" for row in ENDPOINTS.values() for spec in row[:2]
}


def number_of(drawn: Any) -> int:
    data = drawn.data if isinstance(drawn, Binary) else repr(drawn).encode("utf-8", "replace")
    return zlib.crc32(data)


def real(kind: str, drawn: Any, good: bool, encoded: bool) -> Any:
    """A file in place of what was drawn, which decides which file; one in four stays as it is. good: the first file."""
    if isinstance(drawn, list):
        return [real(kind, one, good, encoded) for one in drawn]
    number = number_of(drawn)
    if not isinstance(drawn, str) or (number % 4 == 0 and not good):
        return drawn
    data = FILES[kind][0 if good else number // 4 % len(FILES[kind])]
    return Binary(base64.b64encode(data) if encoded else data)


@schemathesis.hook
def map_case(context: Any, case: Any) -> Any:
    """Real files into bodies and the fields of forms; in half of the requests good ones only."""
    good = number_of(case.body) % 2 == 0
    encoded = (case.headers or {}).get("Content-Transfer-Encoding") == "base64"
    if case.media_type in IMAGE_TYPES:
        case.body = real("picture", case.body, good, encoded)
    elif isinstance(case.body, dict):
        case.body = {
            name: value if name == PAYLOAD else real(KINDS.get(name, "medium"), value, good, encoded)
            for name, value in case.body.items()
        }
    return case


@schemathesis.deserializer("multipart/form-data")
def form(context: Any, response: Any) -> Any:
    headers = {name.lower(): values[0] for name, values in response.headers.items()}
    parts = form_of(Response(response.status_code, headers, response.content))
    return {name: value if isinstance(value, dict) else value.decode("latin1") for name, (_, value) in parts.items()}
