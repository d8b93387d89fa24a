"""Evaluates presentation attack detection on files: their scores, and the error rates of a labelled folder.

A file's label is in its name, or in that of the nearest folder that has one: `real…` and `bona-fide…` are bona fide
presentations, `attack-<type>…` and `spoof-<type>…` attacks of that type, `spoof…` attacks of no stated type. The terms
are those of ISO/IEC 30107-3: APCER, BPCER, and non-response where no score can be given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Protocol

from faceVer.domain.errors import FaceError, SampleError
from faceVer.services.folders.findings import PadScore

BONA_FIDE = "bona fide"
UNSTATED = "unstated"
# The type ends where a number or another mark begins: spoof-print-3.jpg and attack-print.2/7.jpg are both "print".
_LABEL = re.compile(r"(real|bona-?fide)|(?:spoof|attack)(?:-([a-z]+(?:-[a-z]+)*))?", re.IGNORECASE)
_NORMAL_95 = 1.96


class Scorer(Protocol):
    """What is measured: FolderService, or a test's stand-in."""

    def pad_score(self, data: bytes) -> PadScore: ...


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """One file. pad: None where there is no score, and `reason` says why."""

    path: Path
    pad: PadScore | None
    reason: str = ""

    def is_attack(self, threshold: float) -> bool | None:
        """Whether it was classified as an attack; None = no response."""
        return None if self.pad is None else self.pad.score > threshold


@dataclass(frozen=True, slots=True)
class Rate:
    """Errors among the scored presentations of one label. unscored: those without a score."""

    label: str
    total: int
    errors: int
    unscored: int

    @property
    def scored(self) -> int:
        return self.total - self.unscored


def label_of(path: Path, root: Path) -> str | None:
    """`BONA_FIDE`, an attack's type, `UNSTATED`, or None where neither the name nor a folder below `root` has one."""
    for part in reversed(path.relative_to(root).parts):
        match = _LABEL.match(part)
        if match:
            return BONA_FIDE if match[1] else (match[2] or UNSTATED).lower()
    return None


def score_file(scorer: Scorer, path: Path) -> ScoredFile:
    """Score one file. Raises InferenceError; OSError where it cannot be opened."""
    try:
        return ScoredFile(path, scorer.pad_score(path.read_bytes()))
    except (FaceError, SampleError) as error:
        return ScoredFile(path, None, f"{type(error).__name__}: {error}")


def measure(scorer: Scorer, folder: Path, threshold: float, *, frames: bool = False) -> Iterator[str]:
    """Lines for `facever liveness --measure DIR`: each labelled file, then the error rates."""
    results: list[tuple[str, ScoredFile]] = []
    skipped = 0
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        label = label_of(path, folder)
        if label is None:
            skipped += 1
            continue
        scored = score_file(scorer, path)
        results.append((label, scored))
        yield from describe(scored, str(path.relative_to(folder)), threshold, frames=frames)
    if skipped:
        yield f"{skipped} files without a label in their name or folder were left out"
    yield ""
    yield from table(rates(results, threshold), threshold)


def describe(scored: ScoredFile, name: str, threshold: float, *, frames: bool) -> Iterator[str]:
    """One file's lines."""
    if scored.pad is None:
        yield f"{name}: no score: {scored.reason}"
        return
    pad = scored.pad
    verdict = "attack" if scored.is_attack(threshold) else "bona fide"
    yield f"{name}: {pad.score:.6f} {verdict} ({len(pad.frames)} frames with a face)"
    if frames:
        for frame in pad.frames:
            box = ",".join(f"{edge:.0f}" for edge in frame.box)
            where = frame.name or f"{frame.time:.2f} s"
            second = "" if frame.alone else " second face"
            yield f"  frame {frame.index} at {where}: {frame.pad_score:.3f} weight {frame.weight:.2f} box {box}{second}"


def rates(results: Iterable[tuple[str, ScoredFile]], threshold: float) -> list[Rate]:
    """One rate per label, bona fide first, attack types by name."""
    groups: dict[str, list[bool | None]] = {}
    for label, scored in results:
        groups.setdefault(label, []).append(scored.is_attack(threshold))
    order = sorted(groups, key=lambda label: (label != BONA_FIDE, label))
    return [_rate(label, groups[label]) for label in order]


def _rate(label: str, found: list[bool | None]) -> Rate:
    wrong = label == BONA_FIDE  # classified as an attack is an error of a bona fide presentation only
    return Rate(label, len(found), sum(attack is wrong for attack in found), sum(attack is None for attack in found))


def table(found: Iterable[Rate], threshold: float) -> Iterator[str]:
    """The error rates as text. An attack without a score is rejected, and so is a bona fide presentation."""
    yield f"threshold {threshold:g}"
    yield f"{'presentations':<24}{'files':>6}{'scored':>8}{'errors':>8}  {'rate':<32}{'no response':>12}"
    for rate in found:
        name = BONA_FIDE if rate.label == BONA_FIDE else f"attack: {rate.label}"
        term = "BPCER" if rate.label == BONA_FIDE else "APCER"
        text = f"{term} -"
        if rate.scored:
            low, high = wilson(rate.errors, rate.scored)
            text = f"{term} {rate.errors / rate.scored:.1%} (95 %: {low:.0%} to {high:.0%})"
        yield f"{name:<24}{rate.total:>6}{rate.scored:>8}{rate.errors:>8}  {text:<32}{rate.unscored:>12}"


def wilson(errors: int, count: int) -> tuple[float, float]:
    """The 95 % interval (Wilson's score interval) of an error rate, `errors` of `count` (at least 1)."""
    square = _NORMAL_95**2
    rate = errors / count
    centre = (rate + square / (2 * count)) / (1 + square / count)
    half = _NORMAL_95 / (1 + square / count) * sqrt(rate * (1 - rate) / count + square / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)
