"""The manifest: which packs there are, which models they are made of, where each file comes from."""

from __future__ import annotations

import hashlib
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from faceVer.domain.errors import SetupError
from faceVer.domain.values import ModelInfo

FORMAT = 1
MAX_SLOPE = 300.0
"""Beyond this the score map's exponentials leave what float64 holds; fitted slopes are some tens."""
MANIFEST = "manifest.toml"
DEFAULT_PACK = "open"
"""The pack whose liveness models serve packs that have none."""
DIGITS = 12
"""Hex digits of a SHA-256 that name a file in `/version` and in template model ids."""


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
    """One model of the manifest. sha256: of the file inside the source package, hex."""

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

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(self.task, self.name, self.version, self.sha256, self.licence)

    @property
    def identity(self) -> str:
        """The model id that templates carry: name, version and the digits that tell its weights."""
        return f"{self.name}-{self.version}-{self.sha256[:DIGITS]}"


@dataclass(frozen=True, slots=True)
class Pack:
    """A named set of models: one detector, one recognizer, any number of liveness models and of helpers (`extra`).

    liveness_weights: what each liveness model's score weighs among the others; 1 where none is given.
    """

    name: str
    detection: ModelSpec
    recognition: ModelSpec
    liveness: tuple[ModelSpec, ...] = ()
    extra: tuple[ModelSpec, ...] = ()
    liveness_weights: Mapping[str, float] = field(default_factory=dict)

    @property
    def models(self) -> tuple[ModelSpec, ...]:
        return (self.detection, self.recognition, *self.liveness, *self.extra)


@dataclass(frozen=True, slots=True)
class NpmClient:
    """The PyPI package that brings npm where a machine has none. sha256: of its wheels, hex."""

    package: str
    version: str
    sha256: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """manifest.toml, read and checked. folder: where it lies; the prepared files lie beside it."""

    folder: Path
    models: Mapping[str, ModelSpec]
    packs: Mapping[str, Pack]
    npm: NpmClient | None = None

    def pack(self, name: str) -> Pack:
        try:
            return self.packs[name]
        except KeyError:
            raise SetupError(
                f"no pack {name!r} in {self.folder / MANIFEST}; it has {', '.join(self.packs)}; "
                "a folder of ONNX files is named by its path"
            ) from None


def is_folder_pack(pack: str) -> bool:
    """Whether a configured pack is a folder of ONNX files, not a name of the manifest."""
    return "/" in pack or pack.startswith(".") or (Path(pack).is_dir() and not pack.isidentifier())


def weights_folder(configured: str) -> Path:
    """The folder of the manifest: the configured one, the checkout's, or the installation's."""
    if configured:
        return Path(configured)
    checkout = Path(__file__).resolve().parents[2] / "weights"
    if (checkout / MANIFEST).is_file():
        return checkout
    return Path(sys.prefix) / "share" / "facever" / "weights"


def load_manifest(folder: Path) -> Manifest:
    """Read `folder`/manifest.toml. Raises SetupError."""
    path = folder / MANIFEST
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"cannot read the manifest {path}: {error}") from error
    if table.get("format") != FORMAT:
        raise SetupError(f"{path}: format {table.get('format')} is not {FORMAT}")
    try:
        models = {name: _model(name, entry) for name, entry in table["models"].items()}
        packs = {name: _pack(name, entry, models) for name, entry in table["packs"].items()}
        npm = table.get("npm")
        client = NpmClient(npm["package"], npm["version"], tuple(npm["sha256"])) if npm else None
        return Manifest(folder, models, packs, client)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SetupError(f"{path}: {type(error).__name__}: {error}") from error


def _model(name: str, entry: Mapping[str, Any]) -> ModelSpec:
    text = {
        key: str(entry[key])
        for key in ("task", "kind", "version", "file", "licence", "registry", "package", "member", "sha256")
    }
    if Path(text["file"]).name != text["file"]:
        raise ValueError(f"models.{name}.file must be a plain file name")
    values = entry.get("input", {})
    known = {key: values[key] for key in ("colour", "mean", "std", "min_norm") if key in values}
    return ModelSpec(
        name=name,
        prepare=tuple(entry.get("prepare", ())),
        input=InputSpec(**known),
        calibration=read_calibration(entry.get("calibration")),
        known_answer=_known_answer(entry.get("known_answer")),
        **text,
    )


def _known_answer(table: Mapping[str, Any] | None) -> KnownAnswer | None:
    if table is None:
        return None
    shape, values = tuple(map(int, table["shape"])), tuple(map(float, table["values"]))
    if len(shape) != 4 or shape[0] != 1 or not values:
        raise ValueError("a known answer has a shape [1, channels, height, width] and values")
    return KnownAnswer(shape, values)


def read_calibration(table: Mapping[str, Any] | None) -> Calibration | None:
    """A [calibration] table as `Calibration`; None where there is none."""
    if table is None:
        return None
    slope, midpoint = float(table["slope"]), float(table["midpoint"])
    if not (0 < slope < MAX_SLOPE and -1 <= midpoint <= 1):
        raise ValueError(f"a calibration's slope is above 0 and its midpoint in -1..1, not {slope} and {midpoint}")
    points = tuple(
        OperatingPoint(*(float(row[name]) for name in OperatingPoint._fields)) for row in table.get("points", ())
    )
    if not all(0 < point.fmr <= 1 and -1 <= point.cosine <= 1 for point in points):
        raise ValueError("a calibration's points have an fmr above 0 and a cosine in -1..1")
    return Calibration(slope, midpoint, str(table.get("source", "")), points)


def _pack(name: str, entry: Mapping[str, Any], models: Mapping[str, ModelSpec]) -> Pack:
    liveness = tuple(models[item] for item in entry.get("liveness", ()))
    weights = entry.get("liveness_weights", {})
    numbers = all(isinstance(value, (int, float)) and value > 0 for value in weights.values())
    if not numbers or not set(weights) <= {spec.name for spec in liveness}:
        raise ValueError(f"packs.{name}.liveness_weights must be above 0 and name its liveness models")
    extra = tuple(models[item] for item in entry.get("extra", ()))
    return Pack(name, models[entry["detection"]], models[entry["recognition"]], liveness, extra, weights)


def digest(path: Path) -> str:
    """SHA-256 of a file, hex. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
