"""What every operation has: a name, words, parameters, security, answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from faceVer.domain.errors import CredentialMissingError
from faceVer.http.ops.assets import TYPES
from faceVer.http.ops.openapi.answers import Ending, Responses, always, endings, refusals, success
from faceVer.http.ops.openapi.bodies import transfer_encoding
from faceVer.http.ops.openapi.schema import Schema, ref
from faceVer.http.pipeline.authentication import HEADER as API_KEY
from faceVer.http.pipeline.endpoint import Access
from faceVer.http.pipeline.error_responses import REQUEST_ID
from faceVer.http.pipeline.responses import JSON, TRANSFER_ENCODING
from faceVer.settings.model import Settings

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key as a bearer token."},
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": API_KEY,
        "description": "The same key in a header of its own.",
    },
}
PARAMETERS: dict[str, Schema] = {
    REQUEST_ID: {
        "name": REQUEST_ID,
        "in": "header",
        "description": "An id for this request: 1 to 128 visible ASCII characters. Anything else is replaced.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
    },
    TRANSFER_ENCODING: {
        "name": TRANSFER_ENCODING,
        "in": "header",
        **transfer_encoding("What is on the request's files; `binary`, `8bit` and `7bit` mean nothing is."),
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "ETag of a version that is there already.",
        "schema": {"type": "string"},
    },
}


def operation(
    tag: str, ident: str, summary: str, description: str, responses: Responses, **more: Any
) -> dict[str, Any]:
    return {
        "tags": [tag],
        "operationId": ident,
        "summary": summary,
        "description": description,
        "responses": dict(sorted(responses.items())),
        **more,
    }


def parameters(*names: str) -> list[Schema]:
    """References to them; the request's id is always one."""
    return [ref(name, "parameters") for name in (REQUEST_ID, *names)]


def security(path: str, settings: Settings) -> list[dict[str, list[str]]]:
    """What a request to a path has to show."""
    from faceVer.http.endpoints import endpoint_table

    access = endpoint_table(settings).at(path.replace("{file}", "swagger-ui.css")).access
    if access is Access.OPEN or (access is Access.GUARDED and not settings.auth.metrics_key):
        return []
    schemes: list[dict[str, list[str]]] = [{name: []} for name in SCHEMES]
    return schemes if settings.auth.api_keys else [{}, *schemes]


def asked(path: str, settings: Settings, *ends: Ending, well: dict[str, Any], verb: str = "POST") -> Responses:
    """The answers of an operation. ends: its own errors. well: the answer of 200."""
    verbs = ("GET", "HEAD") if verb == "GET" else (verb,)
    keys = endings(CredentialMissingError) if security(path, settings) else []
    return {"200": well, **refusals(path, [*ends, *keys, *always(*verbs)], settings)}


def read(tag: str, ident: str, path: str, summary: str, text: str, well: dict[str, Any], settings: Settings) -> Schema:
    """A GET without a body."""
    return {
        "get": operation(
            tag,
            ident,
            summary,
            text,
            asked(path, settings, verb="GET", well=well),
            parameters=parameters(),
            security=security(path, settings),
        )
    }


_FILE = {JSON: {"type": "object", "description": "An object."}}
"""What is in files of a type; text or a picture where it is not here."""


def file(
    tag: str, ident: str, path: str, summary: str, settings: Settings, *ends: Ending, names: Iterable[str] = ()
) -> Schema:
    """A GET of a file, or of one of several in a folder. path: an existing one. names: the files, where several."""
    names = list(names)
    suffixes = {name[name.rindex(".") :] for name in names or [path] if "." in name}
    kinds = sorted({TYPES[suffix].partition(";")[0] for suffix in suffixes or {".html"}})
    told = ("ETag",) if names or suffixes else ("ETag", "Content-Security-Policy")
    content = {kind: {"schema": _FILE.get(kind, {"type": "string", "description": "The file."})} for kind in kinds}
    responses = asked(path, settings, *ends, verb="GET", well=success("The file.", content, *told))
    responses["304"] = success("The version that If-None-Match names is the newest.", None, *told)
    own = (
        [
            {
                "name": "file",
                "in": "path",
                "required": True,
                "description": "Name of the file.",
                "schema": {"enum": names},
            }
        ]
        if names
        else []
    )
    described = operation(
        tag,
        ident,
        summary,
        "Asked for anew each time: `Cache-Control: no-cache`, and 304 where nothing has changed.",
        responses,
        parameters=[*own, *parameters("If-None-Match")],
        security=security(path, settings),
    )
    return {"get": described}
