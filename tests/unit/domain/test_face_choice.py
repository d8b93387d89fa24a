"""The text of a choice of a face."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceVer.domain.errors import FaceChoiceError
from faceVer.domain.face_choice import MOST_LETTERS, PATTERN, FaceChoice

SIDES = st.decimals(0, 999_999, places=6, allow_nan=False).map(float)
EDGES = SIDES | SIDES.map(lambda value: -value)
LENGTHS = SIDES.filter(lambda value: value >= 1e-6)
CHOICES = st.one_of(
    st.sampled_from([FaceChoice("largest"), FaceChoice("central")]),
    st.builds(FaceChoice, st.just("index"), st.integers(1, 9999)),
    st.builds(FaceChoice, st.just("box"), box=st.tuples(EDGES, EDGES, LENGTHS, LENGTHS)),
)


@given(CHOICES)
def test_a_choice_survives_its_text(choice: FaceChoice) -> None:
    text = str(choice)
    assert len(text) <= MOST_LETTERS
    assert re.search(PATTERN, text)
    again = FaceChoice.parse(f" {text}\n" if len(text) < MOST_LETTERS - 2 else text)
    assert (again.rule, again.index) == (choice.rule, choice.index)
    assert again.box == pytest.approx(choice.box, abs=1e-6)


@given(st.text(max_size=70) | st.text("0123456789.,-+e largestcn", max_size=70))
def test_any_other_text_is_an_error(text: str) -> None:
    try:
        choice = FaceChoice.parse(text)
    except FaceChoiceError:
        return
    assert re.search(PATTERN, text.strip())
    if choice.rule == "index":
        assert choice.index == int(text) >= 1
    elif choice.rule == "box":
        assert choice.box == tuple(map(float, text.split(",")))
        assert choice.box[2] > 0
        assert choice.box[3] > 0
    else:
        assert choice.rule == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "01", "-1", "1.5", "10000", "Largest", "smallest", "\u0661", "1" * 65, "largest" + " " * 60),
        *("1,2,3", "1,2,3,4,5", "1,2,0,4", "1,2,-3,4", "1, 2,3,4"),
        *("nan,1,2,3", "inf,1,2,3", "1e3,2,3,4", "9999999,1,2,3"),
    ],
)
def test_what_is_no_choice(text: str) -> None:
    with pytest.raises(FaceChoiceError):
        FaceChoice.parse(text)
