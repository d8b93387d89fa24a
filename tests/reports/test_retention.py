"""Retention: what is deleted when, what stays, and what the audit log says."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest

from faceVer.domain.accounts import Company, Principal, Role
from faceVer.domain.analyses import QualityOutcome
from faceVer.domain.errors import PayloadValueError
from faceVer.domain.folders import Folder, FolderState, MediaKind
from faceVer.domain.listing import ListQuery
from faceVer.services import retention
from faceVer.services.accounts.companies import CompanyService
from faceVer.services.platform import cleaning_tasks
from faceVer.services.retention import DAY, Retention, rules_of
from faceVer.services.stored_folders.payload import parse_creation
from faceVer.storage import audit, companies, files, media
from faceVer.storage.blobs.names import new_key
from tests.unit.services.stored.stores import Content, World

BEST_SHOTS = {"analyses": [{"type": "quality", "params": {"extract_best_shot": True}}]}


class Kept:
    """A company of a store, its user, and its folders."""

    def __init__(self, world: World, default: int = 0, days: Mapping[str, int] | None = None) -> None:
        self.world = world
        world.settings = world.settings.changed(retention_days=default)
        object.__setattr__(world.store, "settings", world.settings)
        self.company_id = world.company("Bank")
        with world.database.write() as unit:
            companies.set_retention(unit, self.company_id, days or {})
        self.user = world.user(Role.CLIENT_ADMIN, self.company_id)
        self.retention = Retention(world.store)

    def folder(self, *kinds: MediaKind, runs: bool = False) -> str:
        """A folder with media of these kinds and an analysis, which has ended unless it runs."""
        examined = [
            self.world.examined(f"m{number}", Content(), kind, meta_data={"n": 1}) for number, kind in enumerate(kinds)
        ]
        request = parse_creation(BEST_SHOTS, [one.file.name for one in examined])
        folder_id, group_id = self.world.creator.create(self.user, request, examined)
        if not runs:
            assert group_id is not None
            self.world.runner.run(group_id)
        return folder_id

    def read(self, folder_id: str) -> Folder:
        return self.world.reader.folder(self.user, folder_id)

    def after(self, days: float) -> dict[str, int]:
        """What retention deletes so many days later, by kind; the dry run says the same before."""
        self.world.clock.now += days * DAY
        due = {one.rule.kind or "folder": one.number for one in self.retention.due()}
        done = {one.rule.kind or "folder": one.number for one in self.retention.run()}
        if "folder" not in due or not due["folder"]:  # media of erased folders are gone when their turn comes
            assert due == done
        assert self.world.stored_keys() == self.world.known_keys()
        return {kind: number for kind, number in done.items() if number}


def test_nothing_is_deleted_by_default(world: World) -> None:
    kept = Kept(world)
    kept.folder("video")
    assert kept.after(36_500) == {}
    assert kept.retention.due() == []


def test_folders_are_erased_after_the_days_of_the_server(world: World) -> None:
    kept = Kept(world, default=30)
    old = kept.folder("video", "image")
    assert kept.after(29.9) == {}
    young = kept.folder("video")
    assert kept.after(0.2) == {"folder": 1}
    folder = kept.read(old)
    assert folder.ownership is not None
    assert folder.ownership.is_cleared
    assert [(item.key, item.thumbnail, item.filename, item.meta_data) for item in folder.media] == [
        (None, None, "", {})
    ] * 2
    assert folder.status.state is FolderState.FINISHED
    assert kept.read(young).media[0].key is not None
    assert kept.after(0.1) == {}
    entry = entries(world)[0]
    assert (entry.action, entry.object_id, entry.company_id) == ("retention.erase", kept.company_id, kept.company_id)
    assert entry.user_id is None
    # Two originals, two thumbnails, two best shots.
    assert entry.details == {"kind": "folder", "days": 30, "ids": [old], "files": 6}


def test_media_lose_their_files_by_kind(world: World) -> None:
    kept = Kept(world, days={"video": 7, "image": 30})
    folder_id = kept.folder("video", "image", "shots_set")
    assert kept.after(8) == {"video": 1}
    video, image, shots = kept.read(folder_id).media
    assert (video.key, video.thumbnail, video.filename, video.meta_data) == (None, None, "m0.bin", {"n": 1})
    assert None not in (image.key, image.thumbnail, shots.key, shots.thumbnail)
    outcome = kept.read(folder_id).analyses[0].outcome
    assert isinstance(outcome, QualityOutcome)
    assert [score.best_shot is None for score in outcome.scores] == [True, False, False]
    assert [score.pad_score for score in outcome.scores] == [0.1, 0.1, 0.1]
    assert kept.after(30) == {"image": 1}
    assert kept.after(36_500) == {}
    folder = kept.read(folder_id)
    assert folder.media[2].key is not None
    assert folder.ownership is not None
    assert not folder.ownership.is_cleared
    details = [entry.details for entry in entries(world)]
    assert details[0] == {"kind": "image", "days": 30, "ids": [image.media_id], "files": 3}


def test_best_shots_of_deleted_media_go_too(world: World) -> None:
    kept = Kept(world, days={"video": 7})
    folder_id = kept.folder("video")
    item = kept.read(folder_id).media[0]
    keys = [key for key in (item.key, item.thumbnail and item.thumbnail.key) if key]
    with world.database.write() as unit:  # as if its deletion had left them
        media.remove(unit, item.media_id, keep=True)
        files.delete(unit, keys)
    world.files.delete(keys)
    assert len(world.known_keys()) == 1
    assert kept.after(8) == {"video": 1}
    assert not world.known_keys()


def test_a_folder_outlives_the_media_that_its_company_keeps_longer(world: World) -> None:
    kept = Kept(world, default=10, days={"video": 20})
    folder_id = kept.folder("video", "image")
    assert kept.after(11) == {"image": 1}
    assert [item.key is None for item in kept.read(folder_id).media] == [False, True]
    assert kept.after(10) == {"folder": 1}


def test_running_analyses_and_young_media_are_left_alone(world: World) -> None:
    kept = Kept(world, default=10, days={"image": 5})
    runs, grows = kept.folder("image", runs=True), kept.folder("image")
    world.clock.now += 8 * DAY
    world.creator.add_media(kept.user, grows, [world.examined("late", Content(), "video")])
    assert kept.after(3) == {"image": 1}
    assert kept.read(runs).media[0].key is not None
    assert kept.read(grows).media[1].key is not None


def test_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    kept = Kept(world, default=1)
    for _ in range(5):
        kept.folder("image")
    assert kept.after(2) == {"folder": 5}
    assert [len(entry.details["ids"]) for entry in entries(world)] == [1, 2, 2]


@pytest.mark.parametrize(
    ("days", "default", "expected"),
    [
        ({}, 0, {}),
        ({}, 30, {None: 30, "image": 30, "video": 30, "shots_set": 30}),
        ({"video": 90}, 30, {None: 90, "image": 30, "video": 90, "shots_set": 30}),
        ({"video": 7}, 30, {None: 30, "image": 30, "video": 7, "shots_set": 30}),
        ({"video": 0}, 30, {"image": 30, "shots_set": 30}),
        ({"video": 7}, 0, {"video": 7}),
    ],
)
def test_rules(days: Mapping[str, int], default: int, expected: Mapping[str | None, int]) -> None:
    assert {rule.kind: rule.days for rule in rules_of(Company("c", "C", retention=days), default)} == expected


@pytest.mark.parametrize("days", [{"video": -1}, {"video": 36_501}, {"audio": 1}])
def test_days_out_of_range_are_refused(world: World, days: Mapping[str, int]) -> None:
    service = CompanyService(
        world.database, world.files, world.store.access, world.clock, world.new_id, world.store.enqueue
    )
    company_id = world.company("Bank")
    admin: Principal = world.user(Role.CLIENT_ADMIN, company_id)
    with pytest.raises(PayloadValueError):
        service.set_retention(admin, company_id, days)
    service.set_retention(admin, company_id, {"video": 0})
    assert service.get(admin, company_id).retention == {"video": 0}


def entries(world: World) -> list[audit.AuditEntry]:
    """What retention wrote into the audit log, newest first."""
    with world.database.read() as connection:
        page = audit.page(connection, ListQuery(limit=-1), None)
    return [entry for entry in page.items if entry.action == "retention.erase"]


def test_a_server_runs_it_and_collects_orphans_hourly(world: World) -> None:
    kept = Kept(world, default=1)
    folder_id = kept.folder("image")
    world.files.put(new_key("jpg"), [b"no row"])
    world.clock.now += 2 * DAY
    tasks = cleaning_tasks(world.store)
    assert {name: task.period for name, task in tasks.items()} == {"retention": 3600.0, "collect": 3600.0}
    world.clock.now = time.time() + 2 * DAY  # files have the times of the disk
    tasks["collect"].run({})
    assert world.stored_keys() == world.known_keys()
    tasks["retention"].run({})
    assert kept.read(folder_id).media[0].key is None
    assert world.stored_keys() == set()
