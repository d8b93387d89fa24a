"""The OpenAPI document, built from the code's own tables."""

from __future__ import annotations

from typing import Any

from faceVer import __version__
from faceVer.domain.errors import PayloadError, PayloadTypeError, PayloadValueError
from faceVer.http.ops.openapi.answers import HEADERS, WHEN, Ending, answered, endings, told
from faceVer.http.ops.openapi.folder_schemas import folder_schemas
from faceVer.http.ops.openapi.liveness_paths import liveness_paths, webhooks
from faceVer.http.ops.openapi.operation import PARAMETERS, SCHEMES
from faceVer.http.ops.openapi.pattern_paths import pattern_paths
from faceVer.http.ops.openapi.payload_schema import payload_schemas
from faceVer.http.ops.openapi.schemas import short_schemas
from faceVer.http.ops.openapi.service_paths import service_paths
from faceVer.http.ops.openapi.text import TAGS, description
from faceVer.http.pipeline.paths import INSTANT_FOLDERS as FOLDERS_PATH
from faceVer.settings.model import Settings


def build(settings: Settings) -> dict[str, Any]:
    """See `faceVer.http.ops.openapi.document`."""
    paths = {
        **service_paths(settings),
        **pattern_paths(settings),
        **liveness_paths(settings),
    }
    used = {tag for path in paths.values() for one in path.values() for tag in one["tags"]}
    ends = endings(*WHEN)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "FaceVer",
            "version": __version__,
            "summary": "Open, self-hosted biometric processor: the HTTP API of Oz API Lite.",
            "description": description(settings, ends),
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items() if name in used],
        "paths": paths,
        "webhooks": webhooks(),
        "components": {
            "schemas": {
                **short_schemas(settings, _codes(ends, settings), _numbers(ends, settings)),
                **payload_schemas(settings),
                **folder_schemas(),
            },
            "headers": HEADERS,
            "parameters": PARAMETERS,
            "securitySchemes": SCHEMES,
        },
    }


def _codes(ends: list[Ending], settings: Settings) -> list[str]:
    """Every code of the two families."""
    found = {body["code"] for end in ends for body in told(end, settings) if body}
    return sorted(found)


def _numbers(ends: list[Ending], settings: Settings) -> list[int]:
    """Every code of the full API's shape."""
    kinds = [PayloadError(), PayloadValueError(), PayloadTypeError()]
    every = [*ends, *(Ending(error, "") for error in kinds)]
    return sorted({answered(end, FOLDERS_PATH, settings)[1]["error_code"] for end in every})
