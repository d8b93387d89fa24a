"""Every request that once went wrong, and a few of each kind, against the server of the tests (tests/fuzz/corpus/)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.cases import KINDS, Case, case
from tests.fuzz.line import Line
from tests.fuzz.server import Watched
from tests.fuzz.targets import TARGETS

FILES = sorted((Path(__file__).parent / "corpus").iterdir())
CORPUS = [path for path in FILES if path.suffix in (".whole", ".raw")]
SOME = 400


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with Watched() as running:
        yield running


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_requests_that_once_failed_are_handled(watched: Watched, path: Path) -> None:
    line = Line(watched.port)
    _, wrong = line.ask(Case(0, path.name, "", path.read_bytes(), framed=path.suffix == ".whole"))
    line.close()
    assert watched.process.poll() is None
    time.sleep(0.02)  # a line may come after the answer
    odd = list(watched.odd)
    watched.forget()
    assert (wrong, odd) == ("", [])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", TARGETS)
def test_targets_of_the_search_handle_every_finding(target: str) -> None:
    """A target raises where its parser raises anything but the errors it states."""
    for path in FILES:
        TARGETS[target](path.read_bytes())


def test_requests_of_each_kind_are_handled(watched: Watched) -> None:
    seeds, line, wrong = watched.seeds(), Line(watched.port), []
    cheap = [kind for kind in KINDS if kind not in ("image", "video", "archive", "http", "odd")]
    for number in range(SOME):
        one = case(0, number, seeds, cheap if number % 10 else KINDS)
        assert one.data == case(0, number, seeds, cheap if number % 10 else KINDS).data
        _, fault = line.ask(one)
        if fault:
            wrong.append((one.kind, number, fault))
    line.close()
    assert not wrong
    assert not watched.odd
