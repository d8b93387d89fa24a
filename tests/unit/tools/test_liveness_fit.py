"""The fit of PAD models' weights on logits whose weights are known, and the simulated attacks it is given."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.liveness_attacks import ATTACKS, recorded
from benchmarks.liveness_fit import BONA_FIDE, Study, fit, folds, report, weights_of
from tests import support_faces as faces


def study(count: int = 4000) -> Study:
    """Presentations whose class depends on two of three logits: log odds 1.5 * first + 0.5 * second - 1."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (count, 3))
    odds = logits @ [1.5, 0.5, 0.0] - 1
    attack = random.random(count) < 1 / (1 + np.exp(-odds))
    names = [f"lfw/{number}" for number in range(count)]
    return Study(names, np.where(attack, "print", BONA_FIDE), logits)


def test_the_fit_finds_the_weights() -> None:
    known = study()
    found = fit(known.logits, known.attack, np.full(len(known.media), 1.0))
    assert found == pytest.approx([-1, 1.5, 0.5, 0], abs=0.15)


def test_left_out_presentations_are_judged_by_a_fit_on_others() -> None:
    known = study(600)
    found = known.left_out(folds(known.media))
    assert ((found > 0) == (known.attack == 1)).mean() > 0.8
    turned = Study(known.media, known.kinds, np.where(folds(known.media)[:, None] == 0, -known.logits, known.logits))
    wrong = turned.left_out(folds(turned.media))[folds(turned.media) == 0]
    right = (known.attack == 1)[folds(known.media) == 0]
    assert ((wrong > 0) == right).mean() < 0.3, "the fold's own labels are not used"
    assert "BPCER 0.0%" in report("x", np.where(known.attack == 1, 1.0, -1.0), known)


def test_media_and_classes_weigh_alike() -> None:
    media = ["clip.mp4"] * 8 + ["lfw/a", "lfw/a", "lfw/b"]
    attack = np.array([0.0] * 8 + [0, 1, 1])
    weight = weights_of(media, attack)
    assert weight[:8].sum() == pytest.approx(weight[8]) == pytest.approx(0.25)
    assert weight[9] == weight[10] == pytest.approx(0.25)
    assert len(set(folds(media)[:8])) == 1
    assert folds(media)[8] == folds(media)[9], "a person's photo and its attacks are in one fold"


@pytest.mark.parametrize("make", [recorded, *ATTACKS.values()])
def test_simulated_recordings_are_pictures_and_the_same_every_time(make: object) -> None:
    photo = np.asarray(faces.person(0).convert("RGB").resize((250, 250)))
    one, other = (make(photo, np.random.default_rng(1)) for _ in range(2))  # type: ignore[operator]
    assert one.dtype == np.uint8
    assert one.shape[2] == 3
    assert (one == other).all()
    assert one.std() > 20
