"""The measured points of a calibration, as the manifest and `facever calibrate` write them."""

from __future__ import annotations

import pytest

from faceVer.inference.manifest import read_calibration
from faceVer.inference.specs import OperatingPoint

TABLE = {"slope": 27.8, "midpoint": 0.35, "source": "somewhere"}
POINT = {"fmr": 0.001, "cosine": 0.33, "score": 0.39, "tar": 0.98}


def test_points_are_read_in_their_order() -> None:
    calibration = read_calibration({**TABLE, "points": [POINT, {**POINT, "fmr": 1, "tar": 1}]})
    assert calibration is not None
    assert calibration.points == (OperatingPoint(0.001, 0.33, 0.39, 0.98), OperatingPoint(1.0, 0.33, 0.39, 1.0))


def test_a_table_may_have_none() -> None:
    calibration = read_calibration(TABLE)
    assert calibration is not None
    assert calibration.points == ()


@pytest.mark.parametrize(
    "wrong", [{"fmr": 0}, {"fmr": -0.1}, {"fmr": 1.1}, {"fmr": float("nan")}, {"cosine": 1.5}, {"score": "high"}]
)
def test_points_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"points|could not convert"):
        read_calibration({**TABLE, "points": [{**POINT, **wrong}]})


def test_points_have_all_numbers() -> None:
    with pytest.raises(KeyError):
        read_calibration({**TABLE, "points": [{"fmr": 0.1}]})
