"""Weights of a pack's liveness models by cross-validation: are fitted ones better than equal ones, or the pack's own?

    FACEVER_PACK=open+silent-face python -m benchmarks.liveness_fit DATA [PEOPLE]     (default 300)

DATA: the folder with lfw-dev and liveness-dev. Presentations: press photos, as they are and recorded again, attacks
simulated of them, the photos of liveness-dev, and frames of its two videos; `unseen` is for measuring and left out.
Folds: some people or one file of liveness-dev; then one kind of attack, as in the field, where new kinds appear. All
media weigh alike, and so do attacks and bona fide ones.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.liveness_attacks import ATTACKS, recorded
from faceVer.domain.errors import FaceError
from faceVer.domain.values import Image, Subject
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.inference.specs import EQUAL, Fusion
from faceVer.media.image import decode
from faceVer.media.video import read_video
from faceVer.services.faces import FaceEngine
from faceVer.services.rules import media_limits, pack_selection
from faceVer.settings.loader import load_settings
from faceVer.vision.liveness.models import pad_models
from faceVer.vision.liveness.passive import PadModel, logit

BONA_FIDE = "bona fide"
FOLDS, FRAMES, RIDGE = 10, 60, 1e-2
TIMED = 60
"""Presentations that one view is timed on."""
Floats = NDArray[np.float64]


class Presentation(NamedTuple):
    """media: the file of liveness-dev, or the person's photo. kind: `BONA_FIDE` or an attack. image: (H, W, 3) RGB."""

    media: str
    kind: str
    image: Image


def presentations(data: Path, people: int) -> Iterator[Presentation]:
    for folder in sorted((data / "lfw-dev" / "images").iterdir())[:people]:
        image = decode(sorted(folder.iterdir())[0].read_bytes(), max_pixels=10**6)
        yield Presentation(f"lfw/{folder.name}", BONA_FIDE, image)
        random = np.random.default_rng([*folder.name.encode()])
        yield Presentation(f"lfw/{folder.name}", BONA_FIDE, recorded(image, random))
        for kind, attack in ATTACKS.items():
            yield Presentation(f"lfw/{folder.name}", f"simulated {kind}", attack(image, random))
    for path in sorted((data / "liveness-dev").glob("*.*")):
        kind = BONA_FIDE if path.name.startswith("real") else f"real {path.suffix[1:]}"
        if path.suffix == ".mp4":
            limits = media_limits(load_settings({}, media_frames=FRAMES))
            yield from (
                Presentation(path.name, kind, frame.image)
                for frame in read_video(path.read_bytes(), limits=limits).frames
            )
        else:
            yield Presentation(path.name, kind, decode(path.read_bytes(), max_pixels=10**7))


def fit(logits: Floats, attack: Floats, weight: Floats) -> Floats:
    """(offset, a weight per model): the logistic regression with least weighted loss, by Newton's method."""
    rows = np.column_stack([np.ones(len(logits)), logits])
    found = np.zeros(rows.shape[1])
    ridge = RIDGE * np.diag([0.0, *np.ones(logits.shape[1])])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-rows @ found))
        gradient = rows.T @ (weight * (chance - attack)) + ridge @ found
        found = found - np.linalg.solve((rows * (weight * chance * (1 - chance))[:, None]).T @ rows + ridge, gradient)
    return found


def weights_of(media: Sequence[str], attack: Floats) -> Floats:
    """Every file and person alike within its class, and both classes one half."""
    weight = np.zeros(len(media))
    for label in (0.0, 1.0):
        rows = np.flatnonzero(attack == label)
        names, inverse, counts = np.unique([media[row] for row in rows], return_inverse=True, return_counts=True)
        weight[rows] = 0.5 / len(names) / counts[inverse]
    return weight


def folds(media: Sequence[str]) -> NDArray[np.int64]:
    """The fold of each presentation: one per file of liveness-dev, `FOLDS` of the people."""
    people = sorted({name for name in media if "/" in name})
    others = sorted({name for name in media if "/" not in name})
    place = {name: n % FOLDS for n, name in enumerate(people)} | {name: FOLDS + n for n, name in enumerate(others)}
    return np.array([place[name] for name in media])


class Study(NamedTuple):
    """Presentations with the logits (N, models) of each model's score."""

    media: Sequence[str]
    kinds: NDArray[np.str_]
    logits: Floats

    @property
    def attack(self) -> Floats:
        return (self.kinds != BONA_FIDE).astype(float)

    @property
    def weight(self) -> Floats:
        return weights_of(self.media, self.attack)

    def of(self, chosen: NDArray[np.bool_]) -> Study:
        return Study([m for m, c in zip(self.media, chosen, strict=True) if c], self.kinds[chosen], self.logits[chosen])

    def fitted(self) -> Floats:
        return fit(self.logits, self.attack, self.weight)

    def left_out(self, groups: NDArray[Any]) -> Floats:
        """The combined logits, those of each group by a fit on all others."""
        found = np.zeros(len(groups))
        for group in np.unique(groups):
            offset, *slopes = self.of(groups != group).fitted()
            found[groups == group] = offset + self.logits[groups == group] @ slopes
        return found


def report(title: str, found: Floats, study: Study) -> str:
    """One line: the loss, then of each kind of attack the AUC and the errors at 0.5. found: the combined logits."""
    attack, parts = study.attack, []
    loss = float(np.sum(study.weight * np.logaddexp(0, np.where(attack == 1, -found, found))))
    for kind in sorted(set(study.kinds) - {BONA_FIDE}):
        these, genuine = found[study.kinds == kind], found[attack == 0]
        parts.append(f"{kind} {(these[:, None] > genuine).mean():.3f}, {(these <= 0).mean():.1%}")
    return f"{title:<24} loss {loss:.3f}  BPCER {(found[attack == 0] > 0).mean():.1%}  {'  '.join(parts)}"


def main(data: Path, people: int) -> None:
    settings = load_settings()
    engine = FaceEngine.load(settings)
    manifest = load_manifest(weights_folder(settings.models.weights))
    models = pad_models(manifest, manifest.pack(pack_selection(settings).pack), engine.backend)
    media, kinds, rows, timed = [], [], [], []
    for one in presentations(data, people):
        try:
            subject = engine.subject(one.image)
        except FaceError:
            continue
        timed += [subject] if len(timed) < TIMED else []
        media.append(one.media)
        kinds.append(one.kind)
        rows.append([logit(model.pad_score(subject.image, subject.face)) for model in models.values()])
    for name, model in models.items():
        print(f"{name}: {median(view_seconds(model, subject) for subject in timed) * 1e3:.2f} ms of CPU time a view")
    study = Study(media, np.array(kinds), np.array(rows))
    print({str(kind): kinds.count(kind) for kind in sorted(set(kinds))})
    for line in lines(study, list(models), manifest.pack(settings.models.pack).fusion.get("photo", EQUAL)):
        print(line)


def view_seconds(model: PadModel, subject: Subject) -> float:
    """CPU time of one view, the crop included; the first run on a picture is not counted."""
    model.pad_score(subject.image, subject.face, count=1)
    start = time.thread_time()
    model.pad_score(subject.image, subject.face, count=1)
    return time.thread_time() - start


def lines(study: Study, names: Sequence[str], fusion: Fusion) -> Iterator[str]:
    for number, name in enumerate(names):
        yield report(name, study.logits[:, number], study)
    yield report("equal weights", study.logits.mean(axis=1), study)
    own = np.array([fusion.weights.get(name, 0.0) if fusion.weights else 1 / len(names) for name in names])
    yield report("the pack's", fusion.offset + study.logits @ own, study)
    yield report("fitted, people left out", study.left_out(folds(study.media)), study)
    for kind in sorted(set(study.kinds) - {BONA_FIDE}):
        offset, *slopes = study.of(study.kinds != kind).fitted()
        here = np.isin(study.kinds, (kind, BONA_FIDE))
        yield (
            report(f"fitted without {kind}", offset + study.logits[here] @ slopes, study.of(here))
            + f"  {np.round([offset, *slopes], 2)}"
        )
    yield f"fitted on all: {np.round(study.fitted(), 2)} (offset, {', '.join(names)})"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 300)
