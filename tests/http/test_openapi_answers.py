"""Real responses against the OpenAPI document: each is documented, and everything documented occurs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from faceVer.domain.errors import InferenceError, OverloadedError
from faceVer.http.pipeline.admission import Admission
from faceVer.http.pipeline.authentication import new_key
from faceVer.http.server.app import create_app
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings
from tests.http.support_calls import COMPARE, FACTS, FILES, HEALTH, WORK, Call, Material, calls, family
from tests.http.support_openapi import Judge, documented_pairs, schemas
from tests.http.test_faults import FailingDetector, with_detector
from tests.support_server import Response, Server, part
from tests.support_wire import send

OPEN = (*FACTS, *FILES)


@dataclass
class Report:
    """What came of all requests. judge: of a server with default settings."""

    judge: Judge
    asked: int = 0
    wrong: list[str] = field(default_factory=list)

    def hold(self, call: Call, answer: Response, judge: Judge | None = None) -> None:
        """Check a response against the document. judge: of another server, where the request went there."""
        self.asked += 1
        try:
            (judge or self.judge).check(call.path, answer, "GET" if call.path in OPEN or call.verb == "GET" else "POST")
            assert (answer.status, code_of(answer)) == (call.status, call.code)
        except AssertionError as error:
            self.wrong.append(f"{call.verb} {call.path}, {call.name}: {answer.status} {answer.body[:200]!r}: {error}")


@pytest.fixture(scope="module")
def have(server: Server) -> Material:
    return Material(server)


@pytest.fixture(scope="module")
def report(server: Server, have: Material, engine: FaceEngine, settings: Settings) -> Report:
    """Every request, sent once."""
    found = Report(Judge(server.call("GET", "/openapi.json").json()))
    for call in calls(have):
        answer = call.send(server)
        found.hold(call, answer)
    no_http(found, server)
    unknown_paths(found, server)
    closed_gate(found, have)
    faults(found, have, engine, settings)
    return found


def verb_of(path: str) -> str:
    return "POST" if path in WORK else "GET"


def code_of(answer: Response) -> str:
    """ "" where there is none."""
    if not answer.headers.get("content-type", "").startswith("application/json") or not answer.body:
        return ""
    body = answer.json()
    return str(body.get("code", body.get("error_code", "")))


def no_http(report: Report, server: Server) -> None:
    """What is refused before its path is looked at."""
    for path in (*WORK, *OPEN):
        for status, code, line in ((400, "BPE-002006", b"Bad Header: x"), (431, "BPE-002007", b"X: " + b"a" * 9000)):
            head = f"{verb_of(path)} {path} HTTP/1.1\r\nHost: x\r\n".encode() + line + b"\r\n\r\n"
            report.hold(Call("no HTTP", path, status, code, verb=verb_of(path)), send(server, head))


def unknown_paths(report: Report, server: Server) -> None:
    """The document does not list them; their responses have the shape of errors nevertheless."""
    for path in ("/v1/face/pattern/x", "/v1/face/liveness/x", "/api/x", "/x"):
        report.judge.shape(server.call("GET", path), "OzError" if path == "/api/x" else "Error")


def closed_gate(report: Report, have: Material) -> None:
    """With keys that are missing, and with a rate that is spent; in Russian, and with an operator's band."""
    key, line = new_key("tests")
    options = {"api_keys": line, "rate_limit": "0.001", "rate_burst": "2", "console": "on", "metrics_key": "true"}
    options |= {"language": "ru", "operator_threshold": "0"}
    with Server(**options) as guarded:
        judge = Judge(guarded.call("GET", "/openapi.json").json())
        for path in (*WORK, "/metrics"):
            code = family(path, "002008", instant="6")
            report.hold(Call("no key", path, 401, code, verb=verb_of(path)), guarded.call(verb_of(path), path), judge)
        parts = [part("bio_feature", have.template), part("bio_template", have.stranger)]
        report.hold(Call("band", COMPARE, 200), guarded.post("compare", parts, {"X-API-Key": key}), judge)
        many = [part("template_1", have.template), part("templates_n", have.stranger)]
        answer = guarded.post("compare_n", many, {"X-API-Key": key})
        report.hold(Call("band", f"{COMPARE}_n", 200), answer, judge)
        for path in WORK:
            code = family(path, "002008", instant="7")
            answer = guarded.call("POST", path, None, {"X-Forensic-Access-Token": "wrong"})
            report.hold(Call("wrong key", path, 401, code), answer, judge)
            answer = guarded.call("POST", path, None, {"Authorization": f"Bearer {key}"})
            report.hold(Call("too often", path, 503, family(path, "001003", instant="0")), answer, judge)
    report.judge.pairs |= {pair for pair in judge.pairs if pair[0] != "/metrics"}
    for at, values in judge.values.items():
        report.judge.values.setdefault(at, set()).update(values)


def faults(report: Report, have: Material, engine: FaceEngine, settings: Settings) -> None:
    """With models that fail, and with a server that does."""
    broken = with_detector(engine, settings, FailingDetector(InferenceError("no")))
    folders = FolderService.load(broken, settings)
    pictures = [path for path in WORK if not path.endswith(("/compare", "/compare_n"))]
    for path, answer in served(create_app(settings, broken, folders=folders), (*pictures, *HEALTH), have):
        status, code = (400, family(path, "001002", instant="0")) if path in WORK else (503, "")
        report.hold(Call("models fail", path, status, code, verb=verb_of(path)), answer)
    for error, status, number in ((ZeroDivisionError(), 500, "001001"), (OverloadedError(), 503, "001003")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Admission, "admit", Mock(side_effect=error))
            for path, answer in served(create_app(settings, engine, folders=folders), (*WORK, *OPEN), have):
                code = family(path, number, instant="0")
                report.hold(Call(type(error).__name__, path, status, code, verb=verb_of(path)), answer)


def served(app: web.Application, paths: Iterable[str], have: Material) -> list[tuple[str, Response]]:
    """Answers of an app in this process."""

    async def main() -> list[tuple[str, Response]]:
        found = []
        async with TestServer(app) as running, aiohttp.ClientSession() as session:
            for path in paths:
                body, headers = have.good(path) if path in WORK else (None, {})
                request = session.request(verb_of(path), running.make_url(path), data=body, headers=headers)
                async with request as answer:
                    told = {name.lower(): value for name, value in answer.headers.items()}
                    found.append((path, Response(answer.status, told, await answer.read())))
        return found

    return asyncio.run(main())


def test_every_response_is_as_documented(report: Report) -> None:
    assert not report.wrong, "\n".join(report.wrong)
    assert report.asked > 250


def test_every_documented_response_occurs(report: Report) -> None:
    documented = {pair for _, pair in documented_pairs(report.judge.document)}
    assert documented - report.judge.pairs == set()
    assert {pair for pair in report.judge.pairs if pair[2]} - documented == set()


STORED = (
    "#/components/schemas/ThumbnailFile/",
    "#/components/schemas/FolderDocument/properties/user",
    "#/components/schemas/FolderDocument/properties/company",
)
"""Of folders that are kept: this server has no store."""


def test_every_documented_property_occurs(report: Report) -> None:
    judge = report.judge
    answers = [
        at
        for at, schema in schemas(judge.document["components"]["schemas"], "#/components/schemas")
        if schema.get("additionalProperties") is False
    ]
    documented = {f"{at}/properties/{name}" for at in answers for name in judge.resolve(at)[0]["properties"]}
    assert {at for at in documented - judge.seen if not at.startswith(STORED)} == set()
    assert len(documented) > 150


def test_every_documented_value_occurs(report: Report) -> None:
    left = {}
    for at, values in report.judge.values.items():
        if at.startswith("#/paths/"):  # each operation's own codes: see above
            continue
        missing = set(report.judge.resolve(at)[0]["enum"]) - values
        if missing:
            left[at.removeprefix("#/components/schemas/")] = missing
    left.pop("GestureFault")  # most need a clip of a person: tests/unit/services/test_gestures.py
    stored = {"INITIAL", "PROCESSING"}  # of folders that are kept
    assert {at: values - stored for at, values in left.items() if values - stored} == {}


@pytest.mark.parametrize(
    "change", [{"body": b'{"core": "1", "more": 1}'}, {"status": 418}, {"headers": {"x-more": "1"}}]
)
def test_undocumented_responses_are_noticed(report: Report, server: Server, change: dict[str, Any]) -> None:
    answer = server.call("GET", "/version")
    if "headers" in change:
        change = {"headers": {**answer.headers, **change["headers"]}}
    with pytest.raises(AssertionError):
        report.judge.check("/version", replace(answer, **change), "GET")
