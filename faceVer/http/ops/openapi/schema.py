"""Makers of JSON Schema (draft 2020-12, as OpenAPI 3.1 has it); every value asks for its description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Schema = dict[str, Any]

UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
MD5 = "^[0-9a-f]{32}$"
BASE64 = "^[A-Za-z0-9+/]+={0,2}$"


def text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


def choice(description: str, values: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(values), "description": description}


def share(description: str, **more: Any) -> Schema:
    """A number in 0..1."""
    return {"type": "number", "minimum": 0, "maximum": 1, "description": description, **more}


def seconds(description: str) -> Schema:
    return {"type": "number", "minimum": 0, "description": f"{description}, in Unix seconds with their fraction."}


def count(description: str, low: int = 1) -> Schema:
    return {"type": "integer", "minimum": low, "description": description}


def uuid(description: str) -> Schema:
    return text(description, format="uuid", pattern=UUID)


def null(description: str) -> Schema:
    return {"type": "null", "description": f"{description}; always null."}


def nothing(description: str) -> Schema:
    """An object that is always empty."""
    return {"type": "object", "maxProperties": 0, "description": f"{description}; always empty."}


def anything(description: str) -> Schema:
    """A client's own object, echoed."""
    return {"type": "object", "additionalProperties": True, "description": description}


def array(items: Schema, description: str, **more: Any) -> Schema:
    return {"type": "array", "items": items, "description": description, **more}


def closed(description: str, properties: Mapping[str, Schema]) -> Schema:
    """An object of an answer: these properties, all of them, and no other."""
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def variants(description: str, key: str, by_value: Mapping[str, str]) -> Schema:
    """One of several schemas, by name; `key` tells which. by_value: the key's value -> the schema's name."""
    names = {value: f"#/components/schemas/{name}" for value, name in by_value.items()}
    return {
        "description": description,
        "oneOf": [{"$ref": name} for name in names.values()],
        "discriminator": {"propertyName": key, "mapping": names},
    }


def ref(name: str, kind: str = "schemas") -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}
