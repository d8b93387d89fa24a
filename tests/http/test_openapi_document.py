"""The OpenAPI document itself: sound, complete, described, and with examples that are true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from faceVer.http.lite.errors import FACES, LIVENESS
from faceVer.http.lite.faces import USE_CASES as ENDPOINTS
from faceVer.http.ops.openapi import DOCUMENT, document
from faceVer.http.ops.openapi.examples import EXAMPLES
from faceVer.http.ops.openapi.pattern_paths import WORDS
from faceVer.http.pipeline.authentication import new
from faceVer.http.pipeline.context import ENDPOINTS as TABLE
from faceVer.http.pipeline.endpoint import reject_path
from faceVer.http.pipeline.error_responses import common_headers
from faceVer.http.pipeline.forms.content_types import FORM, IMAGE_TYPES
from faceVer.http.pipeline.responses import json_bytes
from faceVer.http.server.app import create_app
from faceVer.services.faces import FaceEngine
from faceVer.settings.loader import load_settings
from tests.http.support_examples import ask
from tests.http.support_openapi import COMMON, Judge, Node, escaped, schemas
from tests.support_server import Server

_, LINE = new("tests")
SETTINGS = {
    "default": {},
    "keys": {"API_KEYS": LINE, "METRICS_KEY": "true"},
    "keys and console": {"API_KEYS": LINE, "CONSOLE": "on"},
    "bare": {"DOCS": "false", "CONSOLE": "off", "LANGUAGE": "ru", "OPERATOR_THRESHOLD": "0.6"},
    "webhooks": {"WEBHOOK_HOSTS": "hook.example", "CORS_ORIGINS": "https://a.example"},
}
DETECT = "/v1/face/liveness/detect"
WRONG_VERB = (b'{"code": "BPE-002002"', b'{"code": "LDE-002002"', b'{"error_code": 1,')


def made(**variables: str) -> Node:
    return document(load_settings({f"FACEVER_{name}": value for name, value in variables.items()}))


@pytest.fixture(scope="module")
def default() -> Node:
    return made()


@pytest.mark.parametrize("variables", SETTINGS.values(), ids=list(SETTINGS))
class TestEverySetting:
    def test_it_is_openapi_3_1(self, variables: dict[str, str]) -> None:
        OpenAPIV31SpecValidator(made(**variables)).validate()

    def test_paths_are_the_routes_and_verbs_are_theirs(self, variables: dict[str, str], engine: FaceEngine) -> None:
        described = made(**variables)
        app = create_app(load_settings({f"FACEVER_{name}": value for name, value in variables.items()}), engine)
        routes = {
            row.path
            for row in app[TABLE].endpoints
            if row.handler is not reject_path and not row.path.startswith("/console/") and row.path != "/"
        }
        documented = set()
        for path, operations in described["paths"].items():
            names = (
                [one for one in operations["get"]["parameters"] if one.get("in") == "path"]
                if "get" in operations
                else []
            )
            documented |= {path.replace("{file}", name) for one in names for name in one["schema"]["enum"]} or {path}
        assert documented == routes

    def test_examples_fit_their_schemas(self, variables: dict[str, str]) -> None:
        judge = Judge(made(**variables))
        found = list(examples(judge.document))
        for pointer, value in found:
            judge.valid(value, pointer)
        assert len(found) > 100


def test_each_path_takes_the_documented_verbs_only(server: Server, default: Node) -> None:
    for template, operations in default["paths"].items():
        path = template.replace("{file}", "page.css" if template.startswith("/docs") else "console.css")
        taken = {verb.upper() for verb in operations}
        for verb in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            answer = server.call(verb, path)
            wrong = answer.status in (400, 405) and (verb == "HEAD" or answer.body.startswith(WRONG_VERB))
            assert wrong is not (verb.replace("HEAD", "GET") in taken), (verb, path, answer)


def test_what_is_served_is_the_document(server: Server, default: Node) -> None:
    answer = server.call("GET", DOCUMENT)
    assert answer.json() == default
    assert answer.body == json_bytes(default)
    assert not re.search(rb"\d[eE]-\d", re.sub(rb'"(?:[^"\\]|\\.)*"', b"", answer.body)), "an exponent"


def test_forms_are_the_rows_of_the_endpoint_table(default: Node) -> None:
    assert set(WORDS) == set(ENDPOINTS)
    for name, (*specs, _) in ENDPOINTS.items():
        content = default["paths"][f"/v1/face/pattern/{name}"]["post"]["requestBody"]["content"][FORM]
        schema, encoding = content["schema"], content["encoding"]
        assert list(schema["properties"]) == schema["required"] == list(encoding) == [spec.name for spec in specs]
        for spec in specs:
            assert (schema["properties"][spec.name]["type"] == "array") is spec.many
            assert set(encoding[spec.name]["contentType"].split(", ")) == spec.types
    for path in ("/v1/face/pattern/extract", DETECT):
        assert set(default["paths"][path]["post"]["requestBody"]["content"]) - {FORM} == IMAGE_TYPES


def test_every_code_is_there_with_its_words(default: Node) -> None:
    listed = default["components"]["schemas"]["Error"]["properties"]["code"]["enum"]
    assert set(listed) == {row.code for family in (FACES, LIVENESS) for row in family.errors.values()}
    for code in listed:
        assert re.search(rf"^\| \d+ \|.*\b{code}\b", default["info"]["description"], re.MULTILINE), code


def test_everything_is_described(default: Node) -> None:
    found = [
        (f"{pointer}/{name}", one)
        for pointer, node in schemas(default)
        for name, one in node.get("properties", {}).items()
    ]
    assert len(found) > 200
    for pointer, one in found:
        if "$ref" in one or "/allOf/" in pointer:  # described where it points to; narrows what is described
            continue
        assert one["description"].endswith((".", "`")), pointer
        assert {"type", "enum", "oneOf"} & set(one), pointer
    operations = [one for path in default["paths"].values() for one in path.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    assert {tag for one in operations for tag in one["tags"]} == {tag["name"] for tag in default["tags"]}
    assert all(one["summary"] and one["description"] for one in operations)
    for name in COMMON:
        assert f"`{name}`" in default["info"]["description"].lower(), name
    assert {name.lower() for name in common_headers(load_settings({}))} == COMMON


def examples(described: Node) -> Iterator[tuple[str, Any]]:
    """(pointer of a schema, a value that is shown for it)."""
    for path, operations in described["paths"].items():
        for verb, one in operations.items():
            at = f"#/paths/{escaped(path)}/{verb}"
            bodies = {f"{at}/requestBody": one.get("requestBody", {})}
            bodies |= {f"{at}/responses/{status}": response for status, response in one["responses"].items()}
            for where, body in bodies.items():
                for kind, content in body.get("content", {}).items():
                    for example in content.get("examples", {}).values():
                        yield f"{where}/content/{escaped(kind)}/schema", example["value"]
    for name, schema in described["components"]["schemas"].items():
        for value in schema.get("examples", ()):
            yield f"#/components/schemas/{name}", value


VOLATILE = re.compile(
    "_id$|^time_|^(uptime|memory|faces|requests|connections|overloads|in_flight|tfss|runtime)$|"
    "^(image_b64|jpeg|template|md5|size)$"
)


def alike(shown: Any, real: Any, where: str = "") -> None:
    """Whether an example tells what the server does; ids, times and last digits are others each time."""
    assert type(shown) is type(real) or {type(shown), type(real)} == {int, float}, where
    if isinstance(shown, dict):
        assert list(shown) == list(real), where
        for key in shown:
            if not VOLATILE.search(key) or isinstance(shown[key], list):
                alike(shown[key], real[key], f"{where}.{key}")
    elif isinstance(shown, list):
        assert len(shown) == len(real), where
        for one, other in zip(shown, real, strict=True):
            alike(one, other, f"{where}[]")
    elif isinstance(shown, float):
        assert shown == pytest.approx(real, abs=0.02, rel=1e-3), where
    else:
        assert re.sub(r"[0-9a-f-]{36}", "", str(shown)) == re.sub(r"[0-9a-f-]{36}", "", str(real)), where


def test_examples_are_what_the_server_answers(server: Server) -> None:
    real = ask(server)
    assert set(real) == set(EXAMPLES)
    for name, answer in real.items():
        alike(EXAMPLES[name], answer, name)


def test_it_tells_the_settings() -> None:
    keys, bare = made(**SETTINGS["keys"]), made(**SETTINGS["bare"])
    assert "/" not in keys["paths"]
    assert keys["paths"][DETECT]["post"]["security"] == [{"bearer": []}, {"key": []}]
    assert keys["paths"]["/metrics"]["get"]["security"] == [{"bearer": []}, {"key": []}]
    assert keys["paths"]["/version"]["get"]["security"] == []
    assert {} in bare["paths"][DETECT]["post"]["security"]
    assert "/docs" not in bare["paths"]
    assert "Неверный метод" in str(bare["paths"][DETECT]["post"]["responses"]["400"])
    assert "0.6" in bare["components"]["schemas"]["Decision"]["description"]
    assert LINE.partition(":")[2] not in str(keys)
