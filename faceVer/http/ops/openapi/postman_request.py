"""The requests of a Postman collection: for each operation those worth having, good and bad."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from faceVer.http.pipeline.forms.content_types import FORM
from faceVer.http.pipeline.forms.part_headers import PAYLOAD
from faceVer.http.pipeline.responses import JSON, OCTETS

Node = dict[str, Any]

PHOTO, OTHER, EMPTY, TWO = "photo.jpg", "other.jpg", "empty.jpg", "two.jpg"
ENCODED, TEMPLATE, STRANGER, VIDEO = "photo.jpg.b64", "photo.fvt", "other.fvt", "selfie.mp4"
FILES = {
    PHOTO: "a picture of one person",
    OTHER: "a picture of another",
    EMPTY: "a picture without a face",
    TWO: "a picture of two people",
    ENCODED: "the first picture as base64",
    TEMPLATE: "its template",
    STRANGER: "the template of the other",
    VIDEO: "a video of the first person",
}
"""What requests are made of, in the working directory."""
JPEG = "image/jpeg"
_MEDIA = (VIDEO, PHOTO)
BASE64 = {"Content-Transfer-Encoding": "base64"}

KEEP_BODY = 'pm.collectionVariables.set("template", pm.response.text());'
KEEP_PART = """\
const part = pm.response.text().split('name="bio_feature"')[1];
pm.collectionVariables.set("template", part.split("\\r\\n\\r\\n")[1].split("\\r\\n")[0]);"""
SAME = """\
pm.test("a template is the same as itself", () => {
  const found = pm.response.json();
  const outcome = found.results ? found.results[0] : found;
  pm.expect(outcome.score).to.eql(1);
  pm.expect(outcome.decision).to.eql("approved");
});"""
NO_KEY = """\
pm.request.headers.remove("X-API-Key");
if (!pm.variables.get("apiKey")) pm.execution.skipRequest();"""


@dataclass(frozen=True, slots=True)
class Request:
    """code: (field, value) of the error that is wanted. before, after: more JavaScript."""

    name: str
    verb: str
    path: str
    status: int = 200
    body: Node | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    code: tuple[str, str | int] | None = None
    before: str = ""
    after: str = ""


def requests_of(path: str, verb: str, operation: Node) -> Iterator[Request]:
    """The requests of one operation."""
    if verb == "get":
        names = [one["schema"]["enum"][0] for one in operation["parameters"] if one.get("in") == "path"]
        real = path.replace("{file}", names[0]) if names else path
        yield Request("Get", "GET", real)
        yield from _wrong(operation, "Wrong verb", "002002", "POST", real)
        return
    content = operation["requestBody"]["content"]
    if JPEG in content:
        yield from _picture(path, operation)
    if FORM in content:
        yield from _form(path, operation, content[FORM])
    yield from _wrong(operation, "Wrong verb", "002002", "PUT", path)
    odd = {"Content-Type": "text/plain"}
    yield from _wrong(operation, "Wrong Content-Type", "002001", "POST", path, {"mode": "raw", "raw": "x"}, odd)
    yield from _wrong(operation, "No API key", "002008", "POST", path, before=NO_KEY)


def _picture(path: str, operation: Node) -> Iterator[Request]:
    kind = {"Content-Type": JPEG}
    yield Request("Picture", "POST", path, 200, _file(PHOTO), kind)
    keep = KEEP_BODY if OCTETS in operation["responses"]["200"]["content"] else ""
    yield Request("Picture as base64", "POST", path, 200, _file(ENCODED), {**kind, **BASE64}, after=keep)
    yield from _wrong(operation, "No face", "003002", "POST", path, _file(EMPTY), kind)
    yield from _wrong(operation, "Two people", "003003", "POST", path, _file(TWO), kind)
    unreadable = {"mode": "raw", "raw": "hello"}
    yield from _wrong(operation, "Not a picture", "002003", "POST", path, unreadable, kind)


def _form(path: str, operation: Node, content: Node) -> Iterator[Request]:
    properties, required = content["schema"]["properties"], content["schema"].get("required", [])
    if PAYLOAD in properties:
        yield from _folder(path, operation, content)
        return
    fields = {name: _fields(name, properties[name], content.get("encoding", {}).get(name, {})) for name in required}
    yield Request("Form", "POST", path, 200, _formdata(fields))
    encoding = content.get("encoding", {})
    kinds = {name: encoding[name]["contentType"].partition(",")[0] for name in required if encoding}
    if OCTETS in kinds.values():
        chained = {
            name: [_part(name, ENCODED, JPEG)] if kind != OCTETS else [_text(name, "{{template}}", OCTETS)]
            for name, kind in kinds.items()
        }
        only = set(kinds.values()) == {OCTETS}
        after = SAME if only else KEEP_PART if FORM in operation["responses"]["200"]["content"] else ""
        yield Request(
            "Form as base64, with the last template", "POST", path, 200, _formdata(chained), BASE64, after=after
        )
    pictures = [name for name, kind in kinds.items() if kind != OCTETS]
    for name in required if len(required) > 1 else ():  # a form without any part would state no boundary
        less = {key: value for key, value in fields.items() if key != name}
        number = "002004" if kinds.get(name) == OCTETS else "002003"
        yield from _wrong(operation, f"Without {name}", number, "POST", path, _formdata(less))
    for name in pictures[:1]:
        bare = {**fields, name: [_part(name, EMPTY, JPEG)]}
        yield from _wrong(operation, f"No face in {name}", "003002", "POST", path, _formdata(bare))


def _folder(path: str, operation: Node, content: Node) -> Iterator[Request]:
    media = [name for name in content["schema"]["properties"] if name != PAYLOAD]
    fields = {name: [_part(name, file, "")] for name, file in zip(media, _MEDIA, strict=False)}
    for name, example in content["examples"].items():
        payload = {PAYLOAD: [_text(PAYLOAD, json.dumps(example["value"][PAYLOAD]), JSON)]}
        yield Request(f"Folder, payload: {name}", "POST", path, 200, _formdata({**fields, **payload}))
    yield Request("Folder without a payload", "POST", path, 200, _formdata(fields))
    broken = {PAYLOAD: [_text(PAYLOAD, "{", JSON)]}
    yield from _wrong(operation, "Broken payload", "003004", "POST", path, _formdata({**fields, **broken}))
    yield from _wrong(
        operation, "No medium", "002003", "POST", path, _formdata({PAYLOAD: [_text(PAYLOAD, "{}", JSON)]})
    )


def _wrong(
    operation: Node,
    name: str,
    number: str,
    verb: str,
    path: str,
    body: Node | None = None,
    headers: Mapping[str, str] | None = None,
    before: str = "",
) -> Iterator[Request]:
    """A request that has to be refused; none where the document has no such error for the operation."""
    found = _documented(operation, number)
    if found:
        status, code = found
        yield Request(f"{name}: {status}", verb, path, status, body, headers or {}, code, before)


# The full API's codes for the numbers that the requests here provoke.
_INSTANT = {"002001": (400, 5), "002002": (405, 1), "002003": (400, 4), "003004": (400, 3), "002008": (401, 0)}


def _documented(operation: Node, number: str) -> tuple[int, tuple[str, str | int]] | None:
    """(status, (field, code)) of an error by the number in its code."""
    for status, response in operation["responses"].items():
        for example in response.get("content", {}).get(JSON, {}).get("examples", {}).values():
            value = example["value"]
            if number == "002003" and str(value.get("code", "")) == "LDE-002004":
                return int(status), ("code", "LDE-002004")
            if str(value.get("code", "")).endswith(number):
                return int(status), ("code", value["code"])
            if (int(status), value.get("error_code")) == _INSTANT.get(number):
                return int(status), ("error_code", value["error_code"])
    return None


def _fields(name: str, schema: Node, encoding: Node) -> list[Node]:
    """The parts of one name: two where there may be N."""
    kind = encoding.get("contentType", "").partition(",")[0]
    one, other = (TEMPLATE, STRANGER) if kind == OCTETS else (PHOTO, OTHER)
    files = (one, other) if schema["type"] == "array" else (one,)
    return [_part(name, file, kind) for file in files]


def _file(source: str) -> Node:
    return {"mode": "file", "file": {"src": source}}


def _formdata(fields: Mapping[str, list[Node]]) -> Node:
    return {"mode": "formdata", "formdata": [one for parts in fields.values() for one in parts]}


def _part(name: str, source: str, kind: str) -> Node:
    return {"key": name, "type": "file", "src": source, **({"contentType": kind} if kind else {})}


def _text(name: str, value: str, kind: str) -> Node:
    return {"key": name, "type": "text", "value": value, "contentType": kind}
