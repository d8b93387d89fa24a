"""Templates, attachments and reports: use cases on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from faceVer.domain.accounts import SYSTEM_COMPANY, Principal, Role
from faceVer.domain.analyses import JpegImage
from faceVer.domain.errors import ConflictError, ForbiddenError, NotFoundError, PayloadValueError, RuleError
from faceVer.domain.listing import ListQuery
from faceVer.domain.permissions import Resource, Verb, is_allowed
from faceVer.domain.reports import ReportFormat, ReportTemplate, Section
from faceVer.media.decoder import Decoder
from faceVer.services.reports import making, templates
from faceVer.services.reports.making import ReportService
from faceVer.services.reports.templates import TemplateService
from faceVer.services.retention import DAY, Retention
from faceVer.services.stored_folders.payload import parse_creation
from faceVer.storage import audit, companies
from tests.reports.test_pdf import jpeg
from tests.unit.services.stored.stores import Content, World

PDF, JSON = ReportFormat.PDF, ReportFormat.JSON
LOGO = JpegImage(jpeg(60, 20), 60, 20)


def named(name: str, **values: Any) -> Callable[[ReportTemplate], ReportTemplate]:
    return lambda template: replace(template, name=name, **values)


class Office:
    """A company with a folder, a colleague's folder, and the services."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.system = world.company(SYSTEM_COMPANY)
        self.company = world.company("Bank")
        self.boss = world.user(Role.CLIENT_ADMIN, self.company)
        self.templates, self.reports = TemplateService(world.store), ReportService(world.store, Decoder())

    def folder(self, owner: Principal) -> str:
        examined = [
            replace(self.world.examined(name, Content(), meta_data={"n": 1}), thumbnail=JpegImage(jpeg(30, 40), 30, 40))
            for name in ("one", "two")
        ]
        root = {"analyses": [{"type": "quality", "params": {"extract_best_shot": True}}, {"type": "biometry"}]}
        folder_id, group_id = self.world.creator.create(owner, parse_creation(root, ["one", "two"]), examined)
        assert group_id is not None
        self.world.runner.run(group_id)
        return folder_id

    def document(self, key: str) -> Any:
        return json.loads(self.world.files.read(key))


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def test_templates(office: Office) -> None:
    service, boss = office.templates, office.boss
    made = service.create(boss, None, named("Standard", title="Отчёт", footer="Confidential", language="ru"))
    assert made.company_id == office.company
    assert made.sections == frozenset(Section) - {Section.METADATA}
    assert service.get(boss, made.template_id) == made
    with pytest.raises(ConflictError):
        service.create(boss, None, named("Standard"))
    changed = service.change(boss, made.template_id, named("Short", sections=frozenset({Section.MEDIA})))
    assert service.list(boss, ListQuery()).items == [changed]
    assert changed.updated > made.updated
    second = service.create(boss, None, named("Standard"))
    with pytest.raises(ConflictError):
        service.change(boss, second.template_id, named("Short"))
    service.delete(boss, second.template_id)
    with pytest.raises(NotFoundError):
        service.get(boss, second.template_id)
    assert [entry.action for entry in entries(office.world)] == [
        "report_template.delete",
        "report_template.create",
        "report_template.update",
        "report_template.create",
    ]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"title": "t" * 201}, "title"),
        ({"footer": "f" * 501}, "footer"),
        ({"language": "de"}, "language"),
    ],
)
def test_templates_out_of_range(office: Office, values: dict[str, str], field: str) -> None:
    with pytest.raises(PayloadValueError) as raised:
        office.templates.create(office.boss, None, named(**{"name": "x", **values}))
    assert raised.value.exposed == field


def test_templates_of_companies(office: Office) -> None:
    admin = office.world.user(Role.ADMIN, office.system)
    made = office.templates.create(admin, office.company, named("By us"))
    assert made.company_id == office.company
    with pytest.raises(NotFoundError):
        office.templates.create(admin, office.world.new_id(), named("Nowhere"))
    with office.world.database.write() as unit:
        companies.update(unit, office.company, in_deletion=True)
    with pytest.raises(RuleError):
        office.templates.create(office.boss, None, named("Late"))


def test_attachments(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "MOST_ATTACHMENTS", 3)
    service, boss, world = office.templates, office.boss, office.world
    template_id = service.create(boss, None, named("T")).template_id
    (first,) = service.attach(boss, template_id, [("logo.png", LOGO)])
    service.attach(boss, template_id, [("a", LOGO), ("b" * 300, LOGO)])
    found = service.attachments(boss, template_id)
    assert [one.name for one in found if one.attachment_id == first] == ["logo.png"]
    assert sorted(len(one.name) for one in found) == [1, 8, 200]
    assert world.files.read(found[0].image.key) == LOGO.jpeg
    with pytest.raises(RuleError):
        service.attach(boss, template_id, [("c", LOGO)])
    assert world.stored_keys() == world.known_keys()
    service.detach(boss, template_id, first)
    assert len(world.stored_keys()) == len(service.attachments(boss, template_id)) == 2
    with pytest.raises(NotFoundError):
        service.detach(boss, template_id, first)
    service.delete(boss, template_id)
    assert world.stored_keys() == world.known_keys() == set()


def test_json(office: Office) -> None:
    folder_id = office.folder(office.boss)
    office.world.editor.change_folder(office.boss, folder_id, {"operator_status": "SUCCESS", "operator_comment": "ok"})
    report = office.reports.create(office.boss, folder_id, None, JSON)
    assert report.filename == f"report_{folder_id}.json"
    found = office.document(report.key)
    assert report.size == len(office.world.files.read(report.key))
    assert (found["folder_id"], found["company"], found["system_resolution"]) == (folder_id, "Bank", "SUCCESS")
    assert found["decision"]["status"] == "SUCCESS"
    assert found["decision"]["author"] == office.boss.user.user_id
    assert "meta_data" not in found
    assert [item["name"] for item in found["media"]] == ["one.bin", "two.bin"]
    thumbnail = found["media"][0]["thumbnail"]
    assert (thumbnail["mime"], thumbnail["width"], thumbnail["height"]) == ("image/jpeg", 30, 40)
    by_type = {one["type"]: one for one in found["analyses"]}
    ids = [item["media_id"] for item in found["media"]]
    assert [(one["media_ids"], one["score"]) for one in by_type["QUALITY"]["scores"]] == [([each], 0.1) for each in ids]
    assert by_type["QUALITY"]["scores"][0]["best_shot"] is None  # these are no pictures
    assert by_type["BIOMETRY"]["scores"] == [{"media_ids": ids, "score": 1.0, "best_shot": None}]
    assert by_type["QUALITY"]["thresholds"] == {"threshold_spoofing": 0.5}


def test_sections(office: Office) -> None:
    folder_id = office.folder(office.boss)
    template = office.templates.create(office.boss, None, named("T", sections=frozenset({Section.METADATA})))
    found = office.document(office.reports.create(office.boss, folder_id, template.template_id, JSON).key)
    assert found["meta_data"] == {}
    assert not {"media", "analyses", "decision"} & set(found)


def test_a_report_is_limited(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from faceVer.services.reports import content

    monkeypatch.setattr(content, "MOST_ANALYSES", 1)
    monkeypatch.setattr(content, "MOST_SCORES", 1)
    monkeypatch.setattr(content, "MOST_PICTURES", 1)
    monkeypatch.setattr(making, "MOST_REPORTS", 1)
    folder_id = office.folder(office.boss)
    found = office.document(office.reports.create(office.boss, folder_id, None, JSON).key)
    assert (len(found["analyses"]), found["analyses_omitted"]) == (1, 1)
    assert [item["thumbnail"] is None for item in found["media"]] == [False, True]
    with pytest.raises(RuleError, match="too many"):
        office.reports.create(office.boss, folder_id, None, JSON)
    assert office.world.stored_keys() == office.world.known_keys()


def test_pdf(office: Office) -> None:
    folder_id, boss = office.folder(office.boss), office.boss
    template_id = office.templates.create(boss, None, named("T")).template_id
    office.templates.attach(boss, template_id, [("logo", LOGO)])
    report = office.reports.create(boss, folder_id, template_id, PDF)
    assert report.filename == f"report_{folder_id}.pdf"
    data = office.world.files.read(report.key)
    assert data.startswith(b"%PDF-")
    assert data.count(b"/Subtype /Image") == 2  # the thumbnails are the same picture
    assert office.reports.get(boss, report.report_id) == report
    assert office.reports.list(boss, folder_id) == [report]
    assert office.world.reader.file(boss, folder_id, report.key).mime == "application/pdf"
    office.templates.delete(boss, template_id)
    assert office.reports.get(boss, report.report_id).template_id == template_id
    office.reports.delete(boss, report.report_id)
    with pytest.raises(NotFoundError):
        office.reports.get(boss, report.report_id)
    assert office.world.stored_keys() == office.world.known_keys()


@pytest.mark.parametrize("erased_by", ["pi", "deletion", "retention", "retention of media"])
def test_reports_are_erased_with_what_they_show(office: Office, erased_by: str) -> None:
    world, folder_id = office.world, office.folder(office.boss)
    for form in (PDF, JSON):
        office.reports.create(office.boss, folder_id, None, form)
    if erased_by == "pi":
        world.editor.clear_folder(office.boss, folder_id)
    elif erased_by == "deletion":
        world.editor.delete_folder(office.boss, folder_id)
    else:
        days = {"retention_days": 1} if erased_by == "retention" else {}
        object.__setattr__(world.store, "settings", world.settings.changed(**days))
        with world.database.write() as unit:
            companies.set_retention(unit, office.company, {} if days else {"video": 1})
        world.clock.now += 2 * DAY
        Retention(world.store).run()
    assert world.stored_keys() == world.known_keys() == set()
    if erased_by != "deletion":
        assert office.reports.list(office.boss, folder_id) == []
        again = office.document(office.reports.create(office.boss, folder_id, None, JSON).key)
        assert [item["thumbnail"] for item in again["media"]] == [None, None]


def test_a_folder_that_changes_meanwhile_gets_no_report(office: Office) -> None:
    folder_id = office.folder(office.boss)
    reports = office.reports
    real = reports._pdf

    def slow(*arguments: Any) -> bytes:
        office.world.editor.clear_folder(office.boss, folder_id)
        return real(*arguments)

    reports._pdf = slow  # type: ignore[method-assign]
    with pytest.raises(RuleError, match="changed meanwhile"):
        reports.create(office.boss, folder_id, None, PDF)
    assert office.world.stored_keys() == set()


def test_templates_for_folders_of_other_companies(office: Office) -> None:
    world, folder_id = office.world, office.folder(office.boss)
    admin, other = world.user(Role.ADMIN, office.system), world.company("Shop")
    ours = office.templates.create(admin, None, named("Ours"))
    theirs = office.templates.create(admin, other, named("Theirs"))
    office.reports.create(admin, folder_id, ours.template_id, JSON)
    with pytest.raises(RuleError, match="another company"):
        office.reports.create(admin, folder_id, theirs.template_id, JSON)
    with pytest.raises(ForbiddenError):
        office.reports.create(office.boss, folder_id, ours.template_id, JSON)
    with pytest.raises(NotFoundError):
        office.reports.create(admin, folder_id, world.new_id(), JSON)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("whose", ["own", "company", "other"])
def test_rights(office: Office, role: Role, whose: str) -> None:
    """Every verb on every object, as the matrix says."""
    world = office.world
    who = world.user(role, office.system if role.is_system else office.company)
    company = world.company("Shop") if whose == "other" else who.user.company_id
    boss = world.user(Role.CLIENT_ADMIN, company)
    owner = who if whose == "own" and role is not Role.OPERATOR else boss
    folder_id = office.folder(owner)
    template_id = office.templates.create(boss, None, named("T")).template_id
    (attachment_id,) = office.templates.attach(boss, template_id, [("logo", LOGO)])
    key = office.templates.attachments(boss, template_id)[0].image.key
    report = office.reports.create(boss, folder_id, None, JSON)
    calls: dict[tuple[Resource, Verb], list[Callable[[], object]]] = {
        (Resource.REPORT_TEMPLATE, Verb.READ): [lambda: office.templates.get(who, template_id)],
        (Resource.REPORT_TEMPLATE, Verb.CREATE): [lambda: office.templates.create(who, company, named("New"))],
        (Resource.REPORT_TEMPLATE, Verb.UPDATE): [lambda: office.templates.change(who, template_id, named("U"))],
        (Resource.ATTACHMENT, Verb.READ): [
            lambda: office.templates.attachments(who, template_id),
            lambda: world.reader.file(who, template_id, key),
        ],
        (Resource.ATTACHMENT, Verb.CREATE): [lambda: office.templates.attach(who, template_id, [("l", LOGO)])],
        (Resource.REPORT, Verb.READ): [
            lambda: office.reports.get(who, report.report_id),
            lambda: office.reports.list(who, folder_id),
            lambda: world.reader.file(who, folder_id, report.key),
        ],
        (Resource.REPORT, Verb.CREATE): [lambda: office.reports.create(who, folder_id, None, JSON)],
        (Resource.REPORT, Verb.DELETE): [lambda: office.reports.delete(who, report.report_id)],
        (Resource.ATTACHMENT, Verb.DELETE): [lambda: office.templates.detach(who, template_id, attachment_id)],
        (Resource.REPORT_TEMPLATE, Verb.DELETE): [lambda: office.templates.delete(who, template_id)],
    }
    for (resource, verb), attempts in calls.items():
        allowed = is_allowed(who, resource, verb, company_id=company, owner_id=owner.user.user_id)
        for attempt in attempts:
            if allowed:
                attempt()
            else:
                with pytest.raises(ForbiddenError):
                    attempt()


def test_lists_show_only_what_one_may_see(office: Office) -> None:
    office.templates.create(office.boss, None, named("T"))
    other = office.world.user(Role.CLIENT, office.world.company("Shop"))
    assert office.templates.list(other, ListQuery()).items == []
    admin = office.world.user(Role.OPERATOR, office.system)
    assert [one.name for one in office.templates.list(admin, ListQuery(search="t")).items] == ["T"]


def entries(world: World) -> list[audit.AuditEntry]:
    """The audit log, newest first."""
    with world.database.read() as connection:
        return cast("list[audit.AuditEntry]", audit.page(connection, ListQuery(limit=-1), None).items)


def test_a_deleted_media_item_takes_the_reports_that_show_it_with_it(office: Office) -> None:
    folder_id = office.folder(office.boss)
    report = office.reports.create(office.boss, folder_id, None, JSON)
    gone = office.world.reader.folder(office.boss, folder_id).media[0]
    office.world.editor.delete_media(office.boss, gone.media_id)
    assert office.reports.list(office.boss, folder_id) == []
    assert report.key not in office.world.stored_keys()
