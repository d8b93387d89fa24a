from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceVer.domain.errors import FaceError, NoFaceError, SampleError, SetupError
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.findings import FrameScore, PadScore
from faceVer.services.folders.service import FolderService
from faceVer.settings.loader import load_settings
from faceVer.tools.liveness_evaluation import (
    BONA_FIDE,
    UNSTATED,
    describe,
    interval,
    label_of,
    listed,
    measure,
    score_file,
)
from faceVer.tools.video_pieces import Pieces
from tests import support_liveness as live
from tests import support_media as media

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
    assert bona_fide == "bona fide 4 3 1 BPCER 33.3% (95 %: 1% to 91%) 1"
    assert printed == "attack: print 2 2 1 APCER 50.0% (95 %: 1% to 99%) 0"
    assert screen == "attack: screen 1 0 0 APCER - 1"


def test_every_frame_is_told_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_text("0.25")
    measured = score_file(Stub(), path, path.read_bytes())
    first, second = describe(measured, "x", 0.5, frames=True)
    assert first == "x: 0.250000 bona fide (1 frames with a face)"
    assert second == "  frame 3 at 1.50 s: 0.250 weight 0.75 box 1,2,30,40 second face"
    assert list(describe(measured, "x", 0.2, frames=False)) == ["x: 0.250000 attack (1 frames with a face)"]


def test_interval() -> None:
    assert interval(0, 10) == (0.0, pytest.approx(1 - 0.025**0.1))
    assert interval(10, 10) == (pytest.approx(0.025**0.1), 1.0)
    assert interval(5, 10) == (pytest.approx(0.18709, abs=1e-5), pytest.approx(0.81291, abs=1e-5))
    assert interval(2, 100) == (pytest.approx(0.00243, abs=1e-5), pytest.approx(0.07038, abs=1e-5))


@given(st.integers(1, 200).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_an_interval_holds_the_rate_and_mirrors(pair: tuple[int, int]) -> None:
    errors, count = pair
    low, high = interval(errors, count)
    assert 0 <= low <= errors / count <= high <= 1
    assert interval(count - errors, count) == (pytest.approx(1 - high, abs=1e-9), pytest.approx(1 - low, abs=1e-9))


def test_labels_of_a_list(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for number in range(4):
        (tmp_path / "set" / f"spoof-{number}.jpg").write_text(f"0.{number}")
    rows = "file,label,attack_type\nspoof-0.jpg,live,\nspoof-1.jpg,spoof,mask\nspoof-2.jpg,attack,\n"
    (tmp_path / "set" / "list.csv").write_text(rows)
    found = {path.name: label for path, label in listed(tmp_path).items()}
    assert found == {"spoof-0.jpg": BONA_FIDE, "spoof-1.jpg": "mask", "spoof-2.jpg": UNSTATED}
    lines = list(measure(Stub(), tmp_path, 0.5))
    assert [line.split()[:3] for line in lines[-3:]] == [
        ["bona", "fide", "1"],
        ["attack:", "mask", "1"],
        ["attack:", "unstated", "2"],
    ]
    assert not any("without a label" in line for line in lines)


@pytest.mark.parametrize(
    "text", ["file,label\n1.jpg,live\n", "1.jpg\n", "file,label,attack_type\n1.jpg,alive,\n", "\xff,"]
)
def test_a_list_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "list.csv").write_bytes(text.encode("latin-1"))
    (tmp_path / "1.jpg").write_text("0.1")
    if text == "1.jpg\n":
        assert listed(tmp_path) == {}, "a heading without rows"
    else:
        with pytest.raises(SetupError, match="the columns are file, label"):
            listed(tmp_path)


def test_files_that_are_the_same_count_once(tmp_path: Path) -> None:
    for name in ("real-1.jpg", "real-2.jpg", "attack-print-1.jpg", "attack-screen-1.jpg"):
        (tmp_path / name).write_text("0.6")
    lines = list(measure(Stub(), tmp_path, 0.5))
    assert lines[0] == "attack-print-1.jpg: 0.600000 attack (1 frames with a face)"
    assert lines[1:4] == [
        "attack-screen-1.jpg: left out, it is attack-print-1.jpg",
        "real-1.jpg: 0.600000 attack (1 frames with a face)",
        "real-2.jpg: left out, it is real-1.jpg",
    ]


def test_videos_are_cut_and_photos_are_not(tmp_path: Path) -> None:
    class Cutter:
        def pad_scores(self, data: bytes) -> list[PadScore | FaceError]:
            return [PadScore(0.2, ()), NoFaceError("gone"), PadScore(0.7, ())]

    (tmp_path / "real.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(100))
    (tmp_path / "real.jpg").write_text("0.3")
    lines = list(measure(Stub(), tmp_path, 0.5, cutter=Cutter()))
    assert lines[:4] == [
        "real.jpg: 0.300000 bona fide (1 frames with a face)",
        "real.mp4 piece 1: 0.200000 bona fide (0 frames with a face)",
        "real.mp4 piece 2: no score: NoFaceError: gone",
        "real.mp4 piece 3: 0.700000 attack (0 frames with a face)",
    ]
    assert lines[-1].split()[:5] == ["bona", "fide", "4", "3", "1"]


def test_pieces_of_a_video(engine: FaceEngine) -> None:
    settings = load_settings({})
    examiner = FolderService(engine, live.liveness(), settings).examiner
    clip = media.encode_video([live.selfie(0, shift=2 * n) for n in range(18)], fps=4)
    pieces = Pieces(examiner, settings.changed(media_frames=4), 2.0).pad_scores(clip)
    times = [[frame.time for frame in piece.frames] for piece in pieces if isinstance(piece, PadScore)]
    assert len(times) == 2, "a rest of half a second is left out"
    assert all(2 * number <= time < 2 * (number + 1) for number, piece in enumerate(times) for time in piece)
    assert all(3 <= len(piece) <= 5 for piece in times)
    blank = media.encode_video([live.blank(320, 240)] * 8, fps=4)
    (missing,) = Pieces(examiner, settings, 2.0).pad_scores(blank)
    assert isinstance(missing, NoFaceError)
