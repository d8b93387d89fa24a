"""Operating points, the fitted map and LFW's protocol, on numbers whose answers are known."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from faceVer.domain.errors import SetupError
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.matching.scores import ScoreMap
from faceVer.settings.loader import load_settings
from faceVer.tools import accuracy, calibrate
from tests import support_faces as faces
from tests.accuracy.protocol import verification_accuracy


def people(count: int = 60, each: int = 4, spread: float = 0.6) -> tuple[np.ndarray, list[str]]:
    random = np.random.default_rng(1)
    centres = random.normal(size=(count, 64))
    vectors = np.repeat(centres, each, axis=0) + spread * random.normal(size=(count * each, 64))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), [f"p{number // each}" for number in range(count * each)]


def test_all_against_all_counts_every_pair_once() -> None:
    vectors, labels = people(10, 3)
    compared = accuracy.compare_all(vectors, labels)
    assert compared.genuine.sum() == 10 * 3
    assert compared.impostor.sum() == 30 * 29 // 2 - 30
    assert (compared.images, compared.people) == (30, 10)


def test_thresholds_allow_no_more_than_asked() -> None:
    vectors, labels = people()
    compared = accuracy.compare_all(vectors, labels)
    who = np.array(labels)
    cosine = vectors @ vectors.T
    impostor = cosine[np.triu(who[:, None] != who[None, :], 1)]
    for fmr in (0.1, 0.01, 0.001):
        cut = accuracy.threshold_at(compared.impostor, fmr)
        assert (impostor >= cut).mean() <= fmr
        assert (impostor >= cut - 3e-5).mean() >= fmr - 2 / impostor.size - 1e-3


def test_the_map_puts_085_at_a_false_match_rate_of_1e_4() -> None:
    vectors, labels = people()
    compared = accuracy.compare_all(vectors, labels)
    fitted = accuracy.fit(compared, "synthetic")
    cut = accuracy.threshold_at(compared.impostor, 1e-4)
    assert ScoreMap(fitted).one(cut) == pytest.approx(0.85, abs=1e-5)
    assert fitted.slope > 0
    rows = accuracy.table(compared, fitted, vectors, labels)
    assert [row.fmr for row in rows] == list(accuracy.FMRS)
    assert all(row.tar_low <= row.tar <= row.tar_high for row in rows)
    assert all(left.tar >= right.tar and left.cosine <= right.cosine for left, right in pairwise(rows))
    assert accuracy.markdown(rows).count("\n") == 1 + len(rows)


def test_rates_that_too_few_pairs_were_compared_for_have_no_numbers() -> None:
    vectors, labels = people(18, 2)
    compared = accuracy.compare_all(vectors, labels)
    fitted = accuracy.fit(compared, "synthetic")
    rows = accuracy.table(compared, fitted, vectors, labels, replace(fitted, midpoint=0.1))
    assert {row.pairs for row in rows} == {36 * 35 // 2 - 18}
    assert [row.measured for row in rows] == [True, False, False, False, False]
    assert [accuracy.pairs_needed(row.fmr) for row in rows] == [100, 1000, 10_000, 100_000, 1_000_000]
    head, _, first, *others = accuracy.markdown(rows).splitlines()
    assert head == "| FMR | cosine | score | score now | TAR (1 - FNMR) | 95 % interval |"
    assert f" {rows[0].now:.6f} " in first
    assert rows[0].now != rows[0].score
    assert others == [f"| {rate} |" + f" {accuracy.DASH} |" * 5 for rate in ("1e-02", "1e-03", "1e-04", "1e-05")]
    assert replace(rows[3], pairs=100_000).measured
    assert not replace(rows[3], pairs=99_999).measured
    told = calibrate.shortage(rows)
    assert told.startswith("612 impostor pairs are too few: an FMR of 1e-02 needs 1,000 (about 50 photos")
    assert "1e-04 needs 100,000 (about 450 photos of different people)" in told
    assert calibrate.shortage([replace(row, pairs=1_000_000) for row in rows]) == ""


def test_one_person_alone_cannot_be_measured() -> None:
    vectors, _ = people(1, 5)
    with pytest.raises(SetupError, match="different people"):
        accuracy.compare_all(vectors, ["a"] * 5)


def test_lfws_protocol() -> None:
    same = np.tile([True, False], 50)
    folds = np.repeat(np.arange(5), 20)
    assert verification_accuracy(np.where(same, 0.9, 0.1), same, folds) == (1.0, 0.0)
    mixed = np.where(same, 0.9, 0.1)
    mixed[:10] = 0.5
    assert verification_accuracy(mixed, same, folds)[0] == pytest.approx(0.95)


def test_calibrating_a_folder_writes_the_packs_calibration(tmp_path: Path) -> None:
    folder = tmp_path / "faces" / "images"
    for number in range(6):
        person = folder / f"person{number}"
        person.mkdir(parents=True)
        (person / "1.jpg").write_bytes(faces.jpeg(faces.person(number)))
        (person / "2.jpg").write_bytes(faces.jpeg(faces.person(number).rotate(3)))
        (person / "3.jpg").write_bytes(faces.jpeg(faces.person(number).rotate(-3)))
    (folder / "person0" / "4.jpg").write_bytes(b"junk")
    own = weights_folder("")
    weights = tmp_path / "weights"
    weights.mkdir()
    for path in own.iterdir():
        if path.suffix in (".toml", ".onnx", ".json"):
            (weights / path.name).write_bytes(path.read_bytes())
    settings = load_settings({"FACEVER_WEIGHTS": str(weights)})
    before = (weights / "manifest.toml").read_text()
    fitted, rows, data = calibrate.calibrate(settings, tmp_path / "faces", 2, lambda done, total: None)
    assert list(data.failures) == ["person0/4.jpg"]
    assert len(data.labels) == 18
    with pytest.raises(SetupError, match="--force"):
        calibrate.write(settings, fitted, rows)
    assert (weights / "manifest.toml").read_text() == before
    calibrate.write(settings, fitted, rows, force=True)
    written = load_manifest(weights).pack("open").recognition.calibration
    assert replace(written, points=()) == fitted
    assert [(point.fmr, point.cosine) for point in written.points] == [(0.1, round(rows[0].cosine, 5))]
    after = (weights / "manifest.toml").read_text()
    assert [line for line in before.splitlines() if line.startswith("#")] == [
        line for line in after.splitlines() if line.startswith("#")
    ]


def test_a_calibration_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, labels = people(10, 3)
    compared = accuracy.compare_all(vectors, labels)
    fitted = accuracy.fit(compared, "synthetic")
    rows = accuracy.table(compared, fitted, vectors, labels)
    monkeypatch.setattr(calibrate, "calibration_target", lambda _: (tmp_path / "calibration.toml", ()))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(SetupError, match="cannot write"):
        calibrate.write(load_settings({}), fitted, rows, force=True)
    assert list(tmp_path.iterdir()) == []
