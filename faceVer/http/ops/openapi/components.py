"""JSON schemas of the wire models, made by msgspec from their types, constraints and docstrings."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec

Node = dict[str, Any]
REF = "#/components/schemas/{name}"


def component_schemas(models: Iterable[Any]) -> dict[str, Node]:
    """The schemas of models and of all they contain, by name."""
    _, components = _schemas(models)
    for schema in components.values():
        schema.pop("title", None)
        for field in schema.get("properties", {}).values():
            field.pop("title", None)
            if "$ref" not in field:  # the tag that tells alternatives apart has no description of its own
                field.setdefault("description", "The kind of this object.")
    return dict(sorted(components.items()))


@cache
def reference(model: Any) -> Node:
    """The schema of a model: a reference where it is a component, else with references to those it contains."""
    if isinstance(model, type) and issubclass(model, msgspec.Struct):  # the same, and quicker
        return {"$ref": REF.format(name=model.__name__)}
    (schema,), _ = _schemas([model])
    return schema


def _schemas(models: Iterable[Any]) -> tuple[tuple[Node, ...], dict[str, Node]]:
    """(the schema of each model, the components they refer to)"""
    # Their own docstrings describe text types like a media item's name; in JSON they are strings.
    return msgspec.json.schema_components(models, ref_template=REF, schema_hook=lambda _: {"type": "string"})
