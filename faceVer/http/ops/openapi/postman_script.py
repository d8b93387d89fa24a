"""The JavaScript of a Postman collection: what is checked of an answer, out of what the document says of it."""

from __future__ import annotations

import json
import re
from typing import Any

from faceVer.http.ops.openapi.postman_request import Request
from faceVer.http.pipeline.forms.content_types import FORM
from faceVer.http.pipeline.responses import JSON

Node = dict[str, Any]

KEY = """\
const key = pm.variables.get("apiKey");
if (key) pm.request.headers.upsert({key: "X-API-Key", value: key});"""

EVERY = """\
pm.test("the answer has an X-Request-ID", () => pm.response.to.have.header("X-Request-ID"));"""


def lines(text: str) -> Node:
    return {"type": "text/javascript", "exec": text.split("\n")}


def definitions(document: Node) -> Node:
    """The document's schemas, as the validator of Postman's scripts reads them."""
    return {name: _plain(schema) for name, schema in document["components"]["schemas"].items()}


def checks(response: Node, request: Request) -> str:
    """The test of one answer. response: the documented one."""
    said = [f'pm.test("status is {request.status}", () => pm.response.to.have.status({request.status}));']
    content = response.get("content", {})
    if content:
        pattern = json.dumps(f"^({'|'.join(map(re.escape, content))})(;|$)")
        said += [
            f'pm.test("the content is {" or ".join(content)}", () => {{',
            f'  pm.expect(pm.response.headers.get("Content-Type")).to.match(new RegExp({pattern}));',
            "});",
        ]
    if JSON in content and "properties" not in content[JSON]["schema"]:
        schema = json.dumps(_plain(content[JSON]["schema"]))
        said += [
            'pm.test("the body is as documented", () => {',
            f"  const schema = {schema};",
            '  schema.definitions = JSON.parse(pm.collectionVariables.get("schemas"));',
            "  pm.response.to.have.jsonSchema(schema);",
            "});",
        ]
    if request.code:
        key, value = request.code
        said.append(
            f'pm.test("the code is {value}", () => pm.expect(pm.response.json().{key}).to.eql({json.dumps(value)}));'
        )
    if FORM in content:
        said += [
            'pm.test("the form has its two parts", () => {',
            "  pm.expect(pm.response.text()).to.include('name=\"score\"').and.include('name=\"bio_feature\"');",
            "});",
        ]
    return "\n".join([*said, *([request.after] if request.after else [])])


def _plain(schema: Any) -> Any:
    """A schema without words, its references to the definitions."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": "#/definitions/" + schema["$ref"].rpartition("/")[2]}
    if "properties" in schema:
        rest = {key: value for key, value in schema.items() if key != "properties"}
        return {**_plain(rest), "properties": {name: _plain(one) for name, one in schema["properties"].items()}}
    return {
        key: value if key in ("enum", "const", "required") else _plain(value)
        for key, value in schema.items()
        if key not in ("description", "discriminator", "examples", "format", "contentEncoding", "contentMediaType")
    }
