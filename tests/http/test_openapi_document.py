"""The OpenAPI document itself: sound, complete, described, and with examples that are true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator

from faceVer.http.endpoints import OPERATIONS, endpoint_table
from faceVer.http.lite.errors import FACES, LIVENESS
from faceVer.http.lite.faces import COMPARING as ENDPOINTS
from faceVer.http.ops.openapi import DOCUMENT
from faceVer.http.ops.openapi.document import build
from faceVer.http.ops.openapi.examples import EXAMPLES
from faceVer.http.oz.errors import OZ
from faceVer.http.pipeline.authentication import new_key
from faceVer.http.pipeline.endpoint import Endpoint, EndpointTable, json_content
from faceVer.http.pipeline.error_responses import common_headers
from faceVer.http.pipeline.forms.content_types import FORM, IMAGE_TYPES
from faceVer.http.pipeline.responses import json_bytes
from faceVer.services.folders.document import FolderDocument
from faceVer.settings.loader import load_settings
from tests.http.support_examples import ask
from tests.http.support_openapi import COMMON, Judge, Node, escaped, schemas
from tests.support_server import Server

_, LINE = new_key("tests")
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
    settings = load_settings({f"FACEVER_{name}": value for name, value in variables.items()})
    return build(settings, endpoint_table(settings))


@pytest.fixture(scope="module")
def default() -> Node:
    return made()


@pytest.mark.parametrize("variables", SETTINGS.values(), ids=list(SETTINGS))
class TestEverySetting:
    def test_it_is_openapi_3_1(self, variables: dict[str, str]) -> None:
        OpenAPIV31SpecValidator(made(**variables)).validate()

    def test_it_has_every_documented_row(self, variables: dict[str, str]) -> None:
        settings = load_settings({f"FACEVER_{name}": value for name, value in variables.items()})
        rows = {(row.path, row.method.lower()) for row in endpoint_table(settings).endpoints if row.documented}
        paths = made(**variables)["paths"]
        assert {(path, method) for path, operations in paths.items() for method in operations} == rows
        assert not any(path.startswith("/console") for path in paths)

    def test_examples_fit_their_schemas(self, variables: dict[str, str]) -> None:
        judge = Judge(made(**variables))
        found = list(examples(judge.document))
        for pointer, value in found:
            judge.valid(value, pointer)
        assert len(found) > 80


def test_each_path_takes_only_the_documented_methods(server: Server, default: Node) -> None:
    for template, operations in default["paths"].items():
        path = template
        taken = {verb.upper() for verb in operations}
        for verb in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            answer = server.call(verb, path)
            wrong = answer.status in (400, 405) and (verb == "HEAD" or answer.body.startswith(WRONG_VERB))
            assert wrong is not (verb.replace("HEAD", "GET") in taken), (verb, path, answer)


def test_the_server_serves_the_document(server: Server, default: Node) -> None:
    answer = server.call("GET", DOCUMENT)
    assert answer.json() == default
    assert answer.body == json_bytes(default)
    assert not re.search(rb"\d[eE]-\d", re.sub(rb'"(?:[^"\\]|\\.)*"', b"", answer.body)), "an exponent"


def test_forms_are_the_rows_of_the_endpoint_table(default: Node) -> None:
    for name, (*specs, _, _, _) in ENDPOINTS.items():
        operation = default["paths"][f"/v1/face/pattern/{name}"]["post"]
        content = operation["requestBody"]["content"][FORM]
        schema, encoding = content["schema"], content["encoding"]
        assert schema["required"] == list(encoding) == [spec.name for spec in specs]
        query = [
            one["name"] for one in default["paths"][f"/v1/face/pattern/{name}"]["post"]["parameters"] if "in" in one
        ]
        samples = [spec.name for spec in specs if spec.is_image]
        own = (
            [name.replace("samples", "face").replace("sample", "face") for name in samples] if len(samples) > 1 else []
        )
        assert query == (["face", *own] if samples else [])
        assert list(schema["properties"]) == [*schema["required"], *query]
        for spec in specs:
            assert (schema["properties"][spec.name]["type"] == "array") is spec.many
            assert set(encoding[spec.name]["contentType"].split(", ")) == spec.types
    for path in ("/v1/face/pattern/extract", DETECT):
        assert set(default["paths"][path]["post"]["requestBody"]["content"]) - {FORM} == IMAGE_TYPES


def test_every_code_is_listed_with_its_message(default: Node) -> None:
    text = default["info"]["description"]
    for family in (FACES, LIVENESS, OZ):
        for row in family.errors.values():
            assert f"| {family.title} | {row.status} | {row.code} | {row.message.en} |" in text


def test_everything_is_described(default: Node) -> None:
    found = [
        (f"{pointer}/{name}", one)
        for pointer, node in schemas(default)
        for name, one in node.get("properties", {}).items()
    ]
    assert len(found) > 100
    for pointer, one in found:
        if "$ref" in one or "/allOf/" in pointer:  # described where it points to; narrows what is described
            continue
        assert one["description"].endswith((".", "`")), pointer
        assert {"type", "enum", "oneOf", "anyOf"} & set(one), pointer
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


def test_examples_are_the_servers_responses(server: Server) -> None:
    real = ask(server)
    assert set(real) == set(EXAMPLES)
    for name, answer in real.items():
        alike(EXAMPLES[name], answer, name)


def test_it_follows_the_settings() -> None:
    keys, bare = made(**SETTINGS["keys"]), made(**SETTINGS["bare"])
    assert "/" not in keys["paths"]
    schemes = [{"bearer": []}, {"key": []}, {"token": []}]
    assert keys["paths"][DETECT]["post"]["security"] == schemes
    assert keys["paths"]["/metrics"]["get"]["security"] == schemes
    assert keys["paths"]["/version"]["get"]["security"] == []
    assert {} in bare["paths"][DETECT]["post"]["security"]
    assert "Неверный метод" in str(bare["paths"][DETECT]["post"]["responses"]["400"])
    assert "0.6" in bare["info"]["description"]
    assert LINE.partition(":")[2] not in str(keys)


def test_a_path_with_a_parameter_is_documented_like_any_other() -> None:
    async def folder(request: web.Request) -> web.Response:
        """Read a folder. Its analyses are in it."""
        return web.Response()

    def row(method: str, path: str) -> Endpoint:
        return Endpoint(method=method, path=path, handler=folder, family=OZ, responses=(json_content(FolderDocument),))

    one = "/api/folders/{folder_id}/"
    rows = [
        *(row(method, path) for path in ("/api/folders/", one) for method in ("GET", "POST", "DELETE")),
        row("GET", r"/api/folders/{folder_id}/media/{number:\d+}"),
        row("GET", r"/api/events/{event_id:[0-9a-f]{8}}/"),
    ]
    document = build(load_settings({}), EndpointTable(rows, [("/", OPERATIONS)]))
    OpenAPIV31SpecValidator(document).validate()
    described = document["paths"][one]["get"]
    assert (described["summary"], described["description"]) == ("Read a folder", "Its analyses are in it.")
    assert described["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/FolderDocument"
    }
    assert {"401", "405", "503"} <= set(described["responses"])
    found = {
        path: {
            operation["operationId"]: {
                one["name"]: one["schema"] for one in operation["parameters"] if one.get("in") == "path"
            }
            for operation in operations.values()
        }
        for path, operations in document["paths"].items()
    }
    text = {"type": "string", "minLength": 1}
    assert found == {
        "/api/folders/": {"folders": {}, "apiFolders": {}, "deleteApiFolders": {}},
        one: {
            "foldersByFolderId": {"folder_id": text},
            "apiFoldersByFolderId": {"folder_id": text},
            "deleteApiFoldersByFolderId": {"folder_id": text},
        },
        "/api/folders/{folder_id}/media/{number}": {
            "mediaByNumber": {"folder_id": text, "number": {"type": "integer", "minimum": 0}}
        },
        "/api/events/{event_id}/": {
            "eventsByEventId": {"event_id": {"type": "string", "pattern": "^(?:[0-9a-f]{8})$"}}
        },
    }
