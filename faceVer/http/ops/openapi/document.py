"""The OpenAPI 3.1 document, made from the endpoint table and the wire models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from faceVer import __version__
from faceVer.http.ops.openapi.components import Node, component_schemas, reference
from faceVer.http.ops.openapi.errors import REASONS, STORED_REASONS
from faceVer.http.ops.openapi.headers import HEADERS, PARAMETERS, SECURITY_SCHEMES, TOKEN_SCHEMES
from faceVer.http.ops.openapi.operation import operation, path_template
from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.endpoint import Body, Endpoint, EndpointTable, Lane
from faceVer.http.pipeline.error_responses import REQUEST_ID, common_headers
from faceVer.http.pipeline.responses import JSON
from faceVer.jobs.webhook_policy import SIGNATURE_HEADER
from faceVer.services.folders.document import FolderDocument
from faceVer.services.folders.payload import Payload
from faceVer.settings.field import PREFIX
from faceVer.settings.model import Settings, declared

_KEEPS = "It keeps accounts, folders, media and analyses below `/api`."


def build(settings: Settings, table: EndpointTable) -> Node:
    """The document of a server with these settings and endpoints; plain JSON values."""
    rows = [row for row in table.endpoints if row.documented]
    malformed = table.family_of("/")
    paths: dict[str, Node] = {}
    for row, name in zip(rows, _operation_ids(rows), strict=True):
        paths.setdefault(path_template(row.path), {})[row.method.lower()] = operation(row, name, malformed, settings)
    families = dict.fromkeys(row.family for row in rows)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "FaceVer",
            "version": __version__,
            "summary": "Open, self-hosted biometric processor: the HTTP API of Oz API Lite.",
            "description": _description(settings, list(families)),
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": family.title, "description": family.about} for family in families],
        "paths": paths,
        "webhooks": {"folderDocument": {"post": _webhook()}},
        "components": {
            "schemas": component_schemas(dict.fromkeys([malformed.error_model, *_models(rows)])),
            "headers": HEADERS,
            "parameters": PARAMETERS,
            "securitySchemes": TOKEN_SCHEMES if table.needs_tokens else SECURITY_SCHEMES,
        },
    }


def _operation_ids(rows: list[Endpoint]) -> Iterator[str]:
    """The last word of each path; where that is taken, or says little, with the words before it, then the method.

    Paths of stored objects have several methods, which the names of their handlers tell apart: those come first.
    """
    taken = {"health"}
    for row in rows:
        words = [_capitalized(word) for word in re.findall(r"\{?[\w.]+", path_template(row.path))]
        tails = ["".join(words[start:]) for start in reversed(range(len(words))) if not words[start].startswith("By")]
        if row.lane is Lane.STORAGE:
            handler = _capitalized(getattr(row.handler, "__name__", ""))
            tails = [handler, *(handler + tail for tail in tails)]
        names = [*(tail[0].lower() + tail[1:] for tail in tails), row.method.lower() + tails[-1]]
        name = next(name for name in names if name not in taken)
        taken.add(name)
        yield name


def _capitalized(word: str) -> str:
    """`extract_n` as ExtractN, the parameter `{folder_id` as ByFolderId."""
    start = "By" if word.startswith("{") else ""
    return start + "".join(part[:1].upper() + part[1:] for part in re.split(r"[_.{]", word))


def _models(rows: list[Endpoint]) -> Iterator[Any]:
    for row in rows:
        yield row.family.error_model
        yield from (content.model for content in row.responses if content.model not in (bytes, str, None))
        if row.accepts is not None:
            yield row.accepts
        elif row.body in (Body.FORM, Body.IMAGE_OR_FORM) and not row.parts:
            yield Payload
        yield from (part.model for part in row.parts if part.model is not None)
    yield FolderDocument


def _webhook() -> Node:
    names = {
        REQUEST_ID: "The id of the request that the document answers.",
        "X-FaceVer-Folder": "The document's `folder_id`.",
        SIGNATURE_HEADER: '`t=<Unix seconds>,v1=<hex HMAC-SHA-256 of "<t>." and the body>`; only with a secret.',
    }
    return {
        "operationId": "folderDocument",
        "summary": "A finished document",
        "description": "The server POSTs it to the payload's `resolution_endpoint` if its host is allowed. Any 2xx "
        "accepts it; after 408, 429 and 5xx the server tries again, after other statuses it does not. It follows no "
        "redirect.",
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": name != SIGNATURE_HEADER,
                "description": text,
                "schema": {"type": "string"},
            }
            for name, text in names.items()
        ],
        "requestBody": {"required": True, "content": {JSON: {"schema": reference(FolderDocument)}}},
        "responses": {"2XX": {"description": "Accepted."}},
        "security": [],
    }


def _description(settings: Settings, families: list[ApiFamily]) -> str:
    names = ", ".join(f"`{name}`" for name in (*common_headers(settings), REQUEST_ID))
    comparison = settings.comparison
    band = (
        "there is no operator's band"
        if comparison.operator_threshold is None
        else f"the operator's band begins at {comparison.operator_threshold:g}"
    )
    return "\n\n".join(
        (
            "An open, self-hosted biometric processor that speaks the HTTP API of Oz API Lite: face templates, 1:1 and "
            "1:N comparison, passive liveness, best shot and folder analyses. "
            f"{_KEEPS if settings.store.store else 'It stores nothing of a request.'} "
            "`docs/contract.md` is the contract; this document is generated from the server's own tables.",
            f"API keys are {'on' if settings.auth.api_keys else 'off'}. A comparison is approved from a score of "
            f"{comparison.approve_threshold:g}; {band}. A presentation passes up to a PAD score of "
            f"{settings.liveness.spoofing_threshold:g}.",
            f"Every response has the headers {names}. Numbers are plain decimals. HEAD goes wherever GET does. A CORS "
            "preflight gets 204 on every path.",
            "## Errors\n\n" + "\n".join(_errors(settings, families)),
            "## Limits\n\n" + "\n".join(_limits(settings)),
        )
    )


def _errors(settings: Settings, families: list[ApiFamily]) -> Iterator[str]:
    language = settings.api.language
    yield "| API | HTTP | code | message | when |"
    yield "| --- | --- | --- | --- | --- |"
    for family in families:
        own = {kind: reason for kind, reason in {**REASONS, **STORED_REASONS}.items() if kind in family.errors}
        for kind, reason in (own if own.keys() & STORED_REASONS else REASONS).items():
            row = family.row(kind)
            message = row.message.text(family.language or language)
            yield f"| {family.title} | {row.status} | {row.code} | {message} | {reason} |"


def _limits(settings: Settings) -> Iterator[str]:
    yield "| setting | value | meaning |"
    yield "| --- | --- | --- |"
    for area, spec in declared():
        if area == "limits" or (area == "media" and spec.name.startswith("max_")):
            yield f"| `{PREFIX}{spec.name.upper()}` | {settings.value(spec.name):.12g} | {spec.metadata['doc']} |"
