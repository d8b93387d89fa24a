"""The served cases: which requests at how many clients go to which servers, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchmarks.measure import Row, Target

ONE, TWO, QUICK, EARLIER = "product-1", "product-2", "quick-2", "earlier-1"
"""The product with one worker, with two, with two and fast detection (FACEVER_DETECTION=quick); another checkout."""
CLIENTS = (1, 4, 16)
SLOW_ROUNDS = 3
"""Runs of fewer rounds measure slow sides once."""


@dataclass(frozen=True, slots=True)
class Side:
    """One server with one request. against: (label, server, request) of baselines of the same case.

    only: the one number of clients it is measured at, because it is slow; limit: most requests of a round.
    """

    server: str
    request: str
    against: tuple[tuple[str, str, str], ...] = ()
    only: int | None = None
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """Sides that are measured in turn, round by round. quick: the numbers of clients of a quick run."""

    name: str
    sides: tuple[Side, ...]
    quick: tuple[int, ...]


def _products(request: str, *baselines: tuple[str, str, str]) -> tuple[Side, Side]:
    """The product with one worker and with two, the latter also against the former."""
    return Side(ONE, request, baselines), Side(TWO, request, (*baselines, ("1 worker", ONE, request)))


def plain(request: str) -> tuple[str, str, str]:
    return "plain", "plain", request


def _cases() -> tuple[Case, ...]:
    others = [(name, name, "extract") for name in ("face_recognition", "deepface")]
    large, coded, ten = "extract-large", "extract-base64", "compare_n-10"
    loop = ("loop", "bare", "compare_n-10000")
    yardstick = ("extract", ONE, "extract")
    return (
        Case(
            "extract",
            (
                *_products("extract", plain("extract"), *others),
                Side(QUICK, "extract", (plain("extract"), *others, ("thorough", TWO, "extract"))),
                Side("plain", "extract"),
                Side("face_recognition", "extract"),
                Side("deepface", "extract"),
            ),
            (4,),
        ),
        Case(
            "extract-large",
            (
                *_products(large, plain(large)),
                Side(QUICK, large, (plain(large), ("thorough", TWO, large))),
                Side(ONE, coded, (("binary", ONE, large), plain(large))),
                Side(TWO, coded, (("binary", TWO, large), plain(large), ("1 worker", ONE, coded))),
                Side("plain", large),
            ),
            (4,),
        ),
        Case(
            "compare",
            (
                *_products("compare", plain("compare"), ("bare", "bare", "compare")),
                Side("plain", "compare"),
                Side("bare", "compare"),
            ),
            (16,),
        ),
        Case(
            "compare_n",
            (
                *_products(ten, plain(ten)),
                *_products("compare_n-1000", plain("compare_n-1000")),
                *_products("compare_n-10000", loop),
                Side("plain", ten),
                Side("plain", "compare_n-1000", only=1, limit=2),
                Side("bare", "compare_n-10000", only=1, limit=1),
            ),
            (1,),
        ),
        Case(
            "verify_n",
            (*_products("verify_n-1000", plain("verify_n-1000")), Side("plain", "verify_n-1000", only=1, limit=2)),
            (1,),
        ),
        Case(
            "extract_and_compare_n",
            (
                *_products("extract_and_compare_n-10", plain("extract_and_compare_n-10")),
                Side("plain", "extract_and_compare_n-10", only=1, limit=2),
            ),
            (1,),
        ),
        Case("detect", (*_products("detect", yardstick), Side(ONE, "extract")), (4,)),
        Case("video", (*_products("video", yardstick), Side(ONE, "extract")), (4,)),
    )


CASES = _cases()


def with_earlier(case: Case) -> Case:
    """The case with every request of the product's one worker to another checkout, too, and the ratio to it."""
    sides = [
        replace(side, against=(*side.against, ("earlier", EARLIER, side.request))) if side.server == ONE else side
        for side in case.sides
    ]
    others = dict.fromkeys(Side(EARLIER, side.request) for side in case.sides if side.server == ONE)
    return replace(case, sides=(*sides, *others))


def run(case: Case, targets: Mapping[str, Target], clients: tuple[int, ...], rounds: int, seconds: float) -> list[Row]:
    """The case's rows. Sides whose server is not there are left out, and so are ratios to them."""
    rows: list[Row] = []
    for count in clients:
        sides = [one for one in case.sides if one.server in targets and one.only in (None, count)]
        found = {(one.server, one.request): Row(one.request, one.server, count) for one in sides}
        for number in range(rounds):
            for one in sides:
                if number and one.only and rounds < SLOW_ROUNDS:
                    continue
                sample = targets[one.server].load([one.request], count, seconds, limit=one.limit)
                found[one.server, one.request].samples.append(sample)
        for one in sides:
            for label, server, request in one.against:
                if (server, request) in found:
                    found[one.server, one.request].against(label, found[server, request])
        rows += found.values()
    return rows
