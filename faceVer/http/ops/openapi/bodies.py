"""Request bodies: one picture, or a form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from faceVer.http.ops.openapi.schema import Schema, ref
from faceVer.http.pipeline.forms.content_types import FORM, IMAGE_TYPES, TEMPLATE_TYPES
from faceVer.http.pipeline.forms.part_headers import PAYLOAD
from faceVer.http.pipeline.part_spec import PartSpec
from faceVer.http.pipeline.responses import TRANSFER_ENCODING
from faceVer.settings.model import Settings

Body = dict[str, Any]

MEDIA_KEYS = ("media_key1", "media_key2")
"""Names of media in the reference's examples; any other will do."""
_USUAL = ("image/jpeg", "image/png")
"""First in lists of types: what the contract names first."""
ENCODINGS = ("base64", "binary", "8bit", "7bit")


def image_types() -> list[str]:
    return [*_USUAL, *sorted(IMAGE_TYPES.difference(_USUAL))]


def binary(description: str) -> Schema:
    # format: 3.1 no longer defines `binary`, but that is what tools know a file by.
    return {"type": "string", "format": "binary", "description": description}


def transfer_encoding(description: str) -> Schema:
    return {
        "description": description,
        "schema": {"type": "string", "enum": list(ENCODINGS), "default": "binary"},
    }


def image_content(settings: Settings) -> Body:
    """The content of a body that is one picture, by its types."""
    schema = binary(
        f"The picture: {settings.limits.max_file_bytes} bytes and {settings.media.max_pixels} pixels at most. "
        "The type decides acceptance only; what the bytes are is told from them."
    )
    return {kind: {"schema": schema} for kind in image_types()}


def image_body(settings: Settings) -> Body:
    return {"required": True, "description": "The picture itself, or base64 of it.", "content": image_content(settings)}


def form_body(specs: Iterable[PartSpec], settings: Settings) -> Body:
    """The form of a pattern endpoint: its row of ENDPOINTS."""
    specs = list(specs)
    schema = {
        "type": "object",
        "description": f"{settings.limits.max_request_bytes} bytes at most. Parts of other names are ignored.",
        "properties": {spec.name: _part(spec, settings) for spec in specs},
        "required": [spec.name for spec in specs],
    }
    encoding = {spec.name: _encoding(spec.types) for spec in specs}
    return {"required": True, "content": {FORM: {"schema": schema, "encoding": encoding}}}


def folder_content(settings: Settings, examples: dict[str, Any]) -> Body:
    """The content of a folder request. examples: payloads by name."""
    medium = binary(
        "A medium, under any name of its own: a picture, a video (mp4, mov, webm, avi, mkv) or an archive of pictures "
        f"(zip, tar, tar.gz), told from its bytes; {settings.limits.max_file_bytes} bytes at most."
    )
    schema = {
        "type": "object",
        "description": f"1 to {settings.limits.max_media} media, each a part of its own name, and the payload; "
        f"{settings.limits.max_request_bytes} bytes at most.",
        "properties": {**dict.fromkeys(MEDIA_KEYS, medium), PAYLOAD: ref("Payload")},
        "additionalProperties": medium,
    }
    encoding = {
        **{key: {"headers": {TRANSFER_ENCODING: _part_encoding()}} for key in MEDIA_KEYS},
        PAYLOAD: {"contentType": "application/json"},
    }
    named = {name: {"value": {PAYLOAD: payload}} for name, payload in examples.items()}
    return {FORM: {"schema": schema, "encoding": encoding, "examples": named}}


def _part(spec: PartSpec, settings: Settings) -> Schema:
    kind = "template" if spec.types is TEMPLATE_TYPES else "sample (a picture)"
    if not spec.many:
        return binary(f"The {kind}, exactly one.")
    room = settings.limits.max_samples if spec.types is IMAGE_TYPES else settings.limits.max_parts - 1
    return {
        "type": "array",
        "items": binary(f"A {kind}."),
        "minItems": 1,
        "maxItems": room,
        "description": f"The N {kind}s, each a part of this name; results keep their order and file names.",
    }


def _encoding(types: frozenset[str]) -> Body:
    kinds = image_types() if types is IMAGE_TYPES else sorted(types)
    return {"contentType": ", ".join(kinds), "headers": {TRANSFER_ENCODING: _part_encoding()}}


def _part_encoding() -> Schema:
    return transfer_encoding("Of this part. `binary` in a base64 request: the bytes decide.")
