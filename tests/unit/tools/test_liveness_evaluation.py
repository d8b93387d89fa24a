from __future__ import annotations

from pathlib import Path

import pytest

from faceVer.domain.errors import NoFaceError, SampleError
from faceVer.services.folders.findings import FrameScore, PadScore
from faceVer.tools.liveness_evaluation import BONA_FIDE, UNSTATED, Rate, describe, label_of, measure, score_file, wilson

ROOT = Path("/data")


class Stub:
    """Scores a file by the number it holds."""

    def pad_score(self, data: bytes) -> PadScore:
        if data == b"faceless":
            raise NoFaceError
        if data == b"broken":
            raise SampleError
        score = float(data)
        return PadScore(score, (FrameScore(3, 1.5, "", (1.0, 2.0, 30.0, 40.0), score, 0.75, False),))


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("real-1.mp4", BONA_FIDE),
        ("bona-fide/17.jpg", BONA_FIDE),
        ("bonafide2/17.jpg", BONA_FIDE),
        ("attack-print/17.jpg", "print"),
        ("attack-Print-3.jpg", "print"),
        ("attack-paper-mask.2/x.jpg", "paper-mask"),
        ("spoof-2.jpg", UNSTATED),
        ("spoof/a/b/c.jpg", UNSTATED),
        ("attack-print/real-1.jpg", BONA_FIDE),
        ("other/x.jpg", None),
    ],
)
def test_labels(path: str, label: str | None) -> None:
    assert label_of(ROOT / path, ROOT) == label


def test_the_folders_own_name_is_no_label(tmp_path: Path) -> None:
    assert label_of(tmp_path / "spoof" / "x.jpg", tmp_path / "spoof") is None


def test_a_labelled_folder(tmp_path: Path) -> None:
    files = {
        "real/1.jpg": "0.1", "real/2.jpg": "0.7", "real/3.jpg": "0.5", "real/4.jpg": "faceless",
        "attack-print/1.jpg": "0.9", "attack-print/2.jpg": "0.5", "attack-screen/1.jpg": "broken",
        "notes.txt": "?",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    lines = list(measure(Stub(), tmp_path, 0.5))
    assert "real/2.jpg: 0.700000 attack (1 frames with a face)" in lines
    assert any(line.startswith("real/4.jpg: no score: NoFaceError") for line in lines)
    assert "1 files without a label in their name or folder were left out" in lines
    bona_fide, printed, screen = (" ".join(line.split()) for line in lines[-3:])
    assert bona_fide == "bona fide 4 3 1 BPCER 33.3% (95 %: 6% to 79%) 1"
    assert printed == "attack: print 2 2 1 APCER 50.0% (95 %: 9% to 91%) 0"
    assert screen == "attack: screen 1 0 0 APCER - 1"


def test_every_frame_is_told_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_text("0.25")
    measured = score_file(Stub(), path)
    first, second = describe(measured, "x", 0.5, frames=True)
    assert first == "x: 0.250000 bona fide (1 frames with a face)"
    assert second == "  frame 3 at 1.50 s: 0.250 weight 0.75 box 1,2,30,40 second face"
    assert list(describe(measured, "x", 0.2, frames=False)) == ["x: 0.250000 attack (1 frames with a face)"]


def test_interval() -> None:
    assert wilson(0, 10) == (0.0, pytest.approx(0.2775, abs=1e-3))
    assert wilson(10, 10)[1] == 1.0
    assert wilson(5, 10)[0] == pytest.approx(1 - wilson(5, 10)[1])
    assert Rate("x", 5, 1, 2).scored == 3
