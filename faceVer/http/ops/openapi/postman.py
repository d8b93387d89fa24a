"""A Postman collection (v2.1) made from the OpenAPI document: a folder for each tag, and requests with their checks."""

from __future__ import annotations

import json
import uuid
from typing import Any

from faceVer.http.ops.openapi import postman_script as script
from faceVer.http.ops.openapi.postman_request import FILES, Request, requests_of

Node = dict[str, Any]

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
ADDRESS = "http://127.0.0.1:8080"


def collection(document: Node) -> Node:
    """The collection of a document that `faceVer.http.ops.openapi.document` made; plain JSON values.

    Its requests take their files (`postman_request.FILES`) from Postman's working directory.
    """
    folders: dict[str, list[Node]] = {tag["name"]: [] for tag in document["tags"]}
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            found = [_item(document, path, operation, one) for one in requests_of(path, verb, operation)]
            folders[operation["tags"][0]].append(
                {"name": f"{verb.upper()} {path}", "description": _words(operation), "item": found}
            )
    told = {tag["name"]: tag["description"] for tag in document["tags"]}
    return {
        "info": {
            "_postman_id": str(uuid.uuid5(uuid.NAMESPACE_DNS, "facever")),
            "name": document["info"]["title"],
            "version": document["info"]["version"],
            "description": f"{document['info']['summary']} Made from /openapi.json. Set `baseUrl`, and `apiKey` where "
            f"keys are on. Files are taken from the working directory: {', '.join(FILES)}.",
            "schema": SCHEMA,
        },
        "item": [{"name": name, "description": told[name], "item": items} for name, items in folders.items()],
        "event": [
            {"listen": "prerequest", "script": script.lines(script.KEY)},
            {"listen": "test", "script": script.lines(script.EVERY)},
        ],
        "variable": [
            {"key": "baseUrl", "value": ADDRESS, "description": "Address of the server."},
            {"key": "apiKey", "value": "", "description": "An API key; empty where keys are off."},
            {"key": "template", "value": "", "description": "A template as base64; extract and verify write it."},
            {"key": "schemas", "value": json.dumps(script.definitions(document)), "description": "Of the answers."},
        ],
    }


def _words(operation: Node) -> str:
    return f"{operation['summary']}. {operation['description']}"


def _item(document: Node, path: str, operation: Node, one: Request) -> Node:
    response = operation["responses"][str(one.status)]
    return {
        "name": one.name,
        "request": {
            "method": one.verb,
            "header": [{"key": name, "value": value} for name, value in one.headers.items()],
            "url": _url(one.path),
            **({"body": one.body} if one.body else {}),
        },
        "event": [
            {"listen": listen, "script": script.lines(text)}
            for listen, text in (("prerequest", one.before), ("test", script.checks(response, one)))
            if text
        ],
        "response": [],
    }


def _url(path: str) -> Node:
    return {"raw": "{{baseUrl}}" + path, "host": ["{{baseUrl}}"], "path": path.removeprefix("/").split("/")}
