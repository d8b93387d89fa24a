"""The OpenAPI document of a server with a store: complete, described, and true of real responses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from faceVer.http.endpoints import endpoint_table
from faceVer.http.ops.openapi.document import build
from faceVer.http.pipeline.authentication import new_key
from faceVer.http.pipeline.endpoint import ANY_METHOD
from faceVer.settings.loader import load_settings
from tests.http.accounts.support import EMAIL, HEADER, PASSWORD, creation, signed_in
from tests.http.support_openapi import Judge, Node, escaped, schemas
from tests.support_liveness import selfie
from tests.support_media import jpeg
from tests.support_server import Response, Server, form, part

_, LINE = new_key("tests")
SETTINGS: list[dict[str, str]] = [
    {},
    {"API_KEYS": LINE, "RATE_LIMIT": "5", "CONSOLE": "on"},
    {"LANGUAGE": "ru", "DOCS": "false", "WEBHOOK_HOSTS": "hook.example"},
]
FORM = "multipart/form-data; boundary=72468"
NEVER = {
    # Needs a receiver of webhooks, see the tests of the outbox.
    ("post", "/api/webhooks/{delivery_id}/resend/", "200"),
}


def made(**variables: str) -> tuple[Node, list[tuple[str, str]]]:
    """(document, rows of the endpoint table that it must have)"""
    settings = load_settings({"FACEVER_STORE": "/nowhere", **{f"FACEVER_{name}": v for name, v in variables.items()}})
    table = endpoint_table(settings)
    rows = [(row.path, row.method.lower()) for row in table.endpoints if row.path.startswith(("/api", "/static/"))]
    return build(settings, table), [row for row in rows if row[1] != ANY_METHOD]


@pytest.mark.parametrize("variables", SETTINGS)
def test_it_is_sound_and_has_every_endpoint(variables: dict[str, str]) -> None:
    document, rows = made(**variables)
    OpenAPIV31SpecValidator(document).validate()
    found = {
        (path, method)
        for path, operations in document["paths"].items()
        for method in operations
        if path.startswith(("/api", "/static/"))
    }
    assert found == set(rows)
    assert len(rows) > 75
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)


def test_everything_is_described() -> None:
    document, _ = made()
    for pointer, node in schemas(document):
        for name, one in node.get("properties", {}).items():
            if "$ref" not in one and "/allOf/" not in pointer:
                assert one["description"].endswith((".", "`")), (pointer, name)
                assert one["description"] != "The kind of this object." or name in ("type", "media_type"), pointer
    for path, operations in document["paths"].items():
        for method, one in operations.items():
            assert one["summary"], (path, method)
            assert all(parameter.get("description", "x") for parameter in one["parameters"])


def test_tokens_are_needed_where_they_are() -> None:
    document, _ = made()
    tokens = [{"token": []}, {"bearer": []}]
    paths = document["paths"]
    assert paths["/api/folders/"]["get"]["security"] == tokens
    assert paths["/api/instant/folders/"]["post"]["security"] == tokens
    assert paths["/api/authorize/auth/"]["post"]["security"] == []
    assert paths["/api/healthcheck/"]["get"]["security"] == []
    with_keys, _ = made(API_KEYS=LINE)
    assert with_keys["paths"]["/api/instant/folders/"]["post"]["security"] == [*tokens, {"key": []}]
    assert with_keys["paths"]["/api/folders/"]["get"]["security"] == tokens


def test_lists_document_their_parameters() -> None:
    document, _ = made()
    listed = {
        one["name"] for one in document["paths"]["/api/folders/"]["get"]["parameters"] if one.get("in") == "query"
    }
    assert {"offset", "limit", "total_omit", "sorting", "search_text", "meta_data", "with_analyses"} <= listed
    assert {"time_created", "time_created.exclude", "time_created.min", "analysis.state"} <= listed


class Recorder:
    """Sends requests as the administrator, and checks each response against the document."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.judge = Judge(server.call("GET", "/openapi.json").json())
        self.statuses: set[tuple[str, str, str]] = set()
        self.token = signed_in(server)["access_token"]

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Any:
        """The JSON of the response, None where it has none."""
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        sent = {HEADER: self.token if token is None else token, **(headers or {})}
        response = self.server.call(method, path, data, {name: value for name, value in sent.items() if value})
        assert response.status == status, (method, path, response)
        template = self.judge.path_of(path.partition("?")[0])
        self._check(method.lower(), template, path, response)
        self.statuses.add((method.lower(), template, str(response.status)))
        return response.json() if response.headers.get("content-type") == "application/json" else None

    def _check(self, method: str, template: str, path: str, response: Response) -> None:
        responses = self.judge.document["paths"][template][method]["responses"]
        assert str(response.status) in responses, (method, template, response)
        content = responses[str(response.status)].get("content", {})
        if "*/*" in content or ("text/csv" in content and response.headers["content-type"].startswith("text/csv")):
            return  # files
        self.judge.check(path.partition("?")[0], response, method)
        code = str(response.json()["error_code"]) if response.status >= 400 and response.body else ""
        if code:
            shown = content["application/json"]["examples"].values()
            assert code in {str(one["value"]["error_code"]) for one in shown if "error_code" in one["value"]}, (
                method,
                template,
                response,
            )

    def form(self, path: str, payload: Any = None, *, status: int = 201, names: tuple[str, ...] = ("photo1",)) -> Any:
        parts = [part(name, jpeg(selfie(number)), "image/jpeg", f"{name}.jpg") for number, name in enumerate(names)]
        if payload is not None:
            parts.append(part("payload", json.dumps(payload).encode()))
        return self.call("POST", path, form(parts), status=status, headers={"Content-Type": FORM})


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    settings = {"store": str(tmp_path_factory.mktemp("store")), "admin_email": EMAIL, "admin_password": PASSWORD}
    with Server(**settings) as server:
        found = Recorder(server)
        accounts(found)
        folders(found)
        errors(found)
        yield found


def accounts(api: Recorder) -> None:
    """Every endpoint of accounts."""
    credentials = {"credentials": {"email": EMAIL, "password": PASSWORD}}
    session = api.call("POST", "/api/authorize/auth/", credentials, token="")
    renewed = api.call(
        "POST", "/api/authorize/refresh/", {"expire_token": session["expire_token"]}, token=session["access_token"]
    )
    api.call("GET", "/api/sessions/")
    api.call("DELETE", f"/api/sessions/{renewed['token_id']}/", status=204)
    company = api.call("POST", "/api/companies/", {"name": "A"}, status=201)["company_id"]
    one = f"/api/companies/{company}/"
    api.call("GET", "/api/companies/?search_text=a&sorting=name{asc}")
    api.call("GET", one)
    api.call("PATCH", one, {"name": "B"})
    api.call("PATCH", f"{one}retention/", {"image": 3})
    api.call("GET", f"{one}retention/")
    service = api.call("POST", "/api/users/", creation(company, "CLIENT_SERVICE"), status=201)
    user = f"/api/users/{service['user_id']}/"
    api.call("GET", "/api/users/?with_company=true&search_text=example")
    api.call("GET", f"{user}?with_company=1")
    api.call("PATCH", user, {"first_name": "C", "profile": {"last_name": "D"}})
    for method in ("GET", "POST"):
        token = api.call(method, f"/api/authorize/service_token/{service['user_id']}/")["access_token"]
        api.call(method, "/api/authorize/service_token/", token=token)
    api.call("DELETE", "/api/authorize/", status=204, token=token)
    metadata(api, user)
    api.call("POST", f"{user}change-password/", {"new_password": "another long password"})
    templates(api, company)
    api.call("DELETE", user, status=204)
    api.call("DELETE", one, status=204)
    api.call("GET", "/api/audit/?limit=3&total_omit=true")


def metadata(api: Recorder, path: str) -> None:
    api.call("POST", f"{path}meta_data/", {"a": {"b": [1]}})
    api.call("PATCH", f"{path}meta_data/", {"c": 2})
    api.call("GET", f"{path}meta_data/")
    api.call("DELETE", f"{path}meta_data/?key=a,c", status=204)


def templates(api: Recorder, company: str) -> None:
    created = {"name": "T", "company_id": company, "sections": {"metadata": True}}
    path = (
        "/api/report_templates/" + api.call("POST", "/api/report_templates/", created, status=201)["template_id"] + "/"
    )
    api.call("GET", "/api/report_templates/")
    api.call("GET", path)
    api.call("PATCH", path, {"footer": "x"})
    (added,) = api.form(f"{path}attachments/")
    api.call("GET", f"{path}attachments/")
    api.call("DELETE", f"{path}attachments/{added['attachment_id']}/", status=204)
    api.call("DELETE", path, status=204)


def folders(api: Recorder) -> None:
    """Every endpoint of folders."""
    analyses = {"analyses": [{"type": "quality"}, {"type": "biometry"}]}
    payload = {**analyses, "folder:meta_data": {"a": 1}, "media:tags": {"photo1": ["photo_selfie"]}}
    created = api.form("/api/folders/", payload, names=("photo1", "photo2"))
    api.call("POST", "/api/folders/", b"", status=201)
    folder = f"/api/folders/{created['folder_id']}/"
    api.call("GET", "/api/folders/?with_analyses=1&with_user=1&with_company=1&meta_data=a==1&limit=5")
    api.call("GET", folder)
    api.call("PATCH", folder, {"operator_comment": "x"})
    (media,) = api.form(f"{folder}media/")
    api.call("GET", f"{folder}media/")
    item = f"/api/media/{media['media_id']}/"
    api.call("GET", item)
    api.call("PATCH", item, {"tags": ["photo_selfie"]})
    static_files(api, media["original_url"])
    begun = api.call("POST", f"{folder}analyses/", {"analyses": [{"type": "quality"}]}, status=201)
    api.call("GET", f"{folder}analyses/?type=QUALITY")
    finished = f"/api/analyses/{created['analyses'][0]['analysis_id']}/"
    api.call("GET", finished)
    for path in (folder, item, finished):
        metadata(api, path)
    api.call("GET", f"/api/analyses/{begun[0]['analysis_id']}/")
    api.call("PATCH", finished, {"resolution_operator": "SUCCESS"}, status=403)  # of operators, not of administrators
    reports(api, folder)
    api.call("DELETE", f"/api/analyses/{begun[0]['analysis_id']}/", status=204)
    api.call("DELETE", f"{folder}media/{media['media_id']}/", status=204)
    api.call("DELETE", f"/api/media/{created['media'][0]['media_id']}/", status=204)
    api.call("DELETE", f"{folder}pi/", status=204)
    api.call("GET", folder)
    api.call("DELETE", folder, status=204)
    for path in ("healthcheck", "version", "config", "event_sessions", "webhooks", "statistics"):
        api.call("GET", f"/api/{path}/")
    api.call("GET", "/api/statistics/?format=csv")


def static_files(api: Recorder, url: str) -> None:
    path = url.removeprefix(api.server.url)
    api.call("GET", path, token="")
    api.call("GET", path, token="", status=206, headers={"Range": "bytes=0-9"})
    api.call("GET", path, token="", status=416, headers={"Range": "bytes=99999999-"})
    api.call("GET", path.partition("?")[0], token="", status=401)


def reports(api: Recorder, folder: str) -> None:
    made_report = api.call("POST", f"{folder}reports/", {"format": "json"}, status=201)
    api.call("GET", f"{folder}reports/")
    api.call("GET", f"/api/reports/{made_report['report_id']}/")
    api.call("DELETE", f"/api/reports/{made_report['report_id']}/", status=204)


NOBODY = "00000000-0000-4000-8000-000000000000"


def errors(api: Recorder) -> None:
    """Errors of every endpoint that its row tells of."""
    for template, operations in api.judge.document["paths"].items():
        if not template.startswith("/api") or "instant" in template:
            continue
        path = template.replace("{", "").replace("}", "") if "{" not in template else _filled(template)
        for method, one in operations.items():
            if {"token": []} in one["security"]:
                api.call(method.upper(), path, status=401, token="")
                api.call(method.upper(), path, status=401, token="wrong")
            if one["security"] and "{" in template and method in ("get", "delete"):
                api.call(method.upper(), path, status=404)
            if "application/json" in one.get("requestBody", {}).get("content", {}) and one["security"]:
                api.call(method.upper(), path, b"[", status=400)
            if any(parameter.get("name") == "limit" for parameter in one["parameters"]):
                api.call(method.upper(), f"{path}?limit=-7", status=400)
    api.call("POST", "/api/authorize/auth/", {"credentials": {"email": "a@b", "password": "x"}}, status=401, token="")
    api.call("POST", "/api/authorize/auth/", {"credentials": {"email": "a@b"}}, status=400, token="")
    api.call("POST", "/api/authorize/auth_restore/", {}, status=501, token="")
    api.call("GET", "/api/authorize/session_token/", status=501, token="")
    api.call("POST", "/api/companies/", {"name": "system_company"}, status=400)


def _filled(template: str) -> str:
    while "{" in template:
        start, _, rest = template.partition("{")
        template = start + NOBODY + rest.partition("}")[2]
    return template


def test_every_documented_success_occurs(recorder: Recorder) -> None:
    documented = {
        (method, path, status)
        for path, operations in recorder.judge.document["paths"].items()
        if path.startswith(("/api", "/static/")) and "instant" not in path
        for method, one in operations.items()
        for status in one["responses"]
        if status < "400"
    }
    missing = documented - recorder.statuses - NEVER
    assert missing == {("patch", "/api/analyses/{analysis_id}/", "200")}  # an operator's, see the tests of folders


def test_the_metrics_show_the_storage_lane(recorder: Recorder) -> None:
    page = recorder.server.call("GET", "/metrics").body.decode()
    assert 'facever_in_flight{lane="storage"} 0.0' in page
    assert 'facever_queue{lane="storage"} 0.0' in page
    assert 'facever_requests_total{code="",route="/static/{folder_id}/{key}",status="206"} 1.0' in page


def test_every_documented_property_of_accounts_occurs(recorder: Recorder) -> None:
    judge = recorder.judge
    models = judge.document["components"]["schemas"]
    names = [name for name in models if name.endswith(("Document", "Page")) and name not in ("WebhookDocument",)]
    documented = {
        f"#/components/schemas/{name}/properties/{escaped(one)}" for name in names for one in models[name]["properties"]
    }
    assert len(documented) > 120
    assert documented - judge.seen == set()
