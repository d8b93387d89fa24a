"""`facever liveness` and `facever best-shot`."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Run


def test_photos_videos_archives(facever: Run, files: Path, engine: object) -> None:
    names = [files / name for name in ("photo.jpg", "clip.mp4", "frames.zip")]
    done = facever("liveness", *names)
    assert done.status == 0
    assert [line.split("  ")[1:] for line in done.out.splitlines()] == [["bona fide", str(name)] for name in names]
    assert "3 bona fide, 0 attacks, 0 failed" in done.err


def test_statuses(facever: Run, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert facever("liveness", files / "photo.jpg", files / "empty.jpg").status == 1
    monkeypatch.setenv("FACEVER_SPOOFING_THRESHOLD", "0")
    attack = facever("liveness", files / "photo.jpg", "--json")
    assert (attack.status, attack.row["passed"]) == (3, False)
    assert facever("liveness", files / "photo.jpg", files / "empty.jpg").status == 1, "a failure comes first"


def test_every_frame(facever: Run, files: Path) -> None:
    plain = facever("liveness", files / "clip.mp4", "--json").row
    row = facever("liveness", files / "clip.mp4", "--frames", "--json").row
    assert len(row["frames"]) == 4
    assert row["score"] == plain["score"]
    assert set(row["frames"][0]) == {"index", "time", "name", "box", "attack", "weight", "alone"}
    text = facever("liveness", files / "clip.mp4", "--frames").out.splitlines()
    assert text[0].endswith("clip.mp4")
    assert sum(line.startswith("  frame ") for line in text) == 4


def test_a_labelled_folder(facever: Run, files: Path, tmp_path: Path) -> None:
    for name in ("real-1.jpg", "attack-print/1.jpg", "unlabelled.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(files / "photo.jpg", tmp_path / name)
    done = facever("liveness", "--measure", tmp_path)
    assert done.status == 0
    assert "1 files without a label" in done.out
    assert "BPCER 0.0%" in done.out
    assert "APCER 100.0%" in done.out
    assert "  frame " not in done.out
    assert "  frame 0" in facever("liveness", "--measure", tmp_path, "--frames").out


def test_videos_in_pieces(facever: Run, files: Path, tmp_path: Path) -> None:
    shutil.copy(files / "clip.mp4", tmp_path / "real-1.mp4")
    shutil.copy(files / "photo.jpg", tmp_path / "attack-1.jpg")
    done = facever("liveness", "--measure", tmp_path, "--pieces", "1")
    assert done.status == 0
    assert "real-1.mp4 piece 1: " in done.out
    assert "attack-1.jpg: " in done.out


def test_the_development_data(facever: Run, data_folder: Path) -> None:
    done = facever("liveness", *sorted(data_folder.glob("liveness-dev/*.*")), "--json")
    assert done.status == 3
    assert {Path(row["path"]).name: row["passed"] for row in done.rows} == {
        "real-1.mp4": True, "real-2.jpg": True, "spoof-1.mp4": False, "spoof-2.jpg": False, "spoof-3.jpg": False,
    }  # fmt: skip


def test_best_shots(facever: Run, files: Path, tmp_path: Path) -> None:
    one = tmp_path / "one.jpg"
    done = facever("best-shot", files / "clip.mp4", "-o", one, "--json")
    assert (done.status, done.row["best_shot"], done.row["bytes"]) == (0, str(one), one.stat().st_size)
    with Image.open(io.BytesIO(one.read_bytes())) as shot:
        assert (shot.format, shot.size) == ("JPEG", (240, 320))
    arguments = ("best-shot", files / "*.mp4", files / "frames.zip", "--out-dir", tmp_path / "all", "--json")
    many = facever(*arguments)
    assert many.status == 1
    assert [(Path(row["path"]).name, row["status"], row["code"]) for row in many.rows] == [
        ("blank.mp4", "failed", "LDE-003002"),
        ("clip.mp4", "ok", None),
        ("frames.zip", "ok", None),
    ]
    assert (tmp_path / "all/clip.jpg").read_bytes() == one.read_bytes()
    one.write_text("precious")
    refused = facever("best-shot", files / "clip.mp4", "-o", one, "--json")
    assert (refused.status, refused.row["code"], one.read_text()) == (1, "EEXIST", "precious")


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["liveness"], 2, "name files"),
        (["liveness", "clip.mp4", "--measure", "."], 2, "name files"),
        (["liveness", "clip.mp4", "--frames", "--url", "http://x"], 2, "--frames"),
        (["liveness", "--measure", ".", "--json"], 2, "--measure"),
        (["liveness", "--measure", "nowhere"], 1, "not a folder"),
        (["liveness", "clip.mp4", "--pieces", "3"], 2, "--pieces is for --measure"),
        (["liveness", "--measure", ".", "--pieces", "0"], 2, "above 0"),
        (["liveness", "--measure", ".", "--pieces", "nan"], 2, "above 0"),
        (["best-shot", "clip.mp4", "frames.zip", "-o", "x"], 2, "for one media item"),
        (["best-shot", "clip.mp4"], 2, "--out-dir"),
        (["best-shot", "tree", "--out-dir", "x"], 1, "no videos or archives in this folder"),
    ],
)
def test_mistakes(
    arguments: list[str], status: int, told: str, facever: Run, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files)
    done = facever(*arguments)
    assert (done.status, done.out) == (status, "")
    assert told in done.err
