"""Commands on templates of two packs, on the engine in this process and against a server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from faceVer.services.faces import FaceEngine
from tests import support_faces as faces
from tests.cli.conftest import Run
from tests.support_server import Server


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory, engine: FaceEngine) -> Path:
    """Photos of six people, and templates of pack open of the first three."""
    folder = tmp_path_factory.mktemp("gallery")
    for number in range(6):
        (folder / f"{number}.jpg").write_bytes(faces.jpeg(faces.person(number)))
        if number < 3:
            (folder / f"{number}.fvt").write_bytes(engine.extract(faces.jpeg(faces.person(number))))
    return folder


@pytest.fixture(scope="module")
def both() -> Iterator[Server]:
    with Server(pack="open-2", also_read="open") as running:
        yield running


@pytest.fixture(params=["engine", "server"])
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    if request.param == "server":
        running: Server = request.getfixturevalue("both")
        return ("--url", running.url)
    monkeypatch.setenv("FACEVER_PACK", "open-2")
    monkeypatch.setenv("FACEVER_ALSO_READ", "open")
    return ()


def test_photos_are_compared_with_old_templates(
    facever: Run, gallery: Path, tmp_path: Path, where: tuple[str, ...]
) -> None:
    fresh = tmp_path / "new.fvt"
    done = facever("verify", gallery / "0.jpg", gallery / "0.fvt", "-o", fresh, "--json", *where)
    assert (done.status, done.row["decision"]) == (0, "approved")
    assert fresh.stat().st_size < (gallery / "0.fvt").stat().st_size, "of the new model, with 128 numbers"
    for sides in (("0.jpg", "1.fvt"), ("1.fvt", "0.jpg")):
        assert facever("compare", *(gallery / name for name in sides), *where).status == 3
    for sides in (("0.fvt", "0.jpg"), ("0.fvt", "0.fvt"), ("0.jpg", "0.jpg")):
        assert facever("compare", *(gallery / name for name in sides), *where).status == 0
    apart = facever("compare", gallery / "0.fvt", fresh, *where)
    assert apart.status == 1
    assert "made by mobilefacenet-0.0.1-87aacdfe5751 and sface-1.1.1-fb143eea0783" in apart.err


def test_search_ranks_a_mixed_gallery(facever: Run, gallery: Path, where: tuple[str, ...]) -> None:
    names = [gallery / name for name in ("0.fvt", "1.fvt", "2.fvt", "0.jpg", "3.jpg", "4.jpg")]
    done = facever("search", gallery / "0.jpg", *names, "--json", *where)
    assert done.status == 0
    assert len(done.rows) == 6
    assert {Path(row["path"]).name for row in done.rows[:2]} == {"0.fvt", "0.jpg"}
    assert [row["decision"] for row in done.rows[2:]] == ["declined"] * 4


def test_reextract_makes_old_templates_again_although_they_can_be_read(
    facever: Run, gallery: Path, tmp_path: Path, where: tuple[str, ...]
) -> None:
    """In place, and resumed: what is new is kept, what is old is made again."""
    for path in gallery.iterdir():
        shutil.copy(path, tmp_path)
    arguments = ("reextract", tmp_path, "--out-dir", tmp_path, "--resume", "--json", *where)
    first = facever(*arguments)
    assert (first.status, [row["status"] for row in first.rows]) == (0, ["ok"] * 6)
    (tmp_path / "4.fvt").write_bytes((gallery / "1.fvt").read_bytes())
    again = facever(*arguments)
    assert [row["status"] for row in again.rows] == ["skipped"] * 4 + ["ok", "skipped"]
    sizes = {path.stat().st_size for path in tmp_path.glob("*.fvt")}
    assert len(sizes) == 1
