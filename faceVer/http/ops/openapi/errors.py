"""The errors an endpoint can respond with, and their part of the OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple, cast

from aiohttp import web

from faceVer.domain import errors
from faceVer.domain.errors import FaceVerError
from faceVer.http.ops.openapi.components import Node, reference
from faceVer.http.ops.openapi.headers import HEADERS, headers
from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.endpoint import WITH_TOKEN, Access, Body, Endpoint, Lane
from faceVer.http.pipeline.error_responses import error_outcome
from faceVer.http.pipeline.responses import JSON
from faceVer.settings.model import Settings

REASONS: dict[type[FaceVerError], str] = {
    errors.RequestTypeError: "the request's Content-Type is not accepted or has no usable boundary, or a "
    "Content-Transfer-Encoding of the request or a part is unknown",
    errors.MethodError: "the path does not take this method",
    errors.SampleError: "a sample is not base64, cannot be read, is missing, or is sent twice",
    errors.TemplateError: "a template is not base64, altered, of another model, missing, or sent twice",
    errors.PartTypeError: "a part states a Content-Type that does not fit it",
    errors.TooLargeError: "the request or a file in it is larger than the limit, or there are too many",
    errors.ExtractionError: "the face is too small, blurred or cut for a template",
    errors.NoFaceError: "no face was found",
    errors.SeveralFacesError: "a second person is in the picture",
    errors.FaceChoiceError: "the parameter `face` is no choice of a face, or is sent twice",
    errors.PayloadError: "the payload is not a JSON object, too large, nested too deep, or sent twice",
    errors.PayloadValueError: "a field of the payload has a value out of range",
    errors.PayloadTypeError: "a field of the payload has the wrong type",
    errors.InternalError: "a defect of the server; its log says more",
    errors.InferenceError: "the inference runtime failed, or the models are not loaded",
    errors.OverloadedError: "the server, or this client's rate, is at its limit; repeat the request, nothing was done",
    errors.CredentialMissingError: "the API key is missing; only where keys are on",
    errors.CredentialInvalidError: "the API key is unknown; only where keys are on",
    errors.UnknownPathError: "there is no such path",
}
STORED_REASONS: dict[type[FaceVerError], str] = {
    errors.FieldMissingError: "a field that the request needs is missing",
    errors.PagingError: "the offset or the limit of a page is out of range",
    errors.CredentialExpiredError: "the session has expired",
    errors.UserBlockedError: "the account is not active",
    errors.ForbiddenError: "the sender's role or scope does not allow it",
    errors.NotFoundError: "there is no such object",
    errors.ConflictError: "another object has this name already",
    errors.RuleError: "a rule forbids it, although the request is well formed; the message says which",
    errors.NotRealizedError: "the Oz API describes it, this server does not have it",
    errors.ThrottledError: "too many failed attempts; repeat the request after Retry-After",
    errors.RateLimitError: "the sender exceeds its rate; repeat the request after Retry-After",
    errors.DatabaseUnavailableError: "the database cannot be reached or is full; nothing was done",
    errors.FilesUnavailableError: "the file storage cannot be reached or is full; nothing was done",
}
"""Of families that tell them apart."""
_FACE_ERRORS = (errors.ExtractionError, errors.NoFaceError, errors.SeveralFacesError)
_PAYLOAD_FIELDS = {
    errors.PayloadError: "payload",
    errors.PayloadValueError: "analyses[0].type",
    errors.PayloadTypeError: "media:tags.photo1",
}


_TOKEN_ERRORS = (
    errors.CredentialMissingError,
    errors.CredentialInvalidError,
    errors.CredentialExpiredError,
    errors.UserBlockedError,
    errors.DatabaseUnavailableError,
)


class Ending(NamedTuple):
    """An error an endpoint can end with. malformed: before the request has a path; status: in place of the table's."""

    error: FaceVerError
    reason: str = ""
    malformed: bool = False
    status: int | None = None

    @property
    def when(self) -> str:
        kind = type(self.error)
        return self.reason or STORED_REASONS.get(kind) or REASONS[kind]


MALFORMED = (
    Ending(errors.UnknownPathError(), "the request is malformed HTTP", malformed=True, status=400),
    Ending(errors.TooLargeError(), "a header or the request line is too long", malformed=True, status=431),
)


def endings(endpoint: Endpoint, settings: Settings) -> Iterator[Ending]:
    """Every error the endpoint can respond with, by what its row says."""
    allowed = ("GET", "HEAD") if endpoint.method == "GET" else (endpoint.method,)
    yield Ending(errors.MethodError(allowed=allowed))
    yield from MALFORMED
    yield Ending(errors.InternalError())
    yield Ending(errors.OverloadedError())
    if endpoint.access in WITH_TOKEN:
        yield from (Ending(kind()) for kind in _TOKEN_ERRORS)
    elif needs_key(endpoint, settings):
        yield Ending(errors.CredentialMissingError())
        yield Ending(errors.CredentialInvalidError())
    yield from (Ending(kind()) for kind in endpoint.errors)
    if endpoint.lane is Lane.STORAGE:
        yield from _of_stored(endpoint, settings)
    elif endpoint.body is not Body.NONE:
        yield Ending(errors.RequestTypeError())
        yield Ending(errors.TooLargeError())
        yield from _of_files(endpoint)


def _of_stored(endpoint: Endpoint, settings: Settings) -> Iterator[Ending]:
    """Of what takes no image for an inference: of the query string, of JSON, of media that are kept."""
    yield Ending(errors.DatabaseUnavailableError())
    if settings.auth.rate_limit and endpoint.access is not Access.OPEN:
        yield Ending(errors.RateLimitError())
    names = {parameter.name: parameter for parameter in endpoint.query}
    if "offset" in names:
        yield Ending(errors.PagingError(exposed="offset"))
    if names:
        yield Ending(errors.PayloadValueError(exposed=next(iter(names))), "a parameter of the query string is wrong")
    if endpoint.body is Body.NONE:
        return
    yield Ending(errors.TooLargeError())
    yield from (Ending(kind(exposed="payload")) for kind in _PAYLOAD_FIELDS)
    yield Ending(errors.FieldMissingError(exposed="payload"))
    if endpoint.body is not Body.JSON:
        yield from (Ending(kind()) for kind in (errors.RequestTypeError, errors.PartTypeError, errors.SampleError))


def _of_files(endpoint: Endpoint) -> Iterator[Ending]:
    kinds = dict.fromkeys(part.error for part in endpoint.parts)
    has_form = endpoint.body is not Body.IMAGE
    has_image = not endpoint.parts or errors.SampleError in kinds
    if not endpoint.parts:
        kinds[errors.SampleError] = None
    for kind in kinds:
        yield Ending(kind())
    for part in endpoint.parts:
        yield Ending(part.error(exposed=part.name), f"part `{part.name}` is missing, or sent twice")
    if has_form:
        yield Ending(errors.PartTypeError())
    if has_form and not endpoint.parts:
        yield Ending(errors.SampleError(exposed="media"), "there is no medium")
        yield from (Ending(kind(exposed=field)) for kind, field in _PAYLOAD_FIELDS.items())
    if endpoint.query:
        yield Ending(errors.FaceChoiceError(exposed=endpoint.query[0].name))
    if has_image:
        yield Ending(errors.InferenceError())
        # A folder document states its media's faces itself.
        kinds_of_faces = _FACE_ERRORS if "faces" in endpoint.models else _FACE_ERRORS[1:]
        if endpoint.body is not Body.FORM or endpoint.parts:
            yield from (Ending(kind()) for kind in kinds_of_faces)


def needs_key(endpoint: Endpoint, settings: Settings) -> bool:
    """Whether a request needs a key where keys are on."""
    return endpoint.access is Access.KEY or (endpoint.access is Access.GUARDED and settings.auth.metrics_key)


def error_responses(endpoint: Endpoint, malformed: ApiFamily, settings: Settings) -> dict[str, Node]:
    """By status: the errors in words, an example of each, their headers. malformed: family of malformed requests."""
    by_status: dict[int, list[tuple[Ending, ApiFamily, web.Response]]] = {}
    for end in endings(endpoint, settings):
        family = malformed if end.malformed else endpoint.family
        response = cast("web.Response", error_outcome(family, end.error, settings, end.status).response)
        by_status.setdefault(response.status, []).append((end, family, response))
    return {str(status): _response(found) for status, found in sorted(by_status.items())}


def _response(found: list[tuple[Ending, ApiFamily, web.Response]]) -> Node:
    examples: Node = {}
    lines: dict[str, None] = {}
    for end, family, response in found:
        row = family.row(end.error)
        name, number = str(row.code), sum(key.partition("_")[0] == str(row.code) for key in examples)
        examples[f"{name}_{number + 1}" if number else name] = {
            "summary": f"{row.code}: {end.when}",
            "value": json.loads(cast("bytes", response.body)),
        }
        lines[f"- `{row.code}`: {end.when}."] = None
    used = [name for name in HEADERS if any(name in response.headers for _, _, response in found)]
    schemas = [reference(model) for model in dict.fromkeys(family.error_model for _, family, _ in found)]
    return {
        "description": "\n".join(lines),
        "headers": headers(*used),
        "content": {
            JSON: {
                "schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas},
                "examples": examples,
            }
        },
    }
