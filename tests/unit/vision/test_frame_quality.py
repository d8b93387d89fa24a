from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceVer.domain.values import Face, Image
from faceVer.services.faces import FaceEngine
from faceVer.vision import frame_quality as q
from faceVer.vision.crops import crop_rectangle
from faceVer.vision.face_attributes import FaceAttributes
from faceVer.vision.frame_quality import FaceQuality, approximate_yaw, quality
from faceVer.vision.landmarks import EYES, eye_opening
from tests import support_liveness as support

FRONTAL = FaceAttributes(0.0, q.NEUTRAL_PITCH, 0.0, 1.0, 0.3)


def crop(luma: int) -> Image:
    return np.full((112, 112, 3), luma, np.uint8)


def a_face(left: float, top: float, right: float, bottom: float) -> Face:
    return Face(np.array([left, top, right, bottom], np.float32), np.zeros((5, 2), np.float32), 0.9)


def of(engine: FaceEngine, image: Image) -> FaceQuality:
    found = engine.subject(image)
    return quality(found.image, found.face, support.liveness().attributes.measure(found.image, found.face))[0]


def test_sharpness_grows_with_the_logarithm() -> None:
    assert [q.sharpness_term(value) for value in (0.0, 10, 600, 5000)] == pytest.approx([0, 0, 1, 1])
    steps = [q.sharpness_term(10.0 * 2**n) for n in range(6)]
    assert np.diff(steps) == pytest.approx([np.log(2) / np.log(60)] * 5)


def test_pose_falls_with_each_angle() -> None:
    assert q.pose_term(0, q.NEUTRAL_PITCH, 0) == 1
    for angles in ((1, 0, 0), (0, 1, 0), (0, 0, 1)):
        terms = [
            q.pose_term(sign * angles[0] * a, q.NEUTRAL_PITCH + sign * angles[1] * a, sign * angles[2] * a)
            for a in (0, 10, 20, 30, 38)
            for sign in (1, -1)
        ]
        assert terms[::2] == terms[1::2], "both sides alike"
        assert all(a > b for a, b in pairwise(terms[::2]))
    assert q.pose_term(90, 0, 0) == q.pose_term(0, 90, 0) == q.pose_term(0, 0, -90) == 0


def test_eyes_need_model_and_outline() -> None:
    assert q.eyes_term(1, 0.3) == 1
    assert q.eyes_term(0, 0.1) == 0
    assert q.eyes_term(1, 0.1) == q.eyes_term(0, 0.4) == 0.5
    assert q.eyes_term(7, 9) == 1


def test_exposure_marks_down_dark_glaring_and_clipped() -> None:
    assert [q.exposure_term(*q.light(crop(luma))) for luma in (60, 100, 190)] == [1, 1, 1]
    assert q.exposure_term(*q.light(crop(0))) == q.exposure_term(*q.light(crop(255))) == 0
    assert 0 < q.exposure_term(*q.light(crop(40))) < 1
    assert 0 < q.exposure_term(*q.light(crop(220))) < 1
    half = crop(120)
    half[:30] = 255
    assert 0 < q.exposure_term(*q.light(half)) < 0.9


def test_size_and_inside() -> None:
    assert [q.size_term(side) for side in (10, 30, 160, 900)] == [0, 0, 1, 1]
    image = np.zeros((200, 200, 3), np.uint8)
    assert q.inside_term(q.share_inside(a_face(60, 60, 140, 140), image)) == 1
    boxes = [a_face(left, 60, left + 80, 140) for left in (0, -10, -20, -40, -90)]
    cut_off = [q.inside_term(q.share_inside(box, image)) for box in boxes]
    assert all(a > b for a, b in pairwise(cut_off[:4]))
    assert cut_off[-1] == 0


def test_total_is_a_weighted_geometric_mean() -> None:
    assert FaceQuality(1, 1, 1, 1, 1, 1).total == pytest.approx(1)
    assert FaceQuality(0.5, 0.5, 0.5, 0.5, 0.5, 0.5).total == pytest.approx(0.5)
    assert FaceQuality(0, 0, 0, 0, 0, 0).total == pytest.approx(q.FLOOR)
    assert sum(q.WEIGHTS.values()) == pytest.approx(1)
    best = FaceQuality(1, 1, 1, 1, 1, 1)
    totals = {name: replace(best, **{name: 0.2}).total for name in q.WEIGHTS}
    for name, weight in q.WEIGHTS.items():
        assert totals[name] == pytest.approx(0.2**weight)


def test_rough_yaw_is_the_noses_offset() -> None:
    marks = np.array([[40, 50], [80, 50], [60, 70], [45, 90], [75, 90]], np.float32)
    assert approximate_yaw(marks) == pytest.approx(0, abs=1e-4)
    for shift in (-16, 16):
        turned = marks.copy()
        turned[2, 0] += shift
        assert approximate_yaw(turned) == pytest.approx(0.4 * q.YAW_PER_OFFSET, rel=1e-3)
    assert approximate_yaw(np.zeros((5, 2), np.float32)) == 0


def test_a_real_face_is_good_and_each_fault_shows_in_its_own_term(engine: FaceEngine) -> None:
    image = support.selfie(width=500, height=500)
    good = of(engine, image)
    assert good.total > 0.75
    assert min(good.pose, good.eyes, good.exposure, good.inside) > 0.8
    assert of(engine, support.blurred(image, 4)).sharpness < 0.3
    assert of(engine, (image * 0.12).astype(np.uint8)).exposure < 0.5
    assert of(engine, support.selfie(width=150, height=150)).size < 0.4
    box = engine.subject(image).face.box
    cut_off = np.ascontiguousarray(image[:, int(box[0] + 0.15 * (box[2] - box[0])) :])
    assert of(engine, cut_off).inside < 0.85  # the detector draws the box around what is left


def test_measures_are_values_of_the_picture(engine: FaceEngine) -> None:
    image = support.selfie(width=500, height=500)
    found = engine.subject(image)
    attributes = support.liveness().attributes.measure(image, found.face)
    terms, measures = quality(image, found.face, attributes)
    assert measures.quality == terms.total
    assert (measures.yaw, measures.eyes_open, measures.size) == (attributes.yaw, attributes.eyes_open, found.face.side)
    _, dimmed = quality((image * 0.5).astype(np.uint8), found.face, attributes)
    assert dimmed.brightness == pytest.approx(measures.brightness / 2, abs=1)
    _, blurred = quality(support.blurred(image, 4), found.face, attributes)
    assert blurred.sharpness < measures.sharpness / 4


def test_attributes_follow_the_mirror(engine: FaceEngine) -> None:
    attributes = support.liveness().attributes
    image = support.selfie(5, width=400, height=400)
    found = engine.subject(image)
    mirrored = engine.subject(np.ascontiguousarray(image[:, ::-1]))
    one, other = (attributes.measure(s.image, s.face) for s in (found, mirrored))
    assert one.yaw == pytest.approx(-other.yaw, abs=12)
    assert one.pitch == pytest.approx(other.pitch, abs=12)
    assert one.roll == pytest.approx(-other.roll, abs=6)
    points = attributes.landmarks.points(found.image, found.face)
    assert points.shape == (68, 2)
    # The 68 points agree with the detector's five: eyes, nose, corners of the mouth.
    five = np.stack([points[36:42].mean(0), points[42:48].mean(0), points[30], points[48], points[54]])
    assert np.linalg.norm(five - found.face.landmarks, axis=1).mean() < 0.08 * found.face.side


def test_closed_eyes_lower_the_eyes_term(engine: FaceEngine) -> None:
    image = support.selfie(width=500, height=500)
    attributes, found = support.liveness().attributes, engine.subject(image)
    mask = np.zeros(image.shape[:2], np.uint8)
    for eye in EYES:
        x, y = attributes.landmarks.points(image, found.face)[eye].mean(axis=0)
        cv2.ellipse(mask, (int(x), int(y)), (26, 12), 0, 0, 360, 255, -1)
    shut = cv2.inpaint(image, mask, 5, cv2.INPAINT_TELEA)
    before, after = attributes.measure(image, found.face), attributes.measure(shut, found.face)
    assert before.eyes_open > 0.9
    assert after.eyes_open < 0.5


def test_eye_ratio() -> None:
    eye = np.array([[0, 5], [3, 3], [7, 3], [10, 5], [7, 6], [3, 6]], np.float32)
    assert eye_opening(eye) == pytest.approx(0.3)
    assert eye_opening(np.zeros((6, 2), np.float32)) == 0


@settings(max_examples=60)
@given(
    st.integers(1, 200), st.integers(1, 200),
    st.floats(-500, 500), st.floats(-500, 500), st.floats(0, 900), st.floats(0, 900),
)  # fmt: skip
def test_cut_gives_its_size_whatever_is_asked(
    width: int, height: int, left: float, top: float, wide: float, high: float
) -> None:
    found = crop_rectangle(np.full((height, width, 3), 9, np.uint8), left, top, wide, high, 24)
    assert found.shape == (24, 24, 3)
    assert (found == 9).all()


def test_cut_repeats_the_edge() -> None:
    image = np.zeros((20, 20, 3), np.uint8)
    image[:, 0] = 200
    assert (crop_rectangle(image, -10, 0, 10, 10, 10) == 200).all()
    assert (crop_rectangle(image, 0, 0, 20, 20, 20) == image).all()
