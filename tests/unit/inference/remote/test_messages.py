"""Bytes of the protocol: what is written can be read, and nothing else than a ProtocolError comes of anything else."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceVer.inference.remote.messages import ProtocolError, decode, encode, read_object, read_signature

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["name", "shape", "data"]), inner),
    max_leaves=8,
)
OUTPUT = st.fixed_dictionaries(
    {},
    optional={
        "name": st.just("out") | VALUES,
        "shape": st.lists(st.integers(-1, 4), max_size=3) | VALUES,
        "datatype": st.just("FP32") | VALUES,
        "data": st.lists(st.floats() | st.integers(), max_size=8) | VALUES,
        "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-8, 64) | VALUES}) | VALUES,
    },
)


def response(array: np.ndarray[Any, Any], *, binary: bool) -> tuple[bytes, str | None]:
    """An inference response: a request's tensors under the name of outputs."""
    body, headers = encode({"out": array}, (), binary=binary)
    length = int(headers.get("Inference-Header-Content-Length", len(body)))
    head = json.dumps({"outputs": json.loads(body[:length])["inputs"]}).encode()
    return head + body[length:], str(len(head)) if binary else None


@pytest.mark.parametrize("binary", [True, False])
@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_tensors_survive(binary: bool, shape: list[int], seed: int) -> None:
    array = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    found = decode(*response(array, binary=binary), ("out",), shape[0])
    np.testing.assert_array_equal(found["out"], array)


@given(st.lists(OUTPUT, max_size=3) | VALUES, st.binary(max_size=40), st.none() | st.text(max_size=5), st.booleans())
def test_any_response_is_read_or_refused(outputs: Any, tail: bytes, length: str | None, right: bool) -> None:
    head = json.dumps({"outputs": outputs}).encode()
    with contextlib.suppress(ProtocolError):
        found = decode(head + tail, str(len(head)) if right else length, ("out",), 1)
        assert found["out"].shape[0] == 1
    with contextlib.suppress(ProtocolError):
        read_signature(read_object(json.dumps({"inputs": outputs, "outputs": outputs}).encode()))


@pytest.mark.parametrize("length", ["", "-1", "1e3", "²", "99999", "9" * 5000])
def test_a_wrong_length_of_the_head_is_refused(length: str) -> None:
    body, _ = response(np.ones((1, 2), np.float32), binary=True)
    with pytest.raises(ProtocolError):
        decode(body, length, ("out",), 1)


@pytest.mark.parametrize("change", [b"", b"\0\0\0\0"])
def test_bytes_that_are_missing_or_too_many_are_refused(change: bytes) -> None:
    body, length = response(np.ones((1, 2), np.float32), binary=True)
    with pytest.raises(ProtocolError):
        decode(body + change if change else body[:-1], length, ("out",), 1)


def test_other_rows_and_deep_nesting_are_refused() -> None:
    with pytest.raises(ProtocolError):
        decode(*response(np.ones((2, 2), np.float32), binary=True), ("out",), 1)
    with pytest.raises(ProtocolError):
        read_object(b"[" * 100_000)
