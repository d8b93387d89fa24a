"""One row of the endpoint table -> one operation of the OpenAPI document."""

from __future__ import annotations

import inspect
import re
from typing import Any

from msgspec import Struct
from msgspec.structs import fields

from faceVer.http.ops.openapi.components import Node, reference
from faceVer.http.ops.openapi.errors import error_responses, needs_key
from faceVer.http.ops.openapi.examples import EXAMPLES, PAYLOADS
from faceVer.http.ops.openapi.headers import ENCODING_SCHEMA, HEADERS, SECURITY_SCHEMES, headers, parameters
from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.endpoint import Access, Body, Content, Endpoint
from faceVer.http.pipeline.forms.content_types import FORM, IMAGE_TYPES
from faceVer.http.pipeline.forms.part_headers import PAYLOAD
from faceVer.http.pipeline.part_spec import PartSpec
from faceVer.http.pipeline.responses import JSON, OCTETS, TRANSFER_ENCODING
from faceVer.services.folders.payload import Payload
from faceVer.settings.model import Settings

_PARAMETER = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})+))?\}")
"""A parameter of an aiohttp path: its name, and the regular expression it has to match, if any."""

_SUCCESS = {201: "Created.", 204: "Done; there is nothing to show.", 206: "A part.", 416: "There is no such part."}
MEDIA_KEYS = ("media_key1", "media_key2")
"""Names of media in the contract's examples; any others will do."""


def operation(endpoint: Endpoint, operation_id: str, malformed: ApiFamily, settings: Settings) -> Node:
    """The operation of a row. malformed: the family that answers malformed HTTP."""
    summary, _, rest = (inspect.getdoc(endpoint.handler) or "").partition(".")
    described: Node = {
        "tags": [endpoint.family.title],
        "operationId": operation_id,
        "summary": summary,
        "description": rest.strip() or f"{summary}.",
        "parameters": [*_path_parameters(endpoint), *_query(endpoint), *parameters(*_encoding(endpoint))],
        "security": security(endpoint, settings),
        "responses": _responses(endpoint, malformed, settings),
    }
    if endpoint.body is not Body.NONE:
        described["requestBody"] = {"required": _needs_body(endpoint), "content": _body(endpoint, settings)}
    return described


def security(endpoint: Endpoint, settings: Settings) -> list[dict[str, list[str]]]:
    """The ways to authenticate a request; {} where it may go without."""
    if endpoint.access is Access.TOKEN:
        return [{"token": []}, {"bearer": []}]
    if endpoint.access is Access.TOKEN_OR_KEY:
        names = ("token", "bearer", "key") if settings.auth.api_keys else ("token", "bearer")
        return [{name: []} for name in names]
    if not needs_key(endpoint, settings):
        return []
    schemes: list[dict[str, list[str]]] = [{name: []} for name in SECURITY_SCHEMES]
    return schemes if settings.auth.api_keys else [{}, *schemes]


def path_template(path: str) -> str:
    """An aiohttp path without the regular expressions of its parameters."""
    return _PARAMETER.sub(r"{\1}", path)


def _path_parameters(endpoint: Endpoint) -> list[Node]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"The {name.replace('_', ' ')}.",
            "schema": _parameter_schema(pattern),
        }
        for name, pattern in _PARAMETER.findall(endpoint.path)
    ]


def _parameter_schema(pattern: str) -> Node:
    if pattern == r"\d+":
        return {"type": "integer", "minimum": 0}
    return {"type": "string", "pattern": f"^(?:{pattern})$"} if pattern else {"type": "string", "minLength": 1}


def _query(endpoint: Endpoint) -> list[Node]:
    return [
        {
            "name": one.name,
            "in": "query",
            "description": one.description,
            "schema": dict(one.schema),
            **({"style": "form", "explode": False} if one.schema["type"] == "array" else {}),
        }
        for one in endpoint.query
    ]


def _encoding(endpoint: Endpoint) -> tuple[str, ...]:
    return () if endpoint.body in (Body.NONE, Body.JSON) else (TRANSFER_ENCODING,)


def _needs_body(endpoint: Endpoint) -> bool:
    """An empty body is an empty JSON object, so it is needed where a field of the object is."""
    if endpoint.body not in (Body.JSON, Body.JSON_OR_FORM):
        return True
    model = endpoint.accepts
    return isinstance(model, type) and issubclass(model, Struct) and any(one.required for one in fields(model))


def _responses(endpoint: Endpoint, malformed: ApiFamily, settings: Settings) -> Node:
    responses: Node = error_responses(endpoint, malformed, settings)
    for content in endpoint.responses:
        status = str(content.status)
        response = responses.setdefault(
            status, {"description": _SUCCESS.get(content.status, "Success."), "headers": headers()}
        )
        others = [one for one in endpoint.responses if one.status == content.status]
        for name, text in content.headers:
            always = all(name in dict(one.headers) for one in others)
            response["headers"][name] = {"required": always, "description": text, "schema": {"type": "string"}}
        if content.model is None:
            continue
        response.setdefault("content", {})
        if content.media_type in (OCTETS, FORM):
            response["headers"] |= headers(*([TRANSFER_ENCODING] if content.media_type == OCTETS else []))
        _add(response["content"], content)
        if content.status == 200 and endpoint.examples and content.media_type == JSON:
            response["content"][JSON]["examples"] = {name: {"value": EXAMPLES[name]} for name in endpoint.examples}
        elif content.status == 503 and content.media_type == JSON:
            response["description"] += "\n- inoperative: `status` is 3, without Retry-After."
            response["headers"] |= {"Retry-After": {**HEADERS["Retry-After"], "required": False}}
    return dict(sorted(responses.items()))


def _add(contents: Node, content: Content) -> None:
    """Add a kind of content; two JSON models of one status are alternatives."""
    if content.model is bytes:
        schema = binary("The template." if content.media_type == OCTETS else "The file.")
    elif content.model is str:
        schema = {"type": "string", "description": "Text."}
    else:
        schema = reference(content.model)
    present = contents.setdefault(content.media_type, {})
    if "schema" not in present:
        present["schema"] = schema
    else:
        before = present["schema"]
        present["schema"] = {"oneOf": [*before.get("oneOf", [before]), schema]}
    if content.media_type == FORM:
        encoding = {TRANSFER_ENCODING: {"$ref": f"#/components/headers/{TRANSFER_ENCODING}"}}
        present["encoding"] = {
            "score": {"contentType": JSON},
            "bio_feature": {"contentType": OCTETS, "headers": encoding},
        }


def _body(endpoint: Endpoint, settings: Settings) -> Node:
    contents: Node = {}
    if endpoint.body in (Body.JSON, Body.JSON_OR_FORM):
        contents[JSON] = {"schema": reference(endpoint.accepts)}
    if endpoint.accepts is not None and endpoint.body in (Body.FORM, Body.JSON_OR_FORM):
        contents[FORM] = _media_form(settings, endpoint.accepts, {})
        return contents
    if endpoint.body in (Body.IMAGE, Body.IMAGE_OR_FORM):
        contents |= {kind: {"schema": binary("The image; its bytes decide its format.")} for kind in image_types()}
    if endpoint.body is Body.IMAGE_OR_FORM or (endpoint.body is Body.FORM and not endpoint.parts):
        contents[FORM] = _media_form(settings, Payload, PAYLOADS)
    elif endpoint.body is Body.FORM:
        contents[FORM] = _parts_form(endpoint, settings)
    return contents


def image_types() -> list[str]:
    """The accepted media types of images, the contract's two first."""
    usual = ["image/jpeg", "image/png"]
    return [*usual, *sorted(IMAGE_TYPES.difference(usual))]


def binary(description: str) -> Node:
    # OpenAPI 3.1 no longer defines the format `binary`, but tools know a file by it.
    return {"type": "string", "format": "binary", "description": description}


def _parts_form(endpoint: Endpoint, settings: Settings) -> Node:
    return {
        "schema": {
            "type": "object",
            "description": "The parts. Parts of other names are ignored.",
            "properties": {
                **{part.name: _part(part, settings) for part in endpoint.parts},
                **{
                    one.name: {**one.schema, "description": "The query parameter of this name, as a part."}
                    for one in endpoint.query
                },
            },
            "required": [part.name for part in endpoint.parts],
        },
        "encoding": {
            part.name: {
                "contentType": ", ".join(image_types() if part.types == IMAGE_TYPES else sorted(part.types)),
                "headers": _part_headers(),
            }
            for part in endpoint.parts
        },
    }


def _part(part: PartSpec, settings: Settings) -> Node:
    if part.model is not None:
        return reference(part.model)
    kind = "sample (an image)" if part.is_image else "template"
    if any(name.startswith("video/") for name in part.types):
        kind = "sample (an image or a video)"
    if not part.many:
        return binary(f"The {kind}, exactly one.")
    return {
        "type": "array",
        "items": binary(f"A {kind}."),
        "minItems": 1,
        "maxItems": settings.limits.max_samples if part.is_image else settings.limits.max_parts - 1,
        "description": f"The N {kind}s, each a part of this name; results keep their order and file names.",
    }


def _media_form(settings: Settings, payload: Any, examples: Node) -> Node:
    medium = binary(
        "A media item, under any name of its own: an image, a video (mp4, mov, webm, avi, mkv) or an archive of images "
        f"(zip, tar, tar.gz), identified by its bytes; {settings.limits.max_file_bytes} bytes at most."
    )
    return {
        "schema": {
            "type": "object",
            "description": f"1 to {settings.limits.max_media} media, each a part of its own name, and the payload.",
            "properties": {**dict.fromkeys(MEDIA_KEYS, medium), PAYLOAD: reference(payload)},
            "additionalProperties": medium,
        },
        "encoding": {
            **{key: {"headers": _part_headers()} for key in MEDIA_KEYS},
            PAYLOAD: {"contentType": JSON},
        },
        **({"examples": {name: {"value": {PAYLOAD: one}} for name, one in examples.items()}} if examples else {}),
    }


def _part_headers() -> Node:
    return {TRANSFER_ENCODING: {"description": "`base64`: this part is base64 text.", "schema": ENCODING_SCHEMA}}
