"""`facever reextract`: a report, and a run that continues after an interruption."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from faceVer.cli.report import Report
from faceVer.domain.errors import SetupError
from tests.cli.conftest import Run

MANY = 30


def lines(report: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in report.read_text().splitlines()]


def started(photos: Path, out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "faceVer", "reextract", str(photos), "--out-dir", str(out), "--jobs", "1"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def test_the_report(facever: Run, files: Path, tmp_path: Path) -> None:
    done = facever("reextract", files / "tree", "--out-dir", tmp_path, "--json")
    assert done.status == 1
    assert done.rows == lines(tmp_path / "report.jsonl")
    assert {row["code"] for row in done.rows} == {None, "BPE-002003"}
    assert all(row["ms"] > 0 for row in done.rows if row["status"] == "ok")
    elsewhere = tmp_path / "else" / "where.jsonl"
    again = facever("reextract", files / "tree", "--out-dir", tmp_path, "--report", elsewhere, "--json")
    assert [row["status"] for row in lines(elsewhere)] == [row["status"] for row in again.rows]
    assert "3 kept, 1 failed" in again.err


def test_a_second_run_says_what_it_wants(facever: Run, files: Path, tmp_path: Path) -> None:
    arguments = ("reextract", files / "tree/a.jpg", "--out-dir", tmp_path)
    assert facever(*arguments).status == 0
    refused = facever(*arguments)
    assert refused.status == 1
    assert "--resume continues it, --force replaces it" in refused.err
    assert facever(*arguments, "--resume").status == 0
    assert [row["status"] for row in lines(tmp_path / "report.jsonl")] == ["ok"], "kept, and told of already"
    (tmp_path / "a.fvt").write_bytes(b"the template of another product")
    assert facever(*arguments, "--resume").status == 0
    assert [row["status"] for row in lines(tmp_path / "report.jsonl")] == ["ok", "ok"], (
        "unreadable by any model: made again"
    )
    assert facever(*arguments, "--force").status == 0
    assert [row["status"] for row in lines(tmp_path / "report.jsonl")] == ["ok"]


def test_the_documented_counts(facever: Run, files: Path, tmp_path: Path) -> None:
    """What fails again is counted once, what was corrected not at all."""
    jq = shutil.which("jq")
    if jq is None:
        pytest.skip("jq is not installed")
    photos, out = tmp_path / "photos", tmp_path / "new"
    photos.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (photos / name).write_bytes(b"")
    arguments = ("reextract", photos, "--out-dir", out, "--resume")
    assert facever(*arguments).status == facever(*arguments).status == 1
    assert len(lines(out / "report.jsonl")) == 2
    shutil.copy(files / "photo.jpg", photos / "b.jpg")
    assert facever(*arguments).status == 1
    text = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    counts, names = (
        subprocess.run(
            ["sh", "-c", line.replace("BPE-003003", "BPE-002003")], cwd=tmp_path, capture_output=True, check=True
        ).stdout.split()
        for line in text.splitlines()
        if line.startswith("jq ") and "report.jsonl" in line
    )
    assert counts == [b"1", b"BPE-002003"]
    assert names == [str(photos / "a.jpg").encode()]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_stopped_in_the_midst(stop: signal.Signals, facever: Run, files: Path, tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    for number in range(MANY):
        shutil.copy(files / "photo.jpg", photos / f"{number:03}.jpg")
    report, process = out / "report.jsonl", started(photos, out)
    while process.poll() is None and not (report.exists() and report.read_bytes().count(b"\n") > 5):
        time.sleep(0.005)
    process.send_signal(stop)
    _, told = process.communicate(timeout=30)
    if stop is signal.SIGINT:
        assert (process.returncode, told) == (130, "facever: interrupted\n")
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("*.fvt")}
    assert 5 < len(before) < MANY, "it was not stopped in the midst"

    again = facever("reextract", photos, "--out-dir", out, "--resume", "--json")
    assert again.status == 0
    kept = [row for row in again.rows if row["status"] == "skipped"]
    assert len(kept) == len(before)
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before, "made again"
    assert len(list(out.glob("*.fvt"))) == MANY
    reported = lines(report)
    assert {row["path"] for row in reported} == {str(photos / f"{number:03}.jpg") for number in range(MANY)}
    assert len(reported) == MANY
    assert not [path for path in out.iterdir() if path.name.startswith(".")], "an unfinished file is left"


class TestReport:
    def test_a_line_cut_short_is_taken_away(self, tmp_path: Path) -> None:
        path = tmp_path / "r.jsonl"
        path.write_bytes(b'{"path": "a", "status": "ok"}\n{"path": "b", "sta')
        report = Report.open(path, resume=True, force=False)
        report.add({"path": "a", "status": "skipped"})
        report.add({"path": "b", "status": "ok"})
        report.close()
        assert lines(path) == [{"path": "a", "status": "ok"}, {"path": "b", "status": "ok"}]

    def test_a_failure_is_not_told_twice_in_a_row(self, tmp_path: Path) -> None:
        path = tmp_path / "r.jsonl"
        one, other = ({"path": "a", "status": "failed", "code": code} for code in ("BPE-002003", "BPE-003002"))
        made, kept = ({"path": "a", "status": status, "code": None} for status in ("ok", "skipped"))
        for record in (one, one, other, other, one, made, kept, one, one, kept, kept):
            report = Report.open(path, resume=True, force=False)
            report.add(record)
            report.close()
        assert lines(path) == [one, other, one, made, one, kept]
        for _ in range(2):
            report = Report.open(path, resume=True, force=True)
            report.add(one)
            report.close()
            assert lines(path) == [one]

    def test_one_writer(self, tmp_path: Path) -> None:
        first = Report.open(tmp_path / "r", resume=False, force=False)
        with pytest.raises(SetupError, match="another run"):
            Report.open(tmp_path / "r", resume=True, force=False)
        first.close()
        Report.open(tmp_path / "r", resume=True, force=False).close()

    @pytest.mark.parametrize("content", [b"my notes\n", b'{"keep": "my only notes"}', bytes(600), b"\xff" * 600, b"x"])
    def test_another_file_is_left_alone(self, content: bytes, tmp_path: Path) -> None:
        path = tmp_path / "r"
        path.write_bytes(content)
        for resume, force in ((True, False), (False, True), (False, False)):
            with pytest.raises(SetupError, match="line 1: not a report"):
                Report.open(path, resume=resume, force=force)
        assert path.read_bytes() == content

    @pytest.mark.parametrize("cut", [b"{", b'{"path"', b'{"id": "1", "pa', b'{"path": "a", "status": "ok"}'])
    def test_a_first_line_cut_short_is_taken_away(self, cut: bytes, tmp_path: Path) -> None:
        path = tmp_path / "r"
        path.write_bytes(cut)
        with pytest.raises(SetupError, match="--resume continues it"):
            Report.open(path, resume=False, force=False)
        assert path.read_bytes() == cut
        Report.open(path, resume=True, force=False).close()
        assert path.read_bytes() == b""

    def test_the_same_photo_under_two_ids(self, tmp_path: Path) -> None:
        path = tmp_path / "r"
        path.write_text('{"id": "1", "path": "a", "status": "ok"}\n')
        report = Report.open(path, resume=True, force=False)
        report.add({"id": "1", "path": "a", "status": "skipped"})
        report.add({"id": "2", "path": "a", "status": "skipped"})
        report.close()
        assert [row["id"] for row in lines(path)] == ["1", "2"]
