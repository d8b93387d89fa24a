"""Stage timings of requests."""

from __future__ import annotations

import ast
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import faceVer
from faceVer.domain.errors import DeadlineError, SampleError
from faceVer.observability import timings
from faceVer.observability.timings import STAGES, Trace, checkpoint, count_faces, current, stage

ROOT = Path(faceVer.__file__).parent


def timed_stages() -> Iterator[ast.expr]:
    """The stage of each `stage(…)` and each `….timings.append((…, seconds))` in the package."""
    for path in ROOT.rglob("*.py"):
        if path == Path(timings.__file__):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name) and node.func.id == "stage":
                yield node.args[0]
            elif isinstance(node.func, ast.Attribute) and ast.unparse(node.func).endswith(".timings.append"):
                (pair,) = node.args
                assert isinstance(pair, ast.Tuple)
                yield pair.elts[0]


def test_the_code_times_the_stages_of_the_table_and_no_others() -> None:
    names = [node.value for node in timed_stages() if isinstance(node, ast.Constant)]
    assert len(names) == len(list(timed_stages())), "a stage is not named by a literal"
    assert set(names) == set(STAGES)


def test_without_a_trace_a_stage_does_nothing() -> None:
    with stage("decode"):
        checkpoint()
        count_faces(3)
    assert isinstance(stage("decode"), contextlib.nullcontext)


def test_repeated_stages_add_up() -> None:
    trace = Trace()
    token = current.set(trace)
    try:
        for _ in range(3):
            with stage("decode"):
                pass
        with contextlib.suppress(SampleError), stage("detect"):
            raise SampleError("x")
        count_faces(1)
        count_faces(2)
    finally:
        current.reset(token)
    assert list(trace.totals()) == ["decode", "detect"]
    assert all(seconds >= 0 for seconds in trace.totals().values())
    assert sum(trace.faces) == 3


def test_a_finished_request_starts_no_stage() -> None:
    trace = Trace()
    trace.finished = True
    token = current.set(trace)
    try:
        with pytest.raises(DeadlineError), stage("decode"):
            raise AssertionError("started")
        with pytest.raises(DeadlineError):
            checkpoint()
    finally:
        current.reset(token)


def test_threads_lose_no_timing() -> None:
    trace = Trace()

    def work() -> None:
        current.set(trace)
        for _ in range(1000):
            with stage("embed"):
                count_faces(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(trace.timings) == sum(trace.faces) == 8000
