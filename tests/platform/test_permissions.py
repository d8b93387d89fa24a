"""The permission matrix: role x object x verb x own, same company, other company, tried over HTTP."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from faceVer.domain.accounts import Role
from faceVer.domain.permissions import PERMISSIONS, Resource, Scope, Verb
from tests.platform.support import EMAIL, PASSWORD, Caller, Site, error, new_user, numbers, sqlite_site

# The documents' table, not the code's. all: every object, co: of the company, own: one's own folders or record.
DOCUMENTED = """
| object          | ADMIN    | OPERATOR       | CLIENT       | CLIENT_SERVICE | CLIENT_OPERATOR | CLIENT_ADMIN |
| company         | CRUD all | R all          | R co         | R co           | R co            | RUD co       |
| folder          | CRUD all | CRU all        | CRU own      | CRU co         | CRU co          | CRUD co      |
| report_template | CRUD all | CRU all        | R co         | R co           | CRU co          | CRUD co      |
| attachment      | CRD all  | CR all         | R co         | R co           | CR co           | CRD co       |
| report          | CRD all  | CR all         | CR own       | CR co          | CR co           | CRD co       |
| analysis        | CRUD all | CRU all        | CR own       | CRU co         | CRU co          | CRUD co      |
| collection      | CRUD all | R all          | R co         | CR co          | R co            | CRUD co      |
| person          | CRD all  | R all          | R co         | CR co          | R co            | CRD co       |
| person_image    | CRD all  | R all          | R co         | R co           | R co            | CRD co       |
| user            | CRUD all | R all, U own   | R own, U own | R co, U own    | R co, U own     | CRUD co      |
| statistics      | R all    | R all          |              |                | R co            | R co         |
| audit           | R all    |                |              |                |                 | R co         |
| webhook         | RU all   |                |              |                |                 | RU co        |
| decision        |          | U all          |              |                | U co            | U co         |
| judgement       | U all    | U all          |              | U co           | U co            | U co         |
"""
RELATIONS = ("own", "co", "other")
COVERED = {"all": {"own", "co", "other"}, "co": {"own", "co"}, "own": {"own"}}
SCOPES = {"all": Scope.ALL, "co": Scope.COMPANY, "own": Scope.OWN}
CODE_NAMES = {"decision": (Resource.ANALYSIS, Verb.DECIDE), "judgement": (Resource.FOLDER, Verb.JUDGE)}
"""Rights that the code has as verbs of their own: to decide analyses, and to judge folders."""


def documented() -> dict[tuple[str, str, str], str]:
    """(role, object, verb) -> scope."""
    head, *lines = ([cell.strip() for cell in line.strip("|").split("|")] for line in DOCUMENTED.split("\n") if line)
    found: dict[tuple[str, str, str], str] = {}
    for object_, *cells in lines:
        for role, cell in zip(head[1:], cells, strict=True):
            for verbs, scope in (right.split() for right in cell.split(",") if right):
                found |= {(role, object_, verb): scope for verb in verbs}
    return found


TABLE = documented()


def test_the_code_has_the_documented_matrix() -> None:
    expected = {}
    for (role, object_, verb), scope in TABLE.items():
        resource, code_verb = CODE_NAMES.get(object_) or (Resource(object_), Verb(verb))
        expected[Role(role), resource, code_verb] = SCOPES[scope]
    assert dict(PERMISSIONS) == expected
    assert len(expected) > 150


class Case(NamedTuple):
    role: str
    object: str
    verb: str
    relation: str

    @property
    def is_allowed(self) -> bool:
        object_ = {"media": "folder", "folder_meta": "folder", "media_meta": "folder", "analysis_meta": "analysis"}.get(
            self.object, self.object
        )
        # What is added to a folder, or changed of it, is a change of the folder; metadata likewise of its object.
        verb = "U" if (self.object, self.verb) == ("media", "C") else self.verb
        scope = TABLE.get((self.role, object_, verb))
        return scope is not None and self.relation in COVERED[scope]


VERBS = {
    "company": "CRUD",
    "folder": "CRUD",
    "folder_meta": "RU",
    "media": "CRUD",
    "media_meta": "RU",
    "analysis": "CRUD",
    "decision": "U",
    "judgement": "U",
    "user": "CRUD",
    "report_template": "CRUD",
    "attachment": "CRD",
    "report": "CRD",
    "statistics": "R",
    "audit": "R",
    "webhook": "R",
}


def cases() -> Iterator[Case]:
    for role, (object_, verbs) in itertools.product(Role, VERBS.items()):
        for verb, relation in itertools.product(verbs, RELATIONS):
            if object_ == "company" and (relation == "own" or (verb == "C" and relation == "co")):
                continue  # a company is nobody's own record, and a new one nobody's company
            if object_ in ("report_template", "attachment") and relation == "own":
                continue  # they belong to companies
            if (object_, verb, relation) == ("user", "C", "own"):
                continue  # nobody creates the own account
            if (object_, verb) == ("folder", "C") and relation != "own":
                continue  # a new folder belongs to who creates it
            if object_ in ("statistics", "audit", "webhook") and relation != "co":
                continue  # lists
            yield Case(role.value, object_, verb, relation)


class Objects:
    """Objects of every relation to a user of each role. Each is made when it is first needed."""

    def __init__(self, site: Site, photo: bytes) -> None:
        self.site, self.photo = site, photo
        self.company, self.other_company = site.company(), site.company()
        self._actors: dict[str, Caller] = {}
        self._folders: dict[str, dict[str, Any]] = {}
        self.foreigner = site.user("CLIENT", self.other_company)

    def actor(self, role: str) -> Caller:
        if role not in self._actors:
            self._actors[role] = self.new_actor(role)
        return self._actors[role]

    def new_actor(self, role: str, company: str | None = None) -> Caller:
        return self.site.user(role, None if Role(role).is_system else company or self.company)

    def owner(self, case: Case) -> Caller:
        """Who has the object."""
        if case.relation == "own":
            return self.actor(case.role)
        if case.relation == "other":
            return self.foreigner
        peer = "ADMIN" if case.role == "OPERATOR" else "OPERATOR" if case.role == "ADMIN" else "CLIENT_SERVICE"
        return self.actor("CLIENT_OPERATOR" if case.role == peer else peer)

    def folder(self, owner: Caller) -> dict[str, Any]:
        """A folder with a photo and a finished analysis, for all that does not delete."""
        if owner.user_id not in self._folders:
            payload = {"analyses": [{"type": "quality"}]}
            self._folders[owner.user_id] = owner.upload({"p": self.photo}, payload)
        return self._folders[owner.user_id]


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory, photo: bytes) -> Iterator[Objects]:
    with sqlite_site(tmp_path_factory.mktemp("store")) as site:
        yield Objects(site, photo)


Try = Callable[[Objects, Case, Caller], httpx.Response]


def on_folder(method: str, path: str, body: Any = None) -> Try:
    """A request about a folder, its photo, or its analysis."""

    def call(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
        folder = objects.folder(objects.owner(case))
        ids = {
            "folder": folder["folder_id"],
            "media": folder["media"][0]["media_id"],
            "analysis": folder["analyses"][0]["analysis_id"],
        }
        return actor.call(method, path.format_map(ids), body)

    return call


def add_media(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    folder = objects.folder(objects.owner(case))
    return actor.form(f"/api/folders/{folder['folder_id']}/media/", {"q": objects.photo})


def delete_folder(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    folder = objects.owner(case).post("/api/folders/", {})
    cleared = actor.call("DELETE", f"/api/folders/{folder['folder_id']}/pi/")
    deleted = actor.call("DELETE", f"/api/folders/{folder['folder_id']}/")
    assert cleared.status_code == deleted.status_code
    return deleted


def delete_media(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    folder = objects.owner(case).upload({"p": objects.photo})
    return actor.call("DELETE", f"/api/media/{folder['media'][0]['media_id']}/")


def delete_analysis(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    owner = objects.owner(case)
    folder = objects.folder(owner)
    begun = owner.analyse(folder["folder_id"], {"type": "quality"})
    return actor.call("DELETE", f"/api/analyses/{begun[0]['analysis_id']}/")


def create_user(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    is_system = Role(case.role).is_system and case.relation == "co"
    company = None if is_system else objects.company if case.relation == "co" else objects.other_company
    return actor.call("POST", "/api/users/", new_user("OPERATOR" if is_system else "CLIENT", company))


def target(objects: Objects, case: Case) -> Caller:
    return objects.owner(case)


def read_user(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    return actor.call("GET", f"/api/users/{target(objects, case).user_id}/")


def change_user(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    path = f"/api/users/{target(objects, case).user_id}/"
    metadata = actor.call("PATCH", f"{path}meta_data/", {"a": 1})
    changed = actor.call("PATCH", path, {"middle_name": "Ray"})
    assert metadata.status_code == changed.status_code
    return changed


def delete_user(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    if case.relation == "own":
        actor = objects.new_actor(case.role)
        return actor.call("DELETE", f"/api/users/{actor.user_id}/")
    is_system = Role(case.role).is_system and case.relation == "co"
    company = None if is_system else objects.company if case.relation == "co" else objects.other_company
    user = objects.site.admin.post("/api/users/", new_user("OPERATOR" if is_system else "CLIENT", company))
    return actor.call("DELETE", f"/api/users/{user['user_id']}/")


def company_of(objects: Objects, case: Case, actor: Caller) -> str:
    return actor.company_id if case.relation == "co" else objects.other_company


def create_company(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    return actor.call("POST", "/api/companies/", {"name": f"made {next(numbers)}"})


def read_company(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    return actor.call("GET", f"/api/companies/{company_of(objects, case, actor)}/")


def change_company(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    path = f"/api/companies/{company_of(objects, case, actor)}/"
    return actor.call("PATCH", path, {"name": f"renamed {next(numbers)}"})


def delete_company(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    company = objects.site.company()
    if case.relation == "co":
        actor = objects.new_actor(case.role, company)
        company = actor.company_id
    return actor.call("DELETE", f"/api/companies/{company}/?confirm=true")


def template_path(objects: Objects, case: Case, actor: Caller) -> str:
    """Of a new template."""
    body = {"name": f"template {next(numbers)}", "company_id": company_of(objects, case, actor)}
    return f"/api/report_templates/{objects.site.admin.post('/api/report_templates/', body)['template_id']}/"


def create_template(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    body = {"name": f"template {next(numbers)}", "company_id": company_of(objects, case, actor)}
    return actor.call("POST", "/api/report_templates/", body)


def on_template(method: str, body: Any = None) -> Try:
    return lambda objects, case, actor: actor.call(method, template_path(objects, case, actor), body)


def add_attachment(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    return actor.form(f"{template_path(objects, case, actor)}attachments/", {"logo": objects.photo})


def on_attachment(method: str) -> Try:
    def call(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
        path = f"{template_path(objects, case, actor)}attachments/"
        made = objects.site.admin.upload({"logo": objects.photo}, path=path)
        return actor.call(method, path if method == "GET" else f"{path}{made[0]['attachment_id']}/")

    return call


def report_path(objects: Objects, case: Case) -> str:
    """Of the reports of a folder in which no analysis runs: a folder that changes gets none."""
    folder_id = objects.folder(objects.owner(case))["folder_id"]
    objects.site.admin.finished(folder_id)
    return f"/api/folders/{folder_id}/reports/"


def create_report(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
    return actor.call("POST", report_path(objects, case), {"format": "json"})


def on_report(method: str) -> Try:
    def call(objects: Objects, case: Case, actor: Caller) -> httpx.Response:
        made = objects.site.admin.post(report_path(objects, case), {"format": "json"})
        return actor.call(method, f"/api/reports/{made['report_id']}/")

    return call


def listed(path: str) -> Try:
    return lambda objects, case, actor: actor.call("GET", path)


FOLDER, MEDIA, ANALYSIS = "/api/folders/{folder}/", "/api/media/{media}/", "/api/analyses/{analysis}/"
ANALYSES = {"analyses": [{"type": "quality"}]}
TRIES: dict[tuple[str, str], Try] = {
    ("company", "C"): create_company,
    ("company", "R"): read_company,
    ("company", "U"): change_company,
    ("company", "D"): delete_company,
    ("folder", "C"): lambda objects, case, actor: actor.call("POST", "/api/folders/", {}),
    ("folder", "R"): on_folder("GET", FOLDER),
    ("folder", "U"): on_folder("PATCH", FOLDER, {"resolution_endpoint": None}),
    ("folder", "D"): delete_folder,
    ("folder_meta", "R"): on_folder("GET", f"{FOLDER}meta_data/"),
    ("folder_meta", "U"): on_folder("PATCH", f"{FOLDER}meta_data/", {"a": 1}),
    ("media", "C"): add_media,
    ("media", "R"): on_folder("GET", MEDIA),
    ("media", "U"): on_folder("PATCH", MEDIA, {"tags": ["photo_selfie"]}),
    ("media", "D"): delete_media,
    ("media_meta", "R"): on_folder("GET", f"{MEDIA}meta_data/"),
    ("media_meta", "U"): on_folder("POST", f"{MEDIA}meta_data/", {"a": 1}),
    ("analysis", "C"): on_folder("POST", f"{FOLDER}analyses/", ANALYSES),
    ("analysis", "R"): on_folder("GET", ANALYSIS),
    ("analysis", "U"): on_folder("POST", f"{ANALYSIS}meta_data/", {"a": 1}),
    ("analysis", "D"): delete_analysis,
    ("decision", "U"): on_folder("PATCH", ANALYSIS, {"resolution_operator": "DECLINED"}),
    ("judgement", "U"): on_folder("PATCH", FOLDER, {"operator_status": "SUCCESS", "operator_comment": "seen"}),
    ("user", "C"): create_user,
    ("user", "R"): read_user,
    ("user", "U"): change_user,
    ("user", "D"): delete_user,
    ("report_template", "C"): create_template,
    ("report_template", "R"): on_template("GET"),
    ("report_template", "U"): on_template("PATCH", {"title": "new"}),
    ("report_template", "D"): on_template("DELETE"),
    ("attachment", "C"): add_attachment,
    ("attachment", "R"): on_attachment("GET"),
    ("attachment", "D"): on_attachment("DELETE"),
    ("report", "C"): create_report,
    ("report", "R"): on_report("GET"),
    ("report", "D"): on_report("DELETE"),
    ("statistics", "R"): listed("/api/statistics/"),
    ("audit", "R"): listed("/api/audit/"),
    ("webhook", "R"): listed("/api/webhooks/"),
}
CASES = list(cases())


def test_there_are_cases_of_every_kind() -> None:
    assert {(case.object, case.verb) for case in CASES} == set(TRIES)
    assert len(CASES) == len(set(CASES))
    assert len(CASES) > 400
    assert 150 < sum(case.is_allowed for case in CASES) < len(CASES) - 150


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_the_matrix(objects: Objects, case: Case) -> None:
    answer = TRIES[case.object, case.verb](objects, case, objects.actor(case.role))
    if (case.role, case.object, case.relation) == ("ADMIN", "company", "co") and case.verb in "UD":
        assert error(answer)[:2] == (400, 202)  # allowed, but it is the system company
    elif case.is_allowed:
        assert answer.status_code in (200, 201, 204), answer.text
    else:
        assert error(answer) == (403, 9, None)


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_lists_have_what_may_be_read(objects: Objects, role: str) -> None:
    actor = objects.actor(role)
    rows = {"folder": ("folders", "folder_id"), "user": ("users", "user_id"), "company": ("companies", "company_id")}
    for object_, (name, field) in rows.items():
        ids = {entry[field] for entry in actor.get(f"/api/{name}/?limit=-1")["items"]}
        for relation in RELATIONS[object_ == "company" :]:
            case = Case(role, object_, "R", relation)
            owner = objects.owner(case)
            made = objects.folder(owner)["folder_id"] if object_ == "folder" else str(owner.user[field])
            assert (made in ids) is case.is_allowed, case


def test_rights_that_are_not_in_the_matrix(objects: Objects) -> None:
    """Who may end sessions, make service tokens and set passwords of others; roles that nobody but ADMIN gives."""
    boss, client = objects.actor("CLIENT_ADMIN"), objects.actor("CLIENT")
    service = objects.actor("CLIENT_SERVICE")
    foreign = objects.site.user("CLIENT_SERVICE", objects.other_company)
    token, password = "/api/authorize/service_token/", {"new_password": PASSWORD}
    assert boss.call("GET", token + service.user_id).status_code == 200
    for actor in (client, objects.actor("OPERATOR"), objects.actor("CLIENT_OPERATOR")):
        assert error(actor.call("GET", token + service.user_id)) == (403, 9, None)
        assert error(actor.call("POST", f"/api/users/{service.user_id}/change-password/", password)) == (403, 9, None)
    assert error(boss.call("GET", token + foreign.user_id)) == (403, 9, None)
    assert error(boss.call("POST", f"/api/users/{foreign.user_id}/change-password/", password)) == (403, 9, None)
    assert error(boss.call("GET", token + client.user_id)) == (403, 9, None)
    for role in ("ADMIN", "OPERATOR"):
        assert error(boss.call("PATCH", f"/api/users/{client.user_id}/", {"user_type": role})) == (403, 9, None)
    assert error(boss.call("PATCH", f"/api/users/{boss.user_id}/", {"user_type": "CLIENT"})) == (403, 9, None)
    moved = {"company_id": objects.other_company}
    assert error(boss.call("PATCH", f"/api/users/{client.user_id}/", moved)) == (403, 9, None)
    assert objects.site.admin.get(f"/api/users/?email={EMAIL}")["total_count"] == 1
