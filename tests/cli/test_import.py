"""`facever weights import`, with the real files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.support_silent_face import published, weights_with


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder without the files, selected with the pack that needs them."""
    folder = weights_with([], tmp_path / "weights")
    monkeypatch.setenv("FACEVER_WEIGHTS", str(folder))
    monkeypatch.setenv("FACEVER_PACK", "open+silent-face")
    return folder


def test_one_file_then_the_other_then_both_again(
    facever: Run, weights: Path, data_folder: Path, tmp_path: Path
) -> None:
    first, second = published(data_folder)
    shutil.copy(first, renamed := tmp_path / "download (1)")
    done = facever("weights", "import", "silent-face", renamed)
    assert (done.status, done.out) == (0, f"1 imported: {weights}\n")
    assert "silent-face still lacks 4_0_0_80x80_MiniFASNetV1SE.onnx" in done.err
    lacking = facever("weights", "verify")
    assert lacking.status == 1
    assert "1 of 8 are not ready; run `facever weights import silent-face FILE…`" in lacking.err
    done = facever("weights", "import", "silent-face", second)
    assert (done.status, "lacks" in done.err) == (0, False)
    assert facever("weights", "verify").status == 0
    listed = facever("weights", "list").out
    assert "ready    liveness     silent-face-v2" in listed
    assert "Apache-2.0  import:silent-face/2.7_80x80_MiniFASNetV2.onnx" in listed
    assert facever("weights", "import", "silent-face", first, second).out == f"0 imported: {weights}\n"
    assert facever("weights", "fetch").out == f"0 fetched, 8 were ready: {weights}\n"


def test_what_is_refused(facever: Run, weights: Path, tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(b"other")
    before = sorted(path.name for path in weights.iterdir())
    done = facever("weights", "import", "silent-face", tmp_path / "other.onnx")
    assert (done.status, done.out) == (1, "")
    assert "other.onnx has SHA-256 d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa" in done.err
    assert "nothing was installed" in done.err
    done = facever("weights", "import", "loud-face", tmp_path / "other.onnx")
    assert (done.status, "it has silent-face" in done.err) == (1, True)
    assert facever("weights", "import", "silent-face").status == 2
    done = facever("weights", "fetch")
    assert (done.status, "run `facever weights import silent-face FILE…`" in done.err) == (1, True)
    assert sorted(path.name for path in weights.iterdir() if path.name != ".lock") == [
        n for n in before if n != ".lock"
    ]
