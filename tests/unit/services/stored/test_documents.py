"""A stored folder's document along its life: what is stored comes out of the store as clients are shown it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from faceVer.domain.accounts import Principal, Role
from faceVer.domain.errors import RuleError
from faceVer.services.file_urls import FileSigner
from faceVer.services.folders.document import FolderDocument
from faceVer.services.folders.present import present
from faceVer.services.folders.presentation import Presentation
from faceVer.services.stored_folders import creation
from faceVer.services.stored_folders.payload import parse_creation
from faceVer.storage import companies
from tests.unit.services.stored.stores import Content, World

ROOT = {"folder:meta_data": {"case": [1, 2.5, None, "“é”"]}, "resolution_endpoint": "https://hook.example/x"}


class Life:
    """A folder of a video and a photo, and its owner."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.who: Principal = world.user(Role.CLIENT_ADMIN, world.company("c"))
        files = [
            world.examined("video1", Content(pad=0.25), "video", tags=("video_selfie",), meta_data={"k": 1}),
            world.examined("photo1", Content(pad=0.125), "image"),
        ]
        request = parse_creation(dict(ROOT), [one.file.name for one in files])
        self.folder_id, _ = world.creator.create(self.who, request, files)
        self.signer = FileSigner(b"secret", 3600, world.clock)

    def analyse(self, *types: str, run: bool = True) -> None:
        root = {"analyses": [{"type": one, "meta_data": {"of": one}} for one in types]}
        group_id = self.world.creator.request_analyses(self.who, self.folder_id, root)
        if run:
            self.world.runner.run(group_id)

    def document(self) -> dict[str, Any]:
        """Checked against the wire models."""
        view = Presentation(source_ids=True, address=self.signer.address("https://x.example", self.who.user.user_id))
        document = present(self.world.reader.folder(self.who, self.folder_id), view)
        msgspec.convert(document, FolderDocument)
        return document

    def data_at(self, url: str) -> bytes:
        """The file that a signed address leads to."""
        parts = urlsplit(url)
        _, static, folder_id, key = parts.path.split("/")
        (token,) = parse_qs(parts.query)["token"]
        assert (static, self.signer.reader(folder_id, key, token)) == ("static", self.who.user.user_id)
        self.world.reader.file(self.who, folder_id, key)
        return self.world.files.read(key)


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    world = World(tmp_path)
    yield Life(world)
    world.database.close()


def urls(value: Any) -> list[str]:
    """All addresses of files in a document."""
    if isinstance(value, dict):
        found = [inner for key, inner in value.items() if key.endswith("_url") and inner]
        return found + [url for inner in value.values() for url in urls(inner)]
    return [url for inner in value for url in urls(inner)] if isinstance(value, list) else []


def test_before_analyses(life: Life) -> None:
    document = life.document()
    assert (document["resolution_status"], document["system_resolution"], document["analyses"]) == (
        "INITIAL",
        "INITIAL",
        [],
    )
    assert document["meta_data"] == ROOT["folder:meta_data"]
    assert document["resolution_endpoint"] == ROOT["resolution_endpoint"]
    assert [item["original_name"] for item in document["media"]] == ["video1.bin", "photo1.bin"]
    assert [item["meta_data"] for item in document["media"]] == [{"k": 1}, {}]
    assert life.data_at(document["media"][0]["video_url"]) == Content(pad=0.25).data
    assert life.data_at(document["media"][1]["thumb_url"]) == b"thumbnail"


def test_while_analyses_run_and_after_them(life: Life) -> None:
    life.analyse("quality", "biometry", run=False)
    running = life.document()
    assert [one["state"] for one in running["analyses"]] == ["PROCESSING", "PROCESSING"]
    life.world.runner.run(running["analyses"][0]["group_id"])
    document = life.document()
    quality, biometry = document["analyses"]
    assert [one["resolution"] for one in (quality, biometry)] == ["SUCCESS", "SUCCESS"]
    assert [one["meta_data"] for one in (quality, biometry)] == [{"of": "quality"}, {"of": "biometry"}]
    assert [one["results_data"] for one in quality["results_media"]] == [
        {"confidence_spoofing": 0.25},
        {"confidence_spoofing": 0.125},
    ]
    assert biometry["results_data"] == {"max_confidence": 1.0, "min_confidence": 1.0}
    assert quality["time_updated"] > quality["time_created"] > document["time_created"]
    assert running["media"] == document["media"]


def test_photos_are_their_own_best_shots(life: Life) -> None:
    life.analyse("quality")
    results = life.document()["analyses"][0]["results_media"]
    shots = [image["original_url"] for result in results for image in result["output_images"]]
    assert [life.data_at(url) for url in shots] == [
        b"jpeg of " + Content(pad=0.25).data,
        b"jpeg of " + Content(pad=0.125).data,
    ]


def test_a_single_analysis_is_that_of_the_folder(life: Life) -> None:
    life.analyse("quality", "biometry")
    for one in life.world.reader.folder(life.who, life.folder_id).analyses:
        folder, read = life.world.reader.analysis(life.who, one.analysis_id)
        assert (read, folder.analyses) == (one, (one,))


@pytest.mark.parametrize(("limit", "value"), [("MAX_ANALYSES", 3), ("MAX_USES", 6)])
def test_a_folder_whose_analyses_would_be_too_many(
    life: Life, limit: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creation, limit, value)
    life.analyse("quality", "biometry")  # of two media each
    with pytest.raises(RuleError):
        life.analyse("quality", "quality")
    life.analyse("quality")
    assert len(life.document()["analyses"]) == 3


def test_reading_changes_nothing(life: Life) -> None:
    life.analyse("quality")
    first = life.document()
    life.world.clock.now += 1  # within the time that addresses are rounded to
    assert life.document() == first


def test_an_operators_decisions(life: Life) -> None:
    life.analyse("quality")
    analysis_id = life.document()["analyses"][0]["analysis_id"]
    life.world.editor.decide_analysis(life.who, analysis_id, {"resolution_operator": "DECLINED"})
    life.world.editor.change_folder(
        life.who, life.folder_id, {"operator_status": "DECLINED", "operator_comment": "no likeness"}
    )
    document = life.document()
    (analysis,) = document["analyses"]
    assert [analysis[key] for key in ("resolution_operator", "resolution", "resolution_status")] == [
        "DECLINED",
        "DECLINED",
        "SUCCESS",
    ]
    assert [document[key] for key in ("operator_status", "operator_comment", "system_resolution")] == [
        "DECLINED",
        "no likeness",
        "SUCCESS",
    ]
    assert document["resolution_author_id"] == life.who.user.user_id
    assert document["time_created"] < document["resolution_time"] <= document["time_updated"]


def test_a_deleted_media_item_stays_in_its_analyses_without_addresses(life: Life) -> None:
    life.analyse("biometry")
    before = life.document()
    gone = before["media"][0]
    life.world.editor.delete_media(life.who, gone["media_id"])
    document = life.document()
    assert [item["media_id"] for item in document["media"]] == [before["media"][1]["media_id"]]
    source = document["analyses"][0]["source_media"]
    assert [item["media_id"] for item in source] == [item["media_id"] for item in before["media"]]
    assert urls(source[0]) == []
    assert document["analyses"][0]["results_media"] == before["analyses"][0]["results_media"]
    life.analyse("quality")
    assert [item["media_id"] for item in life.document()["analyses"][1]["source_media"]] == [source[1]["media_id"]]


def test_a_deleted_media_item_leaves_no_name_metadata_or_best_shot(life: Life) -> None:
    life.analyse("quality")
    gone, kept = life.document()["media"]
    life.world.editor.delete_media(life.who, gone["media_id"])
    (analysis,) = life.document()["analyses"]
    assert [(item["original_name"], item["meta_data"]) for item in analysis["source_media"]] == [
        ("", {}),
        (kept["original_name"], {}),
    ]
    assert [bool(result["output_images"]) for result in analysis["results_media"]] == [False, True]
    assert life.world.known_keys() == life.world.stored_keys()
    life.world.editor.delete_media(life.who, kept["media_id"])
    assert life.world.stored_keys() == set()


def test_nothing_is_stored_for_a_company_that_went_while_the_files_arrived(life: Life) -> None:
    before = life.world.stored_keys()
    with life.world.database.write() as unit:
        companies.update(unit, life.who.user.company_id, in_deletion=True)
    with pytest.raises(RuleError):
        life.world.creator.create(life.who, parse_creation({}, []), [life.world.examined("a", Content())])
    assert life.world.stored_keys() == before
    with life.world.database.write() as unit:
        companies.delete(unit, life.who.user.company_id)
    with pytest.raises(RuleError):
        life.world.creator.create(life.who, parse_creation({}, []), [])


def test_erasure_leaves_ids_times_scores_and_statuses(life: Life) -> None:
    life.analyse("quality", "biometry")
    before = life.document()
    addresses = urls(before)
    life.world.editor.clear_folder(life.who, life.folder_id)
    document = life.document()
    assert document["is_cleared"] is True
    assert urls(document) == []
    assert document["meta_data"] == {}
    assert [(item["original_name"], item["meta_data"], item["info"]["thumb"]) for item in document["media"]] == [
        ("", {}, None)
    ] * 2
    for old, new in zip(before["analyses"], document["analyses"], strict=True):
        same = ("analysis_id", "group_id", "state", "results_data", "resolution", "time_created", "time_updated")
        assert [old[key] for key in same] == [new[key] for key in same]
        assert new["meta_data"] == {}
        assert all(result["output_images"] == [] for result in new["results_media"])
        assert [one["results_data"] for one in old["results_media"]] == [
            one["results_data"] for one in new["results_media"]
        ]
    assert len(addresses) == 2 * 3 * 3 + 2  # three addresses of each media item, in three lists; two best shots
    assert life.world.stored_keys() == set()
