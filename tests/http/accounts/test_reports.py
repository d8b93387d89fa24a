"""Report templates, attachments and reports over HTTP."""

from __future__ import annotations

import json
from typing import Any

from tests.http.accounts.support import HEADER, NOBODY, Client, as_user, error, numbers
from tests.support_server import Response, form, part

TEMPLATES = "/api/report_templates/"
TEMPLATE_FIELDS = [
    *("template_id", "company_id", "name", "title", "language", "sections", "footer", "time_created", "time_updated"),
]
REPORT_FIELDS = [
    *("report_id", "folder_id", "template_id", "user_id", "format", "name", "size", "url", "time_created"),
]
ATTACHMENT_FIELDS = [
    *("attachment_id", "template_id", "name", "mime_type", "size", "width", "height", "url", "time_created"),
]


def template(client: Client, **values: Any) -> dict[str, Any]:
    return dict(client.post(TEMPLATES, {"name": f"template {next(numbers)}", **values}))


def attach(client: Client, template_id: str, *files: tuple[str, bytes]) -> Response:
    headers = {HEADER: client.token, "Content-Type": "multipart/form-data; boundary=72468"}
    body = form([part(name, data, filename=f"{name}.jpg") for name, data in files])
    return client.server.call("POST", f"{TEMPLATES}{template_id}/attachments/", body, headers)


def fetch(client: Client, url: str) -> Response:
    return client.server.call("GET", url.removeprefix(client.server.url), None, {})


def test_templates(admin: Client, company: str) -> None:
    boss = as_user(admin, company, "CLIENT_ADMIN")
    made = template(boss, title="Отчёт", sections={"metadata": True, "media": False})
    assert list(made) == TEMPLATE_FIELDS
    assert made["company_id"] == company
    sections = {"media": False, "thumbnails": True, "analyses": True, "decisions": True, "metadata": True}
    assert made["sections"] == sections
    path = f"{TEMPLATES}{made['template_id']}/"
    assert boss.get(path) == made
    changed = boss.patch(path, {"sections": {"media": True}, "language": "ru"})
    assert (changed["sections"], changed["language"], changed["title"]) == ({**sections, "media": True}, "ru", "Отчёт")
    assert [
        item["template_id"] for item in boss.get(f"{TEMPLATES}?name={made['name'].replace(' ', '%20')}")["items"]
    ] == [made["template_id"]]
    assert error(boss.call("POST", TEMPLATES, {"name": made["name"]})) == (400, 13, "name")
    assert boss.call("DELETE", path).status == 204
    assert error(boss.call("GET", path)) == (404, 10, None)


def test_errors_of_templates(admin: Client, company: str) -> None:
    made = template(admin, company_id=company)
    path = f"{TEMPLATES}{made['template_id']}/"
    client = as_user(admin, company, "CLIENT")
    assert client.get(path) == made
    for method, own, body in (
        ("POST", TEMPLATES, {"name": "x"}),
        ("PATCH", path, {"name": "x"}),
        ("DELETE", path, None),
    ):
        assert error(client.call(method, own, body)) == (403, 9, None)
    assert error(admin.call("POST", TEMPLATES, {})) == (400, 3, "name")
    assert error(admin.call("POST", TEMPLATES, {"name": 5})) == (400, 5, "name")
    assert error(admin.call("POST", TEMPLATES, {"name": "x", "company_id": "y"})) == (400, 4, "company_id")
    assert error(admin.call("POST", TEMPLATES, {"name": "x", "company_id": NOBODY})) == (404, 10, None)
    assert error(admin.call("PATCH", path, {"language": "de"})) == (400, 4, "language")
    assert error(admin.call("PATCH", path, {"sections": {"pages": True}}))[0] == 400
    assert error(admin.call("PATCH", path, {"sections": {"media": 1}})) == (400, 5, "sections.media")
    assert error(admin.call("PATCH", path, {"footer": "x" * 501})) == (400, 4, "footer")
    assert error(admin.call("GET", f"{TEMPLATES}x/")) == (404, 10, None)


def test_attachments(admin: Client, company: str, astronaut: bytes) -> None:
    boss = as_user(admin, company, "CLIENT_ADMIN")
    template_id = template(boss)["template_id"]
    path = f"{TEMPLATES}{template_id}/attachments/"
    response = attach(boss, template_id, ("logo", astronaut))
    assert response.status == 201, response
    (made,) = response.json()
    assert list(made) == ATTACHMENT_FIELDS
    assert (made["name"], made["mime_type"]) == ("logo.jpg", "image/jpeg")
    assert boss.get(path)[0]["attachment_id"] == made["attachment_id"]
    picture = fetch(boss, made["url"])
    assert (picture.status, picture.headers["content-type"], len(picture.body)) == (200, "image/jpeg", made["size"])
    stranger = as_user(admin, None, "OPERATOR")
    assert (
        stranger.call("GET", f"/static/{template_id}/{made['url'].rpartition('/')[2].partition('?')[0]}").status == 200
    )
    assert fetch(boss, made["url"].replace(template_id, NOBODY)).status == 401
    assert error(boss.call("GET", f"/static/{NOBODY}/{made['url'].rpartition('/')[2].partition('?')[0]}"))[:2] == (
        404,
        10,
    )
    assert attach(boss, template_id, ("broken", b"no picture")).status == 400
    assert attach(boss, template_id, *((f"f{number}", astronaut) for number in range(11))).status == 400
    assert attach(boss, template_id).status == 400
    assert error(attach(as_user(admin, company, "CLIENT"), template_id, ("logo", astronaut))) == (403, 9, None)
    assert boss.call("DELETE", f"{path}{made['attachment_id']}/").status == 204
    assert boss.get(path) == []
    assert fetch(boss, made["url"]).status == 404


def test_reports(admin: Client, company: str, astronaut: bytes) -> None:
    boss, client = as_user(admin, company, "CLIENT_ADMIN"), as_user(admin, company, "CLIENT")
    headers = {HEADER: client.token, "Content-Type": "multipart/form-data; boundary=72468"}
    folder = client.server.call("POST", "/api/folders/", form([part("photo", astronaut)]), headers).json()
    path = f"/api/folders/{folder['folder_id']}/reports/"
    template_id = template(boss, language="ru")["template_id"]
    made = client.post(path, {"template_id": template_id})
    assert list(made) == REPORT_FIELDS
    assert made["name"] == f"report_{folder['folder_id']}.pdf"
    assert client.get(path) == [made]
    assert boss.get(f"/api/reports/{made['report_id']}/")["report_id"] == made["report_id"]
    document = fetch(client, made["url"])
    assert document.status == 200
    assert document.headers["content-type"] == "application/pdf"
    assert document.headers["content-disposition"] == f'attachment; filename="{made["name"]}"'
    assert document.body.startswith(b"%PDF-")
    assert len(document.body) == made["size"]
    as_json = client.post(path, {"format": "json"})
    found = json.loads(fetch(client, as_json["url"]).body)
    assert found["media"][0]["thumbnail"]["data"]
    assert error(client.call("DELETE", f"/api/reports/{made['report_id']}/")) == (403, 9, None)
    assert boss.call("DELETE", f"/api/reports/{made['report_id']}/").status == 204
    assert fetch(client, made["url"]).status == 404
    assert boss.call("DELETE", f"/api/folders/{folder['folder_id']}/pi/").status == 204
    assert client.get(path) == []
    assert fetch(client, as_json["url"]).status == 404


def test_errors_of_reports(admin: Client, company: str) -> None:
    client, other = as_user(admin, company, "CLIENT"), as_user(admin, company, "CLIENT")
    path = f"/api/folders/{client.post('/api/folders/', {})['folder_id']}/reports/"
    assert error(other.call("POST", path, {})) == (403, 9, None)
    assert error(other.call("GET", path)) == (403, 9, None)
    assert error(client.call("POST", path, {"format": "docx"})) == (400, 4, "format")
    assert error(client.call("POST", path, {"template_id": 7})) == (400, 5, "template_id")
    assert error(client.call("POST", path, {"template_id": "7"})) == (400, 4, "template_id")
    assert error(client.call("POST", path, {"template_id": NOBODY})) == (404, 10, None)
    assert error(client.call("POST", f"/api/folders/{NOBODY}/reports/", {})) == (404, 10, None)
    assert error(client.call("GET", f"/api/reports/{NOBODY}/")) == (404, 10, None)
