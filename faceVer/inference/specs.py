"""Models and packs as the manifest describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from faceVer.domain.values import ModelInfo

DIGITS = 12
"""Hex digits of a SHA-256 that name a file in `/version` and in template model ids."""

CHANGING = ("quantize", "centre")
"""The preparation steps that change embeddings; the others keep them."""


IMPORTED = "import"
"""The registry of files that the user brings (`facever weights import`)."""


class OperatingPoint(NamedTuple):
    """One measured row of a calibration: at this cosine and score, the false match rate and the share of genuine
    comparisons that score as high."""

    fmr: float
    cosine: float
    score: float
    tar: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The map from cosine to comparison score, fitted for one recognition model.

    score(c) = s(c) scaled so that s(-1) = 0 and s(1) = 1, where s(c) = 1 / (1 + exp(-slope * (c - midpoint))).
    source: what it was fitted on; empty = not fitted for this model. points: what was measured there.
    """

    slope: float
    midpoint: float
    source: str = ""
    points: tuple[OperatingPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How a model is fed: colour order, (pixel - mean) / std; min_norm: least norm of a usable raw embedding."""

    colour: str = "rgb"
    mean: float = 0.0
    std: float = 1.0
    min_norm: float = 0.0


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """What a model gives for the tensor of the known-answer test (inference/known_answer.py).

    shape: of the tensor, (1, C, H, W). values: of its outputs.
    """

    shape: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model of the manifest. sha256: of the file inside the source package, hex.

    registry: "pypi", "npm", or `IMPORTED` for a file that no package holds; `package` then names the set it is of.
    ranges, centre: for the steps `quantize` and `centre` (inference/weights/quantizing.py, prepare.py).
    """

    name: str
    task: str
    kind: str
    version: str
    file: str
    licence: str
    registry: str
    package: str
    member: str
    sha256: str
    prepare: tuple[str, ...]
    input: InputSpec
    calibration: Calibration | None = None
    known_answer: KnownAnswer | None = None
    ranges: Mapping[str, tuple[float, ...]] = field(default_factory=dict, hash=False)
    centre: tuple[float, ...] = ()

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(self.task, self.name, self.version, self.sha256, self.licence)

    @property
    def command(self) -> str:
        """The command that brings the file."""
        return f"facever weights import {self.package} FILE…" if self.registry == IMPORTED else "facever weights fetch"

    @property
    def identity(self) -> str:
        """The model id that templates carry: name, version, the digits that tell its weights, what changed them."""
        changed = [step for step in self.prepare if step in CHANGING]
        return "-".join([self.name, self.version, self.sha256[:DIGITS], *changed])


@dataclass(frozen=True, slots=True)
class Recognition:
    """What makes a pack's embeddings: one model, or several whose embeddings are joined.

    weights: of each model's cosine in that of the joined embeddings, above 0, in sum 1. mirrored: whether the mirrored
    crop's embedding is averaged in. fitted: the pack's calibration, for a recognition that is not one plain model.
    """

    models: tuple[ModelSpec, ...]
    weights: tuple[float, ...] = (1.0,)
    mirrored: bool = False
    fitted: Calibration | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is one model as it stands, which has its own calibration."""
        return len(self.models) == 1 and not self.mirrored

    @property
    def calibration(self) -> Calibration | None:
        return self.models[0].calibration if self.is_plain else self.fitted

    @property
    def identity(self) -> str:
        """The model id that templates carry; anything that changes embeddings changes it."""
        parts = [spec.identity for spec in self.models]
        if len(parts) > 1:
            parts = [f"{part}_{weight:g}" for part, weight in zip(parts, self.weights, strict=True)]
        return "_".join([*parts, "mirrored"] if self.mirrored else parts)


MEDIA = ("photo", "video")
"""Kinds of media that PAD scores are combined for; an archive of frames counts as a video."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """A logistic combination of PAD scores: the logit of the result is `offset` + the sum of weight * logit(score).

    weights: by model, above 0; a model without one is not run. Empty = all models alike, adding up to 1.
    """

    offset: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)


EQUAL = Fusion()


@dataclass(frozen=True, slots=True)
class Pack:
    """A named set of models: one detector, one recognition, any number of liveness models and of helpers (`extra`).

    alignment: the detector that finds the subject's landmarks, where that is not `detection`.
    fusion: how the scores of the liveness models become one, by kind of media (`MEDIA`); `EQUAL` where none is given.
    """

    name: str
    detection: ModelSpec
    recognition: Recognition
    liveness: tuple[ModelSpec, ...] = ()
    extra: tuple[ModelSpec, ...] = ()
    fusion: Mapping[str, Fusion] = field(default_factory=dict)
    alignment: ModelSpec | None = None

    @property
    def models(self) -> tuple[ModelSpec, ...]:
        aligner = () if self.alignment is None else (self.alignment,)
        return (self.detection, *aligner, *self.recognition.models, *self.liveness, *self.extra)


@dataclass(frozen=True, slots=True)
class NpmClient:
    """The PyPI package that brings npm where a machine has none. sha256: of its wheels, hex."""

    package: str
    version: str
    sha256: tuple[str, ...]
