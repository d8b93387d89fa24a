"""One request of the fuzzer, made from the run's seed and its own number alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from tests.fuzz import bodies, protocol
from tests.fuzz.seeds import Seeds


@dataclass(frozen=True, slots=True)
class Case:
    """data: the bytes on the wire. framed: whether they are one whole HTTP request, so that there must be one answer.

    patient: whether the client waits for the server's own time-outs where the request is not whole.
    """

    number: int
    kind: str
    endpoint: str
    data: bytes
    framed: bool = True
    patient: bool = False


Make = Callable[[Random, Seeds], tuple[str, bytes, bool]]
"""(endpoint, bytes on the wire, whether they are one whole HTTP request)"""

# Kind -> what makes it, and its share of all requests in thousandths: what only passes parsers is cheap and comes most.
KINDS: dict[str, tuple[Make, int]] = {
    "multipart": (bodies.multipart, 210),
    "template": (bodies.template, 140),
    "payload": (bodies.payload, 120),
    "base64": (bodies.base64_text, 70),
    "http": (protocol.broken, 90),
    "odd": (protocol.odd, 90),
    "image": (bodies.image, 170),
    "archive": (bodies.archive, 55),
    "video": (bodies.video, 55),
}


def case(seed: int, number: int, seeds: Seeds, kinds: Iterable[str] = KINDS) -> Case:
    """Request `number` of a run. kinds: of which it may be."""
    rng = Random(f"{seed}:{number}")  # to be repeated, not to be secret
    names = list(kinds)
    kind = rng.choices(names, [KINDS[name][1] for name in names])[0]
    endpoint, data, framed = KINDS[kind][0](rng, seeds)
    return Case(number, kind, endpoint, data, framed, patient=not framed and rng.random() < 0.01)
