"""Checks responses against the OpenAPI document, and records which parts of it occurred."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from multipart import parse_options_header
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.support_server import Response

Node = dict[str, Any]
Pair = tuple[str, str, str]
"""(path, status, code); "" = no code."""

ROOT = "urn:facever"
TRANSPORT = {"content-type", "content-length", "date", "connection"}
"""Headers that OpenAPI leaves to HTTP."""
# In every response; the document's description names them once.
COMMON = {
    "server",
    "x-content-type-options",
    "referrer-policy",
    "cache-control",
    "access-control-allow-origin",
    "access-control-expose-headers",
}


class Judge:
    """document: of the server whose responses are checked."""

    def __init__(self, document: Node) -> None:
        self.document = document
        self.pairs: set[Pair] = set()
        self.seen: set[str] = set()
        """Pointers of the properties that occurred in a response."""
        self.values: dict[str, set[Any]] = {}
        """Pointer of a schema with an enum -> the values that occurred in a response."""
        self._registry = Registry().with_resource(ROOT, Resource(contents=document, specification=DRAFT202012))

    def path_of(self, path: str) -> str:
        """The document's path for a real one: literal ones first."""
        path, paths = path.partition("?")[0], self.document["paths"]
        if path in paths:
            return path
        fits = [one for one in paths if re.fullmatch(re.sub(r"\{[^/]*\}", "[^/]+", one), path)]
        assert len(fits) == 1, path
        return fits[0]

    def check(self, path: str, answer: Response, verb: str) -> Node:
        """Check a response against its description; returns the description. Raises AssertionError."""
        template = self.path_of(path)
        responses = self.document["paths"][template][verb.lower()]["responses"]
        status = str(answer.status)
        assert status in responses, (path, answer)
        where = f"#/paths/{escaped(template)}/{verb.lower()}/responses/{status}"
        response: Node = responses[status]
        self._headers(response.get("headers", {}), where, answer)
        code = ""
        if "content" not in response:
            assert answer.body == b""
        else:
            kind = answer.headers["content-type"].partition(";")[0]
            assert kind in response["content"], (path, kind)
            code = self._body(f"{where}/content/{escaped(kind)}/schema", kind, answer)
        self.pairs.add((template, status, code))
        return response

    def shape(self, answer: Response, schema: str) -> None:
        """Check a JSON response against one of the document's schemas. Raises AssertionError."""
        pointer = f"#/components/schemas/{schema}"
        self.valid(answer.json(), pointer)
        self.walk(answer.json(), pointer)

    def _headers(self, documented: Node, where: str, answer: Response) -> None:
        names = {name.lower(): name for name in documented}
        extra = set(answer.headers) - TRANSPORT - COMMON - set(names)
        assert not extra, extra
        for low, name in names.items():
            header, pointer = self.resolve(f"{where}/headers/{escaped(name)}")
            if low not in answer.headers:
                assert not header["required"], name
                continue
            value = answer.headers[low]
            self.valid(int(value) if header["schema"]["type"] == "integer" else value, f"{pointer}/schema")

    def _body(self, pointer: str, kind: str, answer: Response) -> str:
        if kind == "application/json":
            body = answer.json()
            self.valid(body, pointer)
            self.walk(body, pointer)
            code = body.get("code", body.get("error_code", "")) if isinstance(body, dict) else ""
            return str(code)
        if kind == "multipart/form-data":
            parts = form_of(answer)
            schema, at = self.resolve(pointer)
            assert list(parts) == list(schema["properties"])
            for name, (told, _) in parts.items():
                encoding = self.resolve(pointer.removesuffix("/schema") + "/encoding")[0][name]
                assert told["content-type"] == encoding["contentType"]
                documented = {one.lower() for one in encoding.get("headers", {})}
                assert set(told) - {"content-disposition", "content-type"} <= documented
            assert isinstance(parts["bio_feature"][1], bytes)
            self.valid(parts["score"][1], f"{at}/properties/score")
            self.walk({name: value for name, (_, value) in parts.items()}, pointer)
        return ""

    def valid(self, value: Any, pointer: str) -> None:
        """Raises AssertionError unless `value` fits the schema at `pointer`."""
        errors = [f"{error.json_path}: {error.message[:300]}" for error in self._validator(pointer).iter_errors(value)]
        assert not errors, (pointer, errors)

    def fits(self, value: Any, pointer: str) -> bool:
        return bool(self._validator(pointer).is_valid(value))

    def _validator(self, pointer: str) -> Any:
        return Draft202012Validator({"$ref": ROOT + quoted(pointer)}, registry=self._registry)

    def resolve(self, pointer: str) -> tuple[Node, str]:
        """What is at a pointer, references followed, and where that is."""
        node: Any = self.document
        for step in pointer.removeprefix("#/").split("/"):
            node = node[int(step) if isinstance(node, list) else step.replace("~1", "/").replace("~0", "~")]
        return self.resolve(node["$ref"]) if isinstance(node, dict) and "$ref" in node else (node, pointer)

    def walk(self, value: Any, pointer: str) -> None:
        """Note which documented properties and values are in `value`, which fits the schema at `pointer`."""
        schema, at = self.resolve(pointer)
        for key in ("oneOf", "anyOf", "allOf"):
            for number in range(len(schema.get(key, ()))):
                if self.fits(value, f"{at}/{key}/{number}"):
                    self.walk(value, f"{at}/{key}/{number}")
        if "enum" in schema:
            self.values.setdefault(at, set()).add(value)
        if isinstance(value, dict):
            for name, item in value.items():
                if name in schema.get("properties", {}):
                    self.seen.add(f"{at}/properties/{escaped(name)}")
                    self.walk(item, f"{at}/properties/{escaped(name)}")
        elif isinstance(value, list) and isinstance(schema.get("items"), dict):
            for item in value:
                self.walk(item, f"{at}/items")


def escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def quoted(pointer: str) -> str:
    """A pointer as a URI's fragment."""
    return pointer.replace("{", "%7B").replace("}", "%7D")


def form_of(answer: Response) -> dict[str, tuple[dict[str, str], Any]]:
    """The parts of a multipart response by name: (headers, bytes; of JSON its value)."""
    import json

    _, options = parse_options_header(answer.headers["content-type"])
    found = {}
    for raw in answer.body.split(b"--" + options["boundary"].encode())[1:-1]:
        head, _, data = raw.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n"))
        _, told = parse_options_header(headers["content-disposition"])
        data = data.removesuffix(b"\r\n")
        found[told["name"]] = headers, json.loads(data) if headers["content-type"] == "application/json" else data
    return found


def schemas(node: Any, at: str = "#") -> Iterator[tuple[str, Node]]:
    """Every schema with `properties`, `items` or a type below a node: (pointer, schema)."""
    if isinstance(node, dict):
        if at.endswith("/schema") or "/schemas/" in at or "/schema/" in at:
            yield at, node
        for key, value in node.items():
            if key not in ("examples", "example", "default", "const", "enum"):
                yield from schemas(value, f"{at}/{escaped(str(key))}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from schemas(value, f"{at}/{number}")


def documented_pairs(document: Node) -> Iterator[tuple[str, Pair]]:
    """(method, (path, status, code)) of every documented response; for errors one of each code."""
    for path, operations in document["paths"].items():
        for verb, described in operations.items():
            for status, response in described["responses"].items():
                content = response.get("content", {}).get("application/json", {})
                codes = {
                    str(example["value"].get("code", example["value"].get("error_code", "")))
                    for example in content.get("examples", {}).values()
                }
                for code in codes or {""}:
                    yield verb, (path, status, code)
