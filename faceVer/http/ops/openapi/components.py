"""JSON schemas of the wire models, made by msgspec from their types, constraints and docstrings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

Node = dict[str, Any]
REF = "#/components/schemas/{name}"


def component_schemas(models: Iterable[Any]) -> dict[str, Node]:
    """The schemas of models and of all they contain, by name."""
    # Their own docstrings describe text types like a media item's name; in JSON they are strings.
    _, components = msgspec.json.schema_components(models, ref_template=REF, schema_hook=lambda _: {"type": "string"})
    for schema in components.values():
        schema.pop("title", None)
        for field in schema.get("properties", {}).values():
            field.pop("title", None)
            if "$ref" not in field:  # the tag that tells alternatives apart has no description of its own
                field.setdefault("description", "The kind of this object.")
    return dict(sorted(components.items()))


def reference(model: type) -> Node:
    return {"$ref": REF.format(name=model.__name__)}
