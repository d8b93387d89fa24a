from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceVer.media.sampling import choose, runs_to_decode

TIMES = st.lists(st.integers(-1000, 10_000), min_size=1, max_size=60)


def test_few_frames_are_all_taken_in_order_of_time() -> None:
    assert choose([30, 10, 20], [0, 1, 2], 5) == [1, 2, 0]


def test_frames_are_even_in_time_not_in_number() -> None:
    crowded = [*range(100), 200, 300, 400]  # a hundred frames in the first quarter
    assert [crowded[place] for place in choose(crowded, range(len(crowded)), 4)] == [50, 200, 300]


@settings(max_examples=200)
@given(TIMES, st.integers(1, 20))
def test_any_choice_is_in_order_and_within_the_count(times: list[int], count: int) -> None:
    taken = choose(times, range(len(times)), count)
    assert 1 <= len(taken) <= count
    assert len(set(taken)) == len(taken)
    assert [times[place] for place in taken] == sorted(times[place] for place in taken)


def test_only_what_leads_to_a_wanted_frame_is_decoded() -> None:
    keys = [True, False, False, True, False, False, True, False]
    assert runs_to_decode(range(8), keys, [1, 7]) == [[0, 1], [6, 7]]
    assert runs_to_decode(range(8), keys, [3]) == [[3]]
    assert runs_to_decode(range(8), keys, [2, 3]) == [[0, 1, 2, 3]]


def test_an_open_group_needs_the_one_before_it() -> None:
    times = [0, 2, 1, 5, 3, 4]  # the frames of 3 and 4 s are coded after the key frame of 5 s and refer back
    keys = [True, False, False, True, False, False]
    assert runs_to_decode(times, keys, [4]) == [[0, 1, 2, 3, 4]]
    assert runs_to_decode(times, keys, [3]) == [[3]]


@settings(max_examples=200)
@given(st.data(), TIMES)
def test_runs_reach_every_wanted_frame(data: st.DataObject, times: list[int]) -> None:
    keys = data.draw(st.lists(st.booleans(), min_size=len(times), max_size=len(times)))
    wanted = data.draw(st.lists(st.integers(0, len(times) - 1), min_size=1, unique=True))
    runs = runs_to_decode(times, keys, wanted)
    places = [place for run in runs for place in run]
    assert set(wanted) <= set(places)
    assert places == sorted(set(places))
    assert all(run[0] == 0 or keys[run[0]] for run in runs)


@pytest.mark.parametrize("count", [1, 2, 16])
def test_frames_of_one_moment(count: int) -> None:
    assert len(choose([5] * 40, range(40), count)) <= count
