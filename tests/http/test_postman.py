"""The Postman collection: made from the document, with a request for everything in it. `make newman` runs it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faceVer.http.ops.openapi import document
from faceVer.http.ops.openapi.postman import collection
from faceVer.http.ops.openapi.postman_request import FILES
from faceVer.settings.loader import load_settings
from tests.newman import __main__ as newman

FOLDER = Path(__file__).parents[2] / "docs" / "postman"
FILE = FOLDER / "facever.postman_collection.json"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document(load_settings({}))


@pytest.fixture(scope="module")
def made(described: dict[str, Any]) -> dict[str, Any]:
    return collection(described)


def requests(made: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(the operation's name, a request of it)."""
    for tag in made["item"]:
        for operation in tag["item"]:
            for request in operation["item"]:
                yield operation["name"], request


def script(request: dict[str, Any]) -> str:
    return "\n".join(line for event in request["event"] for line in event["script"]["exec"])


def test_the_file_is_what_is_made(made: dict[str, Any]) -> None:
    assert json.loads(FILE.read_text("utf-8")) == made, f"facever openapi --postman > {FILE.name}"


def test_every_operation_has_requests_in_the_folder_of_its_tag(described: dict[str, Any], made: dict[str, Any]) -> None:
    wanted = {
        (operation["tags"][0], f"{verb.upper()} {path}")
        for path, operations in described["paths"].items()
        for verb, operation in operations.items()
    }
    assert {(tag["name"], operation["name"]) for tag in made["item"] for operation in tag["item"]} == wanted
    for name, operation in described["paths"].items():
        if "post" in operation:
            statuses = {
                re.search(r"status is (\d+)", script(one))[1] for at, one in requests(made) if at == f"POST {name}"
            }  # type: ignore[index]
            assert {"200", "400", "401"} <= statuses, name


def test_every_request_is_checked(made: dict[str, Any]) -> None:
    for name, request in requests(made):
        told = script(request)
        assert "pm.response.to.have.status(" in told, name
        if " is application/json" in told:
            assert "jsonSchema" in told, name
    assert sum(1 for _ in requests(made)) > 90


def test_files_are_named_relative_and_known(made: dict[str, Any]) -> None:
    named = set(re.findall(r'"src": "([^"]*)"', json.dumps(made)))
    assert named == set(FILES)


def test_templates_are_handed_on(made: dict[str, Any]) -> None:
    scripts = [script(request) for _, request in requests(made)]
    writers = [number for number, text in enumerate(scripts) if 'set("template"' in text]
    readers = [number for number, (_, request) in enumerate(requests(made)) if "{{template}}" in json.dumps(request)]
    assert len(writers) == 2
    assert readers
    assert min(writers) < min(readers)


def test_schemas_refer_to_each_other_only(made: dict[str, Any]) -> None:
    (schemas,) = (json.loads(one["value"]) for one in made["variable"] if one["key"] == "schemas")
    text = json.dumps([schemas, made["item"]])
    assert set(re.findall(r"#/definitions/(\w+)", text)) <= set(schemas)
    assert "#/components" not in text


def test_scripts_are_javascript(made: dict[str, Any]) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    scripts = [script(request) for _, request in requests(made)]
    scripts += ["\n".join(event["script"]["exec"]) for event in made["event"]]
    check = "for (const text of JSON.parse(require('fs').readFileSync(0))) new Function('pm', text);"
    subprocess.run(["node", "-e", check], input=json.dumps(scripts), text=True, check=True)


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text("utf-8"))
    assert all("resolved" not in package for package in lock["packages"].values())
    assert lock["packages"]["node_modules/newman"]["version"] == "6.2.2"
    assert all(package.get("integrity") for name, package in lock["packages"].items() if name)


def test_without_npm_newman_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert newman.main() == newman.UNABLE
    assert "node and npm" in capsys.readouterr().err
