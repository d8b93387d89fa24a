"""`facever extract`: what it finds, what it writes, what it leaves alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from faceVer.matching.template import MAGIC
from tests.cli.conftest import Run


def templates(folder: Path) -> set[str]:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert all((folder / name).read_bytes().startswith(MAGIC) for name in found)
    return found


@pytest.fixture
def tree(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the tree of photos in it."""
    shutil.copytree(files / "tree", tmp_path / "tree")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_one_photo(facever: Run, files: Path, template: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "t.fvt"
    done = facever("extract", files / "photo.jpg", "-o", target)
    assert (done.status, target.read_bytes()) == (0, template.read_bytes())
    assert "1118 bytes" in done.out
    assert "1 template made, 0 kept, 0 failed in" in done.err
    assert facever("extract", files / "other.jpg", "-o", target, "--quiet").err == ""
    assert target.read_bytes() != template.read_bytes(), "a template that is named is written over"


def test_what_is_no_template_is_not_written_over(facever: Run, files: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.jpg"
    mine.write_bytes(b"precious")
    done = facever("extract", files / "photo.jpg", "-o", mine)
    assert (done.status, mine.read_bytes()) == (1, b"precious")
    assert "EEXIST" in done.err
    assert facever("extract", files / "photo.jpg", "-o", mine, "--force").status == 0
    assert mine.read_bytes().startswith(MAGIC)


def test_a_folder(facever: Run, tree: Path) -> None:
    done = facever("extract", "tree", "--out-dir", "out", "--json")
    assert done.status == 1
    assert templates(tree / "out") == {"a.fvt", "deep/b.fvt", "deep/no-ending.fvt"}
    by_path = {row["path"]: row for row in done.rows}
    assert set(by_path) == {"tree/a.jpg", "tree/deep/b.jpeg", "tree/deep/no-ending", "tree/deep/broken.png"}
    assert by_path["tree/a.jpg"] | {"ms": 0} == {
        "path": "tree/a.jpg",
        "status": "ok",
        "code": None,
        "template": "out/a.fvt",
        "bytes": 1118,
        "ms": 0,
    }
    assert by_path["tree/deep/broken.png"]["code"] == "BPE-002003"
    assert "facever: tree/deep/broken.png: BPE-002003: Failed to read the biometric sample" in done.err
    assert "3 templates made, 0 kept, 1 failed (BPE-002003: 1)" in done.err


@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        (["tree/*.jpg"], {"a.fvt"}),
        (["tree/**/*.jp*g"], {"a.fvt", "deep/b.fvt"}),
        (["tree/d*"], {"deep/b.fvt", "deep/no-ending.fvt"}),
        (["tree/a.jpg", "tree/deep/b.jpeg"], {"a.fvt", "b.fvt"}),
        (["tree/a.jpg", "./tree/a.jpg", "tree/*.jpg"], {"a.fvt"}),
    ],
)
def test_names_folders_patterns(arguments: list[str], made: set[str], facever: Run, tree: Path) -> None:
    done = facever("extract", *arguments, "--out-dir", "out", "--json")
    assert templates(tree / "out") == made
    assert sum(row["status"] == "ok" for row in done.rows) == len(made)


def test_a_name_that_looks_like_a_pattern(facever: Run, tree: Path) -> None:
    (tree / "a[1].jpg").write_bytes((tree / "tree/a.jpg").read_bytes())
    assert facever("extract", "a[1].jpg", "--out-dir", "out").status == 0
    assert templates(tree / "out") == {"a[1].fvt"}


def test_names_of_templates(facever: Run, files: Path, tmp_path: Path) -> None:
    """An ending that says what the file is gives way; another belongs to the name."""
    store = tmp_path / "store"
    store.mkdir()
    for name in ("4.JPEG", "4.1", "4.2"):
        shutil.copy(files / "photo.jpg", store / name)
    assert facever("extract", store, "--out-dir", tmp_path / "out").status == 0
    assert templates(tmp_path / "out") == {"4.fvt", "4.1.fvt", "4.2.fvt"}


def test_what_is_there_is_kept(facever: Run, tree: Path) -> None:
    arguments = ("extract", "tree/a.jpg", "--out-dir", "out", "--json")
    assert facever(*arguments).row["status"] == "ok"
    before = (tree / "out/a.fvt").stat().st_mtime_ns
    again = facever(*arguments)
    assert (again.status, again.row["status"], again.row["bytes"]) == (0, "skipped", None)
    assert (tree / "out/a.fvt").stat().st_mtime_ns == before
    assert facever(*arguments, "--force").row["status"] == "ok"
    assert (tree / "out/a.fvt").stat().st_mtime_ns > before
    (tree / "out/a.fvt").write_bytes(MAGIC + b"of another model")
    refused = facever(*arguments)
    assert (refused.status, refused.row["code"]) == (1, "EEXIST")
    assert facever(*arguments, "--resume").row["status"] == "ok"


@pytest.mark.parametrize("option", ["--force", "--resume", "--quiet"])
def test_a_pipe_is_no_place_for_a_template(option: str, facever: Run, files: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = facever("extract", files / "photo.jpg", "-o", tmp_path / "pipe", option, "--json")
    assert (done.status, done.row["code"]) == (1, "EEXIST")
    assert (tmp_path / "pipe").is_fifo()


def test_two_photos_for_one_template(facever: Run, tree: Path) -> None:
    shutil.copy("tree/a.jpg", "tree/a.jpeg")
    first, second = facever("extract", "tree/a.*", "--out-dir", "out", "--json").rows
    assert (first["status"], second["code"]) == ("ok", "EEXIST")
    assert second["message"] == "out/a.fvt is already made of tree/a.jpeg"


def test_odd_names(facever: Run, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are no UTF-8, and characters that a terminal would obey."""
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"\xff\x1b[31m\n.jpg")
    shutil.copy(files / "photo.jpg", name)
    done = facever("extract", name, "--out-dir", "out")
    assert (done.status, done.out.count("\n")) == (0, 1)
    assert r"\udcff\x1b[31m\n.jpg" in done.out
    assert "\x1b" not in done.out
    row = facever("extract", name, "--out-dir", "out", "--json").row
    assert (row["path"], row["status"]) == (name, "skipped")
    assert Path(row["template"]).exists()


def test_a_manifest(facever: Run, tree: Path) -> None:
    (tree / "tree/ids.csv").write_text("\ufeffpath;name;id\na.jpg;x;one\ndeep/b.jpeg;y;two\nnowhere.jpg;z;three\n")
    done = facever("extract", "--manifest", "tree/ids.csv", "--out-dir", "out", "--json")
    assert templates(tree / "out") == {"one.fvt", "two.fvt"}
    assert [(row["id"], row["status"], row["code"]) for row in done.rows] == [
        ("one", "ok", None),
        ("two", "ok", None),
        ("three", "failed", "ENOENT"),
    ]
    whole = tree / "tree/deep/b.jpeg"
    (tree / "ids.csv").write_text(f"id,path\none,b.jpeg\none,b.jpeg\none,{whole}\none,no-ending\n")
    done = facever("extract", "tree/deep", "--manifest", "ids.csv", "--out-dir", "again", "--json")
    assert templates(tree / "again") == {"one.fvt"}
    assert [row["code"] for row in done.rows] == [None, "EEXIST"], "a row is one however often it is there"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name,path\nx,y\n", "columns id and path"),
        ("", "columns id and path"),
        ("id,path\na,\n", "line 2: without an id"),
        ("id,path\na,x\n../b,y\n", "line 3: the id '../b' cannot"),
        ("id,path\n.b,y\n", "cannot be a file's name"),
    ],
)
def test_a_manifest_that_is_wrong(text: str, told: str, facever: Run, tree: Path) -> None:
    Path("m.csv").write_text(text)
    done = facever("extract", "--manifest", "m.csv", "--out-dir", "out")
    assert done.status == 1
    assert told in done.err


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["tree/a.jpg"], 2, "--out-dir"),
        (["--out-dir", "x"], 2, "name photos"),
        (["tree/a.jpg", "tree/deep/b.jpeg", "-o", "x"], 2, "for one photo"),
        (["a", "b", "--manifest", "m", "--out-dir", "x"], 2, "one PHOTO at most"),
        (["tree/a.jpg", "-o", "x", "--jobs", "0"], 2, "above 0"),
        (["tree/a.jpg", "-o", "x", "--timeout", "nan"], 2, "above 0"),
        (["hollow", "--out-dir", "x"], 1, "no pictures in this folder"),
        (["tree/*.nope", "--out-dir", "x"], 1, "no file matches"),
        (["nowhere.jpg", "--out-dir", "x"], 1, "ENOENT: No such file"),
        (["tree/a.jpg", "--out-dir", "tree/notes.txt"], 1, "cannot be written"),
    ],
)
def test_mistakes(arguments: list[str], status: int, told: str, facever: Run, tree: Path) -> None:
    (tree / "hollow").mkdir()
    done = facever("extract", *arguments)
    assert (done.status, done.out) == (status, "")
    assert told in done.err
