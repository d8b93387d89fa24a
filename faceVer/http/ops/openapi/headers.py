"""Headers and parameters that operations of the OpenAPI document share."""

from __future__ import annotations

from faceVer.http.ops.openapi.components import Node
from faceVer.http.pipeline.authentication import HEADER as API_KEY
from faceVer.http.pipeline.authentication import OZ_HEADER
from faceVer.http.pipeline.error_responses import REQUEST_ID
from faceVer.http.pipeline.responses import TRANSFER_ENCODING

ENCODINGS = ("base64", "binary", "8bit", "7bit")
ENCODING_SCHEMA: Node = {"type": "string", "enum": list(ENCODINGS), "default": "binary"}

SECURITY_SCHEMES: dict[str, Node] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key as a bearer token."},
    "key": {"type": "apiKey", "in": "header", "name": API_KEY, "description": "The key in a header of its own."},
    "token": {"type": "apiKey", "in": "header", "name": OZ_HEADER, "description": "The key in the Oz API's header."},
}
TOKEN_SCHEMES: dict[str, Node] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An access token, or an API key, as a bearer token."},
    "key": SECURITY_SCHEMES["key"],
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": OZ_HEADER,
        "description": "An access token; where there are API keys, also one of them.",
    },
}
"""Of a server with a store."""
PARAMETERS: dict[str, Node] = {
    REQUEST_ID: {
        "name": REQUEST_ID,
        "in": "header",
        "description": "An id for this request: 1 to 128 visible ASCII characters. The server replaces anything else.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
    },
    TRANSFER_ENCODING: {
        "name": TRANSFER_ENCODING,
        "in": "header",
        "description": "`base64`: the request's files are base64 text.",
        "schema": ENCODING_SCHEMA,
    },
}
HEADERS: dict[str, Node] = {
    REQUEST_ID: {
        "required": True,
        "description": "The request's own id if it is usable, else a fresh one; also in the log lines.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
    },
    "Retry-After": {
        "required": True,
        "description": "Seconds to wait before repeating the request.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "required": True,
        "description": "How to send a key.",
        "schema": {"type": "string", "const": 'Bearer realm="facever"'},
    },
    "Allow": {
        "required": True,
        "description": "The methods that this path takes.",
        "schema": {"type": "string", "pattern": "^[A-Z]+(, [A-Z]+)*$"},
    },
    TRANSFER_ENCODING: {
        "required": False,
        "description": "`base64` if the request's own header said so; else absent.",
        "schema": {"type": "string", "const": "base64"},
    },
}


def headers(*names: str) -> dict[str, Node]:
    """References to headers of a response; the request's id is always one of them."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in dict.fromkeys((REQUEST_ID, *names))}


def parameters(*names: str) -> list[Node]:
    """References to parameters; the request's id is always one of them."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in (REQUEST_ID, *names)]
