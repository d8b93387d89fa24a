"""What a client sends and no database can hold is found wherever it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceVer.domain.errors import PayloadError
from faceVer.services.storable import check_storable, storable_object

_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))


@given(JSON)
def test_only_texts_with_nul_are_refused(value: Any) -> None:
    holds_nul = "\\u0000" in json.dumps(value).replace("\\\\", "")
    if holds_nul:
        with pytest.raises(PayloadError) as error:
            check_storable(value, "field")
        assert error.value.exposed == "field"
    else:
        check_storable(value, "field")


@pytest.mark.parametrize("wrong", ["\0", "half \ud800 a pair", float("nan"), float("inf")])
def test_wrong_values(wrong: Any) -> None:
    for value in (wrong, {"a": [1, {"b": wrong}]}, *([{wrong: 1}] if isinstance(wrong, str) else [])):
        with pytest.raises(PayloadError):
            check_storable(value, "field")


def test_nesting() -> None:
    value: Any = 1
    for _ in range(100):
        value = [value]
    with pytest.raises(PayloadError):
        check_storable(value, "field")


def test_the_field_of_a_request() -> None:
    assert storable_object(b" ") == {}
    assert storable_object(b'{"a": {"b": 1}}') == {"a": {"b": 1}}
    for body, field in (
        (b'{"a": 1, "meta_data": {"b": ["\\u0000"]}}', "meta_data"),
        (b'{"meta_data": NaN}', "meta_data"),
        (b'{"\\u0000": 1}', "?"),
        (b"[]", "payload"),
        (b"{", "payload"),
    ):
        with pytest.raises(PayloadError) as error:
            storable_object(body)
        assert error.value.exposed == field
