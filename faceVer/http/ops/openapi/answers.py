"""Responses of operations. What an error looks like is asked of the code that answers it (`refuse`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast

from aiohttp import web

from faceVer.domain.errors import (
    CredentialMissingError,
    ExtractionError,
    FaceVerError,
    InferenceError,
    InternalError,
    MethodError,
    NoFaceError,
    OverloadedError,
    PartTypeError,
    PayloadError,
    RequestTypeError,
    SampleError,
    SeveralFacesError,
    TemplateError,
    TooLargeError,
    UnknownPathError,
)
from faceVer.http.ops.openapi.schema import Schema, ref
from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.error_responses import REQUEST_ID, error_outcome
from faceVer.http.pipeline.paths import FACES as PATTERN
from faceVer.http.pipeline.paths import LIVENESS
from faceVer.http.pipeline.responses import JSON, TRANSFER_ENCODING
from faceVer.settings.model import Settings

Responses = dict[str, Any]
Refused = FaceVerError


class Ending(NamedTuple):
    """One way a request can end in an error. status: where it is not the code's own. http: before there is a path."""

    error: Refused
    when: str
    status: int | None = None
    http: bool = False


WHEN: dict[type[Refused], str] = {
    RequestTypeError: "the request's Content-Type is not accepted or has no usable boundary, or a "
    "Content-Transfer-Encoding, the request's or a part's, is not known",
    MethodError: "another verb than this path takes",
    SampleError: "a sample is not base64, cannot be read, is missing, or is sent twice",
    TemplateError: "a template is not base64, altered, of another model, missing, or sent twice",
    PartTypeError: "a part states a Content-Type that does not fit it",
    TooLargeError: "the request or a file in it is larger than the limit, or there are too many",
    ExtractionError: "a face is there, but too small, blurred or cut to make a template of",
    NoFaceError: "no face was found",
    SeveralFacesError: "a second person is in the picture",
    PayloadError: "the payload is not JSON, or a field of it is wrong",
    InternalError: "a defect of the server; its log says more",
    InferenceError: "the inference runtime failed, or the models are not loaded",
    OverloadedError: "the server, or this client's rate, is at its limit; repeat the request, nothing was done",
    CredentialMissingError: "the API key is missing or wrong; only where keys are on",
    UnknownPathError: "no such path",
}
NO_HTTP = Ending(UnknownPathError(), "what was sent is no HTTP request that can be read", 400, http=True)
TOO_LONG = Ending(TooLargeError(), "a header or the request line is too long", 431, http=True)
NOWHERE = Ending(UnknownPathError(), "no such file", 404)


def ending(error: Refused, when: str = "") -> Ending:
    return Ending(error, when or WHEN[type(error)])


def endings(*kinds: type[Refused]) -> list[Ending]:
    return [ending(kind()) for kind in kinds]


def always(*verbs: str) -> list[Ending]:
    """What any path may answer. verbs: those that it takes."""
    return [ending(MethodError(allowed=verbs)), NO_HTTP, TOO_LONG, *endings(InternalError, OverloadedError)]


def family(path: str, *, http: bool) -> ApiFamily:
    """The family that shapes the errors of a path. http: of what is malformed HTTP."""
    from faceVer.http.endpoints import endpoint_table

    return endpoint_table(Settings()).family_of("" if http else path)


def answered(end: Ending, path: str, settings: Settings) -> tuple[web.Response, dict[str, Any]]:
    """(the response, its JSON) that a request to `path` gets which ends so."""
    response = cast(
        "web.Response", error_outcome(family(path, http=end.http), end.error, settings, end.status).response
    )
    return response, json.loads(cast("bytes", response.body))


def told(end: Ending, settings: Settings) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The JSON under the pattern and under the liveness prefix; None where no request there ends so."""
    pattern = None if isinstance(end.error, PayloadError) else answered(end, PATTERN, settings)[1]
    only_pattern = isinstance(end.error, (TemplateError, ExtractionError))
    return pattern, None if only_pattern else answered(end, LIVENESS, settings)[1]


def refusals(path: str, ends: Iterable[Ending], settings: Settings) -> Responses:
    """The error responses of one operation, by status: the codes in words, examples, headers."""
    by_status: dict[int, list[tuple[Ending, web.Response, dict[str, Any]]]] = {}
    for end in ends:
        response, body = answered(end, path, settings)
        by_status.setdefault(response.status, []).append((end, response, body))
    return {str(status): _refusal(rows) for status, rows in sorted(by_status.items())}


def _refusal(rows: list[tuple[Ending, web.Response, dict[str, Any]]]) -> dict[str, Any]:
    examples: dict[str, Any] = {}
    for end, _, body in rows:
        code = str(body["error_code"] if "error_code" in body else body["code"])
        again = sum(name.partition("_")[0] == code for name in examples)
        examples[f"{code}_{again + 1}" if again else code] = {"summary": f"{code}: {end.when}", "value": body}
    told = [name for name in HEADERS if any(name in response.headers for _, response, _ in rows)]
    lines = dict.fromkeys(f"- {_label(body)}: {end.when}." for end, _, body in rows)
    return {
        "description": "\n".join(lines),
        "headers": headers(*told),
        "content": {JSON: {"schema": _narrowed([body for _, _, body in rows]), "examples": examples}},
    }


def _label(body: Mapping[str, Any]) -> str:
    if "error_code" in body:
        return f"`{body['error_code']}` {body['error_message']}"
    return f"`{body['code']}` {body['message'].partition(':')[0]}"


def _narrowed(bodies: list[dict[str, Any]]) -> Schema:
    """The error's schema with only the codes that occur here."""
    kinds = []
    for name, key in (("Error", "code"), ("InstantError", "error_code")):
        found = sorted({body[key] for body in bodies if key in body})
        if found:
            kinds.append({"allOf": [ref(name), {"properties": {key: {"enum": found}}}]})
    return kinds[0] if len(kinds) == 1 else {"oneOf": kinds}


HEADERS: dict[str, Schema] = {
    REQUEST_ID: {
        "required": True,
        "description": "The request's own id where it has a usable one, else a fresh one; it is in the log lines, too.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
    },
    "Retry-After": {
        "required": True,
        "description": "Seconds to wait before the request is sent again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "required": True,
        "description": "How a key may be sent.",
        "schema": {"type": "string", "const": 'Bearer realm="facever"'},
    },
    "Allow": {
        "required": True,
        "description": "The verbs this path takes.",
        "schema": {"type": "string", "pattern": "^[A-Z]+(, [A-Z]+)*$"},
    },
    TRANSFER_ENCODING: {
        "required": False,
        "description": "`base64` where the request's own header said so; else absent.",
        "schema": {"type": "string", "const": "base64"},
    },
    "ETag": {
        "required": True,
        "description": "The file's version, for If-None-Match.",
        "schema": {"type": "string", "pattern": '^"[0-9a-f]{32}"$'},
    },
    "Content-Security-Policy": {
        "required": True,
        "description": "The page may load from this server only.",
        "schema": {"type": "string", "pattern": "^default-src 'none'; "},
    },
}


def headers(*names: str) -> dict[str, Schema]:
    """The headers of a response; the request's id is always one of them."""
    return {name: ref(name, "headers") for name in dict.fromkeys((REQUEST_ID, *names))}


def success(description: str, content: Mapping[str, Any] | None = None, *names: str) -> dict[str, Any]:
    response: dict[str, Any] = {"description": description, "headers": headers(*names)}
    return response if content is None else {**response, "content": dict(content)}


def json_content(schema: Schema, **examples: Any) -> dict[str, Any]:
    return {JSON: {"schema": schema, "examples": {name: {"value": value} for name, value in examples.items()}}}
