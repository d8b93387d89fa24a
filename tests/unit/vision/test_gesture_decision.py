"""Verdicts on made-up tracks: numbers in, verdicts out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceVer.domain.gestures import Gesture, GestureFault
from faceVer.vision.gestures.decide import decide
from faceVer.vision.gestures.rules import RULES
from faceVer.vision.gestures.track import Sample, Shape
from tests.support_gestures import FPS, REST, movement, pose, timed

Peak = Callable[[float], Sample]
G, F = Gesture, GestureFault


def shaped(**factors: float) -> Peak:
    """The face at rest with some proportions changed: by a factor, the brows by a term."""

    def at(share: float) -> Sample:
        values = {name: getattr(REST.shape, name) * (1 + share * (factor - 1)) for name, factor in factors.items()}
        if "brows" in factors:
            values["brows"] = REST.shape.brows + share * factors["brows"]
        return replace(REST, shape=replace(REST.shape, **values))

    return at


def shut(share: float) -> Sample:
    return replace(REST, eyes=REST.eyes * (1 - share))


MADE: dict[Gesture, list[Sample]] = {
    G.RIGHT: movement(lambda share: pose(yaw=70 * share)),
    G.LEFT: movement(lambda share: pose(yaw=-70 * share)),
    G.UP: movement(lambda share: pose(pitch=35 * share)),
    G.DOWN: movement(lambda share: pose(pitch=-35 * share)),
    G.SMILE: movement(shaped(mouth=1.2)),
    G.BLINK: movement(shut, rise=2, hold=2),
    G.ZOOM: movement(shaped(size=1.4)),
    G.BROWS: movement(shaped(brows=0.09)),
}
"""Each gesture, made clearly, then the face at rest again."""


def faults(samples: list[Sample], *demanded: Gesture) -> list[GestureFault | None]:
    return [verdict.fault for verdict in decide(timed(samples), demanded)]


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("demanded", MADE)
def test_a_track_passes_only_as_the_gesture_that_is_made(made: Gesture, demanded: Gesture) -> None:
    (fault,) = faults(MADE[made], demanded)
    assert (fault is None) == (made is demanded)


def test_every_gesture_but_none_has_a_rule() -> None:
    assert set(RULES) == set(Gesture) - {G.NONE} == set(MADE)


def test_a_verdict_names_the_peak_and_frontal_frames_around_it() -> None:
    samples = timed(MADE[G.LEFT])
    (verdict,) = decide(samples, [G.LEFT])
    assert verdict.time is not None
    assert samples[round(verdict.time * FPS)].yaw == min(sample.yaw for sample in samples)
    before, begun, after = verdict.frames
    assert before < begun < after
    assert samples[before].yaw == pytest.approx(REST.yaw, abs=15)
    assert samples[begun].yaw == pytest.approx(REST.yaw - 25, abs=12)
    assert samples[after].yaw == REST.yaw


def test_a_turn_without_a_face_that_can_be_compared_in_it_does_not_pass() -> None:
    assert faults([*[REST] * 8, *[pose(yaw=-60)] * 5, *[REST] * 8], G.LEFT) == [F.OTHER_PERSON]


def test_several_gestures_count_in_their_order() -> None:
    both = [*MADE[G.LEFT], *MADE[G.SMILE]]
    assert faults(both, G.LEFT, G.SMILE) == [None, None]
    assert faults(both, G.SMILE, G.LEFT) == [None, F.WRONG_ORDER]
    assert faults(both, G.SMILE) == [F.OTHER_GESTURE]
    assert faults(MADE[G.LEFT], G.LEFT, G.LEFT) == [None, F.WRONG_ORDER]
    assert faults([*MADE[G.BLINK], *MADE[G.BLINK]], G.BLINK, G.BLINK) == [None, None]


def test_a_clip_of_all_gestures_passes_as_none_of_the_turns_and_tilts() -> None:
    everything = [sample for samples in MADE.values() for sample in samples]
    for gesture in (G.LEFT, G.RIGHT, G.UP, G.DOWN, G.BLINK, G.SMILE):
        assert faults(everything, gesture) == [F.OTHER_GESTURE]


def test_a_gesture_must_end_in_a_frontal_view() -> None:
    for gesture in (G.LEFT, G.UP):
        assert faults(MADE[gesture][:-13], gesture) in ([F.NOT_ENDED], [F.NOT_SEEN])
    assert faults(MADE[G.SMILE][:-13], G.SMILE) == [None]
    assert faults(MADE[G.BLINK][:11], G.BLINK) == [F.NOT_SEEN]


def test_a_track_must_begin_with_a_frontal_view() -> None:
    assert faults([pose(yaw=-60)] * 30, G.LEFT, G.NONE) == [F.NO_FRONTAL_FACE] * 2
    assert faults([Sample(0, 0.0)] * 30, G.LEFT) == [F.NO_FRONTAL_FACE]
    assert faults([], G.LEFT) == [F.NO_FRONTAL_FACE]
    assert faults([REST] * 20, G.NONE) == [None]


def test_a_single_sample_is_no_peak() -> None:
    for gesture, peak in ((G.RIGHT, pose(yaw=60)), (G.UP, pose(pitch=30))):
        assert faults([*[REST] * 10, peak, *[REST] * 10], gesture) == [F.NOT_SEEN]
    assert faults([*[REST] * 10, shut(1.0), *[REST] * 10], G.BLINK) == [F.NOT_SEEN]


def test_a_flat_picture_does_not_turn_or_tilt() -> None:
    for gesture, yaw, pitch in ((G.RIGHT, 70, 0), (G.LEFT, -70, 0), (G.UP, 0, 35), (G.DOWN, 0, -35)):
        samples = movement(lambda share, yaw=yaw, pitch=pitch: pose(yaw * share, pitch * share, flat=True))
        assert faults(samples, gesture) == [F.FLAT]


def test_eyes_that_shut_while_the_picture_is_tilted_away_do_not_blink() -> None:
    low = Shape(
        **{name: getattr(REST.shape, name) for name in ("size", "mouth", "brows", "nose_x", "nose_y")}, aspect=0.9
    )
    samples = movement(lambda share: replace(shut(share), shape=low if share else REST.shape), rise=2, hold=2)
    assert faults(samples, G.BLINK) == [F.NOT_SEEN]
    assert faults(movement(shut, rise=2, hold=12), G.BLINK) == [F.NOT_SEEN]


def test_a_face_that_is_lost_in_a_tilt_counts_as_tilted() -> None:
    lost = Sample(0, 0.0)
    for gesture, sign in ((G.UP, 1), (G.DOWN, -1)):
        begun = [pose(pitch=sign * angle) for angle in (0, 5, 10, 14)]
        samples = [*[REST] * 8, *begun, *[lost] * 6, *reversed(begun), *[REST] * 8]
        assert faults(samples, gesture) == [None]
    assert faults([*[REST] * 8, *[lost] * 6, *[REST] * 8], G.UP) == [F.NOT_SEEN]


@given(
    st.lists(st.tuples(st.floats(-40, 40), st.floats(-14, 14), st.floats(0, 1)), min_size=1, max_size=60),
    st.sampled_from([G.LEFT, G.RIGHT, G.UP, G.DOWN]),
)
def test_no_noise_below_the_thresholds_is_a_turn_or_a_tilt(
    values: list[tuple[float, float, float]], gesture: Gesture
) -> None:
    noise = [replace(pose(yaw, pitch), eyes=eyes) for yaw, pitch, eyes in values]
    assert faults([*[REST] * 6, *noise, *[REST] * 6], gesture) == [F.NOT_SEEN]


_NUMBERS = st.floats(-200, 200) | st.just(math.nan)
_LENGTHS = st.floats(0.01, 1000) | st.just(math.nan)
_SAMPLES = st.builds(
    Sample,
    index=st.just(0),
    time=st.just(0.0),
    box=st.none() | st.just(REST.box),
    yaw=_NUMBERS,
    pitch=_NUMBERS,
    eyes=_NUMBERS,
    shape=st.builds(Shape, *[_LENGTHS] * 3, *[_NUMBERS] * 3),
)


@given(st.lists(_SAMPLES, max_size=20), st.integers(0, 6), st.lists(st.sampled_from(Gesture), min_size=1, max_size=5))
def test_any_track_gets_one_verdict_per_gesture(samples: list[Sample], rest: int, demanded: list[Gesture]) -> None:
    verdicts = decide(timed([*[REST] * rest, *samples]), demanded)
    assert [verdict.gesture for verdict in verdicts] == demanded


@given(st.floats(50, 85), st.integers(3, 10), st.integers(2, 12), st.booleans())
def test_turns_are_told_from_their_mirror_images(angle: float, rise: int, hold: int, is_left: bool) -> None:
    sign = -1 if is_left else 1
    samples = movement(lambda share: pose(yaw=sign * angle * share), rise=rise, hold=hold)
    made, other = (G.LEFT, G.RIGHT) if is_left else (G.RIGHT, G.LEFT)
    assert faults(samples, made) == [None]
    assert faults(samples, other) == [F.NOT_SEEN]
