"""`facever search`: ranks, limits, galleries, and what a bad file among many does."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from faceVer.cli import search
from tests.cli.conftest import Run


@pytest.fixture
def gallery(files: Path, template: Path, facever: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of templates: two of the person searched for, three of others."""
    monkeypatch.chdir(tmp_path)
    assert facever("extract", files / "tree", files / "selfie.png", "--out-dir", "gallery").status == 1
    Path("gallery/self.fvt").write_bytes(template.read_bytes())
    return tmp_path / "gallery"


def test_ranked(facever: Run, files: Path, gallery: Path) -> None:
    done = facever("search", files / "photo.jpg", "gallery", "--json")
    assert done.status == 0
    assert [row["rank"] for row in done.rows] == [1, 2, 3, 4, 5]
    assert {row["path"] for row in done.rows[:2]} == {"gallery/self.fvt", "gallery/selfie.fvt"}
    assert [row["decision"] for row in done.rows] == ["approved"] * 2 + ["declined"] * 3
    scores = [row["score"] for row in done.rows]
    assert scores == sorted(scores, reverse=True)
    assert "5 compared, 5 shown, 0 failed" in done.err


def test_limits(facever: Run, template: Path, gallery: Path) -> None:
    assert len(facever("search", template, "gallery", "--top", "3", "--json").rows) == 3
    assert len(facever("search", template, "gallery", "--top", "0", "--json").rows) == 5
    assert len(facever("search", template, "gallery", "--min-score", "0.85", "--json").rows) == 2
    assert len(facever("search", template, "gallery", "--min-score", "0.85", "--top", "1", "--json").rows) == 1


def test_statuses(facever: Run, files: Path, gallery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = files / "other.jpg"
    none = facever("search", stranger, "gallery/a.fvt", "gallery/self.fvt")
    assert none.status == 3
    assert none.out.count("declined") == 2
    assert facever("search", stranger, "gallery/a.fvt", "--min-score", "0.9").out == ""
    monkeypatch.setenv("FACEVER_OPERATOR_THRESHOLD", "0")
    assert facever("search", stranger, "gallery/a.fvt", "gallery/self.fvt").status == 4


def test_a_gallery_by_list(
    facever: Run, template: Path, gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["gallery/a.fvt\r", "", "gallery/deep", "gallery/sel*"]
    Path("list").write_text("\n".join(names))
    whole = facever("search", template, "--gallery-file", "list", "--json")
    assert {row["path"] for row in whole.rows} == {
        "gallery/a.fvt", "gallery/deep/b.fvt", "gallery/deep/no-ending.fvt", "gallery/self.fvt", "gallery/selfie.fvt",
    }  # fmt: skip
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\n".join(names).encode())))
    assert facever("search", template, "--gallery-file", "-", "--json").rows == whole.rows
    Path("list").write_bytes(b"gallery/a.fvt\0gallery/deep\0gallery/sel*\0")
    assert facever("search", template, "--gallery-file", "list", "--json").rows == whole.rows


def test_bad_files_among_good_ones(
    facever: Run, template: Path, gallery: Path, where: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command finds and reports each bad template; the batches around it lose nobody."""
    monkeypatch.setattr(search, "BATCH", 4)
    good = template.read_bytes()
    for number in range(11):
        data = good[:-1] if number in (0, 5, 6, 10) else good
        (gallery / f"many-{number:02}.fvt").write_bytes(data)
    done = facever("search", template, "gallery/many-*", "--top", "0", "--json", *where)
    assert done.status == 1
    ranked = [row["path"] for row in done.rows if row["status"] == "ok"]
    failed = [row["path"] for row in done.rows if row["status"] == "failed"]
    assert failed == [f"gallery/many-{number:02}.fvt" for number in (0, 5, 6, 10)]
    assert ranked == [f"gallery/many-{number:02}.fvt" for number in (1, 2, 3, 4, 7, 8, 9)], "equal scores in order"
    assert {row["code"] for row in done.rows if row["status"] == "failed"} == {"BPE-002004"}


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["photo.fvt"], 2, "name a gallery"),
        (["photo.fvt", "tree", "--top", "-1"], 2, "not below 0"),
        (["empty.jpg", "tree"], 1, "empty.jpg: BPE-003002"),
        (["broken.fvt", "tree"], 1, "broken.fvt: BPE-002004"),
        (["nowhere.jpg", "tree"], 1, "nowhere.jpg: ENOENT"),
        (["photo.fvt", "--gallery-file", "nowhere"], 1, "No such file"),
    ],
)
def test_mistakes(
    arguments: list[str],
    status: int,
    told: str,
    facever: Run,
    files: Path,
    template: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(files)
    done = facever("search", *arguments)
    assert (done.status, done.out) == (status, "")
    assert told in done.err
