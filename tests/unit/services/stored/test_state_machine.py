"""Random interleavings of what clients, operators, workers and crashes do to folders, against a model of the contract.

After every step each status of the model is compared with what the store says, and the stored files with their rows.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, precondition, rule

from faceVer.domain.accounts import Role
from faceVer.domain.analyses import FailureKind
from faceVer.domain.errors import InferenceError, NotFoundError, RuleError
from faceVer.domain.folders import MediaKind
from faceVer.services.stored_folders.payload import FolderCreation, parse_creation
from tests.unit.services.stored.stores import Content, World

WORST_FIRST = ["INITIAL", "PROCESSING", "FAILED", "DECLINED", "OPERATOR_REQUIRED", "SUCCESS"]
FEW = 3
"""Folders of one run: few, so that much happens to each."""
PHOTO_IDS = {"photo_id", "photo_id_front", "photo_id_back"}

contents = st.builds(
    Content,
    pad=st.sampled_from([0.0, 0.5, 0.51, 1.0]),
    angle=st.sampled_from([0.0, 0.3, math.pi / 2]),  # cosines 1, 0.955, 0
    failure=st.sampled_from([None, None, None, FailureKind.NO_FACE]),
)
uploads = st.lists(
    st.tuples(
        contents,
        st.sampled_from(["video", "image", "shots_set"]),
        st.sampled_from([(), ("photo_selfie",), ("photo_id_front",), ("photo_id_back",)]),
    ),
    max_size=3,
)
kinds = st.lists(st.sampled_from(["quality", "biometry"]), min_size=1, max_size=3)


@dataclass
class ModelMedia:
    media_id: str
    kind: MediaKind
    tags: tuple[str, ...]
    content: Content
    stored: bool = True


@dataclass
class ModelAnalysis:
    analysis_id: str
    group: str
    type: str
    source: list[ModelMedia]
    fails: bool
    state: str = "PROCESSING"
    resolution: str = "PROCESSING"
    operator: str | None = None
    ended: int = 0


@dataclass
class ModelFolder:
    folder_id: str
    media: list[ModelMedia] = field(default_factory=list)
    analyses: list[ModelAnalysis] = field(default_factory=list)
    cleared: bool = False
    operator: str | None = None

    def statuses(self) -> tuple[str, str]:
        """Contract 7.2, rules 4 to 6."""
        if not self.analyses:
            return "INITIAL", "INITIAL"
        states = [one.state for one in self.analyses]
        if "PROCESSING" in states:
            return "PROCESSING", "PROCESSING"
        groups: dict[str, list[ModelAnalysis]] = {}
        for one in self.analyses:
            groups.setdefault(one.group, []).append(one)
        last = max(groups.values(), key=lambda group: max(one.ended for one in group))
        worst = min((one.resolution for one in last), key=WORST_FIRST.index)
        return "FAILED" if "FAILED" in states else "FINISHED", worst


class Folders(RuleBasedStateMachine):
    folders = Bundle("folders")
    groups = Bundle("groups")

    def __init__(self) -> None:
        super().__init__()
        self.path = Path(tempfile.mkdtemp())
        self.world = World(self.path)
        company = self.world.company("c")
        self.client = self.world.user(Role.CLIENT_ADMIN, company)
        self.model: dict[str, ModelFolder] = {}
        self.steps = 0

    def teardown(self) -> None:
        self.world.database.close()
        shutil.rmtree(self.path)

    # What clients do.

    @precondition(lambda self: len(self.model) < FEW)
    @rule(target=folders, files=uploads)
    def create(self, files: list[Any]) -> str:
        examined, media = self._uploaded(files)
        folder_id, group_id = self.world.creator.create(self.client, FolderCreation(), examined)
        assert group_id is None
        self.model[folder_id] = ModelFolder(folder_id, media)
        return folder_id

    @rule(
        target=groups,
        files=uploads.filter(bool),
        types=st.lists(st.sampled_from(["quality", "biometry"]), min_size=1, max_size=3),
    )
    def create_with_analyses(self, files: list[Any], types: list[str]) -> Any:
        examined, media = self._uploaded(files)
        root = {"analyses": [{"type": one} for one in types], "resolution_endpoint": "https://a.example/"}
        request = parse_creation(root, [one.file.name for one in examined])
        folder_id, group_id = self.world.creator.create(self.client, request, examined)
        assert group_id is not None
        self.model[folder_id] = ModelFolder(folder_id, media)
        self._began(self.model[folder_id], group_id, [(one, media) for one in types])
        return multiple((folder_id, group_id))

    @rule(folder_id=folders, files=uploads.filter(bool))
    def upload(self, folder_id: str, files: list[Any]) -> None:
        folder = self.model[folder_id]
        examined, media = self._uploaded(files)
        if folder_id not in self._living() or folder.cleared:
            with pytest.raises((NotFoundError, RuleError)):
                self.world.creator.add_media(self.client, folder_id, examined)
            return
        self.world.creator.add_media(self.client, folder_id, examined)
        folder.media += media

    @rule(target=groups, folder_id=folders, data=st.data())
    def request(self, folder_id: str, data: st.DataObject) -> Any:
        return self.request_analyses(folder_id, data)

    def request_analyses(self, folder_id: str, data: st.DataObject) -> Any:
        """(folder id, group id), or nothing where the request is rejected."""
        folder = self.model[folder_id]
        types = data.draw(kinds)
        chosen = data.draw(st.lists(st.sampled_from(folder.media), max_size=3, unique_by=id)) if folder.media else []
        root = {"analyses": [{"type": one, "source_media": [item.media_id for item in chosen]} for one in types]}
        if folder_id not in self._living() or folder.cleared or not folder.media:
            with pytest.raises((NotFoundError, RuleError)):
                self.world.creator.request_analyses(self.client, folder_id, root)
            return multiple()
        group_id = self.world.creator.request_analyses(self.client, folder_id, root)
        self._began(folder, group_id, [(one, chosen or folder.media) for one in types])
        return (folder_id, group_id)

    @rule(target=groups, folder_id=folders, data=st.data())
    def request_and_run(self, folder_id: str, data: st.DataObject) -> Any:
        """Both at once, so that many groups of a folder finish."""
        begun = self.request_analyses(folder_id, data)
        if isinstance(begun, tuple):
            self._run(begun)
        return begun

    # What workers do, and what happens to them.

    @rule(group=groups)
    def run(self, group: tuple[str, str]) -> None:
        self._run(group)

    def _run(self, group: tuple[str, str]) -> None:
        self.world.runner.run(group[1])
        self._ran(*group)

    @rule(group=groups)
    def run_breaks(self, group: tuple[str, str]) -> None:
        self.world.examiner.broken = True
        needs = any(not one.fails and any(item.stored for item in one.source) for one in self._open(*group))
        try:
            self.world.runner.run(group[1])
        except InferenceError:
            assert needs
        else:
            assert not needs
            self._ran(*group)
        finally:
            self.world.examiner.broken = False

    @rule(group=groups)
    def crash_before_the_commit(self, group: tuple[str, str]) -> None:
        """The worker dies once its best shots are stored: its files stay as orphans, its transaction is gone."""

        def dies(*_: Any, **__: Any) -> None:
            raise SystemExit

        before = self.world.known_keys()
        self.world.runner._write, real = dies, self.world.runner._write  # type: ignore[method-assign,assignment]
        try:
            self.world.runner.run(group[1])
        except SystemExit:
            pass
        finally:
            self.world.runner._write = real  # type: ignore[method-assign]
        assert self.world.known_keys() == before

    @rule(group=groups)
    def tries_used_up(self, group: tuple[str, str]) -> None:
        with self.world.database.write() as unit:
            self.world.runner.fail(unit, group[1])
        self._failed(*group)

    @rule()
    @precondition(lambda self: self.world.jobs)
    def time_passes(self) -> None:
        self.world.clock.now += self.world.settings.jobs.analysis_timeout + 1
        open_groups = {
            (folder.folder_id, one.group)
            for folder in self.model.values()
            for one in folder.analyses
            if one.state == "PROCESSING" and folder.folder_id in self._living()
        }
        assert self.world.runner.fail_overdue() == len(open_groups)
        for group in open_groups:
            self._failed(*group)

    # What operators and administrators do.

    @rule(group=groups, decision=st.sampled_from(["SUCCESS", "DECLINED", None]), data=st.data())
    def decide(self, group: tuple[str, str], decision: str | None, data: st.DataObject) -> None:
        analysis = self._any_of(group, data)
        if analysis is None:
            return
        changes = {"resolution_operator": decision}
        if analysis.state != "FINISHED":
            with pytest.raises(RuleError):
                self.world.editor.decide_analysis(self.client, analysis.analysis_id, changes)
            return
        self.world.editor.decide_analysis(self.client, analysis.analysis_id, changes)
        analysis.operator = decision

    @rule(folder_id=folders, decision=st.sampled_from(["SUCCESS", "DECLINED", None]))
    def judge(self, folder_id: str, decision: str | None) -> None:
        if folder_id in self._living():
            self.world.editor.change_folder(self.client, folder_id, {"operator_status": decision})
            self.model[folder_id].operator = decision

    @rule(group=groups, data=st.data())
    def delete_analysis(self, group: tuple[str, str], data: st.DataObject) -> None:
        analysis = self._any_of(group, data)
        if analysis is not None:
            self.world.editor.delete_analysis(self.client, analysis.analysis_id)
            self.model[group[0]].analyses.remove(analysis)

    @rule(folder_id=folders, data=st.data())
    def delete_media(self, folder_id: str, data: st.DataObject) -> None:
        folder = self.model[folder_id]
        if folder_id not in self._living() or not folder.media:
            return
        item = data.draw(st.sampled_from(folder.media))
        if any(item in one.source and one.state == "PROCESSING" for one in folder.analyses):
            with pytest.raises(RuleError):
                self.world.editor.delete_media(self.client, item.media_id)
            return
        self.world.editor.delete_media(self.client, item.media_id)
        folder.media.remove(item)
        item.stored = False

    @precondition(lambda self: len(self.model) > 1)
    @rule(folder_id=folders)
    def delete_folder(self, folder_id: str) -> None:
        if folder_id in self._living():
            self.world.editor.delete_folder(self.client, folder_id)
            self.model[folder_id].analyses.clear()
            del self.model[folder_id].media[:]
            self.model[folder_id].folder_id = ""

    @rule(folder_id=folders)
    def clear(self, folder_id: str) -> None:
        if folder_id not in self._living():
            return
        self.world.editor.clear_folder(self.client, folder_id)
        folder = self.model[folder_id]
        folder.cleared = True
        for item in [*folder.media, *(item for one in folder.analyses for item in one.source)]:
            item.stored = False

    # What must hold.

    @invariant()
    def statuses_are_the_models(self) -> None:
        for folder_id, folder in self.model.items():
            if not folder.folder_id:
                with pytest.raises(NotFoundError):
                    self.world.reader.folder(self.client, folder_id)
                continue
            found = self.world.reader.folder(self.client, folder_id)
            assert (found.status.state.value, found.status.resolution.value) == folder.statuses()
            assert [item.media_id for item in found.media] == [item.media_id for item in folder.media]
            assert [item.key is not None for item in found.media] == [item.stored for item in folder.media]
            assert found.ownership is not None
            assert found.ownership.is_cleared == folder.cleared
            assert found.ownership.operator_status == folder.operator
            stored = {one.analysis_id: one for one in found.analyses}
            assert stored.keys() == {one.analysis_id for one in folder.analyses}
            for expected in folder.analyses:
                one = stored[expected.analysis_id]
                assert (one.status.state.value, one.status.resolution.value) == (expected.state, expected.resolution)
                assert one.resolution_operator == expected.operator
                assert (one.ended is None) == (expected.state == "PROCESSING")

    @invariant()
    def no_row_without_file(self) -> None:
        assert self.world.known_keys() <= self.world.stored_keys()

    @invariant()
    def each_finished_group_was_announced_once(self) -> None:
        assert len(set(self.world.announced)) == len(self.world.announced)

    def _living(self) -> set[str]:
        return {folder_id for folder_id, folder in self.model.items() if folder.folder_id}

    def _uploaded(self, files: list[Any]) -> tuple[list[Any], list[ModelMedia]]:
        examined = [
            self.world.examined(f"m{number}", content, kind, tags=tags)
            for number, (content, kind, tags) in enumerate(files)
        ]
        media = [
            ModelMedia(one.item.media_id, kind, tags, content)
            for one, (content, kind, tags) in zip(examined, files, strict=True)
        ]
        return examined, media

    def _began(self, folder: ModelFolder, group_id: str, wanted: list[tuple[str, list[ModelMedia]]]) -> None:
        """Takes the ids of the group's analyses from the store, in order."""
        found = self.world.reader.folder(self.client, folder.folder_id).analyses
        new = [one for one in found if one.group_id == group_id]
        for stored, (kind, requested) in zip(new, wanted, strict=True):
            assert stored.thresholds.type.value == kind.upper()
            excluded = PHOTO_IDS if kind == "quality" else {"photo_id_back"}
            used = [one for one in requested if one.kind != "image" or excluded.isdisjoint(one.tags)]
            fails = len(used) < (1 if kind == "quality" else 2)
            source = list(requested) if fails else used
            assert [item.media_id for item in stored.source] == [item.media_id for item in source]
            folder.analyses.append(ModelAnalysis(stored.analysis_id, group_id, kind, source, fails))

    def _open(self, folder_id: str, group_id: str) -> list[ModelAnalysis]:
        folder = self.model[folder_id]
        return [one for one in folder.analyses if one.group == group_id and one.state == "PROCESSING"]

    def _any_of(self, group: tuple[str, str], data: st.DataObject) -> ModelAnalysis | None:
        found = [one for one in self.model[group[0]].analyses if one.group == group[1]]
        return data.draw(st.sampled_from(found)) if found else None

    def _ran(self, folder_id: str, group_id: str) -> None:
        self.steps += 1
        for one in self._open(folder_id, group_id):
            resolution = expected_resolution(one)
            one.state = "FAILED" if resolution == "FAILED" else "FINISHED"
            one.resolution, one.ended = resolution, self.steps

    def _failed(self, folder_id: str, group_id: str) -> None:
        self.steps += 1
        for one in self._open(folder_id, group_id):
            one.state, one.resolution, one.ended = "FAILED", "FAILED", self.steps


def expected_resolution(analysis: ModelAnalysis) -> str:
    """Contract 6.3, 6.4 and 7.4, with the default thresholds."""
    if analysis.fails or any(not item.stored or item.content.failure for item in analysis.source):
        return "FAILED"
    if analysis.type == "quality":
        return "DECLINED" if any(item.content.pad > 0.5 for item in analysis.source) else "SUCCESS"
    cosines = [math.cos(a.content.angle - b.content.angle) for a, b in combinations(analysis.source, 2)]
    return "SUCCESS" if min(cosines) >= 0.85 else "DECLINED"


Folders.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestFolders = Folders.TestCase
