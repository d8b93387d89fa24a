"""The servers of a run: the product's two and the baselines that the chosen cases need, side by side."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import catalogue, samples, servers
from benchmarks.cases import EARLIER, ONE, QUICK, TWO
from benchmarks.catalogue import Request
from benchmarks.environments import UnavailableError
from benchmarks.measure import Target
from benchmarks.servers import Recipe, Server
from benchmarks.wire import PATTERN

JPEG = {"Content-Type": "image/jpeg"}
LIGHT = ("extract", "extract-large", "compare", "compare_n-10")
"""Requests every server is warmed up with, where it knows them; the product with all of its own."""


def templates(server: Server) -> list[bytes]:
    """The server's own templates of `samples.people()`."""
    return [server.call("POST", PATTERN + "extract", photo, JPEG) for photo in samples.people()]


def requests(server: Server) -> dict[str, Request]:
    """Requests for the product or the plain baseline."""
    make = catalogue.common if server.name == "plain" else catalogue.product
    return make(templates(server))


@dataclass(frozen=True, slots=True)
class Fleet:
    """Running servers by name, and the baselines that are not there with the reason."""

    targets: dict[str, Target]
    skipped: dict[str, str]


@contextmanager
def fleet(names: set[str], folder: Path, earlier: Path | None = None) -> Iterator[Fleet]:
    """Start the product with one worker and two, and the baselines of `names`; all are stopped at the end.

    earlier: another checkout to run beside it.
    """
    with ExitStack() as stack:
        targets: dict[str, Target] = {}
        skipped: dict[str, str] = {}

        def add(recipe: Recipe, make: Callable[[Server], dict[str, Request]]) -> None:
            print(f"starting {recipe.name}", file=sys.stderr, flush=True)
            server = stack.enter_context(servers.running(recipe, folder))
            target = Target(server, make(server), folder)
            target.warm(
                [name for name in target.requests if recipe.name in (ONE, TWO, QUICK, EARLIER) or name in LIGHT]
            )
            targets[recipe.name] = target

        add(servers.product(1), requests)
        add(servers.product(2), requests)
        if earlier is not None:
            add(servers.earlier(earlier), requests)
        if QUICK in names:
            add(servers.product(2, quick=True), requests)
        pair = targets[ONE].requests["compare"]
        head, _, body = pair.data.partition(b"\r\n\r\n")
        form = {"Content-Type": head.partition(b"Content-Type: ")[2].split(b"\r\n")[0].decode()}
        answer = targets[ONE].server.call("POST", PATTERN + "compare", body, form).decode()
        baselines: dict[str, tuple[Callable[[], Recipe], Callable[[Server], dict[str, Request]]]] = {
            "plain": (servers.plain, requests),
            "bare": (lambda: servers.bare(answer), lambda _: catalogue.bare(pair)),
            "face_recognition": (servers.face_recognition, lambda _: catalogue.extract_only()),
            "deepface": (servers.deepface, lambda _: catalogue.deepface()),
        }
        for name in [name for name in baselines if name in names]:
            recipe, make = baselines[name]
            try:
                add(recipe(), make)
            except UnavailableError as error:
                skipped[name] = str(error)
                print(f"without {name}: {error}", file=sys.stderr, flush=True)
        yield Fleet(targets, skipped)
