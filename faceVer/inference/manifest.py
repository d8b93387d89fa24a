"""The manifest: which packs there are, which models they are made of, where each file comes from."""

from __future__ import annotations

import hashlib
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from faceVer.domain.errors import SetupError
from faceVer.inference.specs import (
    IMPORTED,
    MEDIA,
    Calibration,
    Fusion,
    InputSpec,
    KnownAnswer,
    ModelSpec,
    NpmClient,
    OperatingPoint,
    Pack,
    Recognition,
)

FORMAT = 1
MAX_SLOPE = 300.0
"""Beyond this the score map's exponentials leave what float64 holds; fitted slopes are some tens."""
MANIFEST = "manifest.toml"
DEFAULT_PACK = "open"
"""The pack whose liveness models serve packs that have none."""


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

    def imports(self, name: str) -> tuple[ModelSpec, ...]:
        """The models of a set of files that only the user can bring. Raises SetupError where there is no such set."""
        sets = [spec for spec in self.models.values() if spec.registry == IMPORTED]
        if found := tuple(spec for spec in sets if spec.package == name):
            return found
        known = ", ".join(sorted({spec.package for spec in sets})) or "none"
        raise SetupError(f"no set {name!r} of files to import in {self.folder / MANIFEST}; it has {known}")

    def recognition(self, name: str) -> Recognition:
        """The recognition of the pack of that name, or the recognition model of that name. Raises SetupError."""
        if name in self.packs:
            return self.packs[name].recognition
        models = {spec.name: spec for pack in self.packs.values() for spec in pack.recognition.models}
        if name not in models:
            raise SetupError(
                f"no pack or recognition model {name!r} in {self.folder / MANIFEST}; "
                f"it has {', '.join((*self.packs, *models))}"
            )
        return Recognition((models[name],))

    def older(self, names: Iterable[str]) -> tuple[ModelSpec, ...]:
        """The recognition models of FACEVER_ALSO_READ that are the manifest's. Raises SetupError."""
        return tuple(spec for name in names if not is_folder_pack(name) for spec in self.recognition(name).models)


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
        ranges={layer: _range(bounds) for layer, bounds in entry.get("ranges", {}).items()},
        centre=tuple(map(float, entry.get("centre", ()))),
        **text,
    )


def _range(bounds: Sequence[Any]) -> tuple[float, ...]:
    values = tuple(map(float, bounds))
    if len(values) not in (2, 4) or not all(low < high for low, high in zip(values[::2], values[1::2], strict=True)):
        raise ValueError(
            "a quantized layer's range is [least, largest] of its input, and of its output, if that is, too"
        )
    return values


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
    tables = entry.get("fusion", {})
    if not set(tables) <= set(MEDIA):
        raise ValueError(f"packs.{name}.fusion is of kinds of media: {' and '.join(MEDIA)}")
    names = {spec.name for spec in liveness}
    fusion = {medium: _fusion(f"packs.{name}.fusion.{medium}", table, names) for medium, table in tables.items()}
    extra = tuple(models[item] for item in entry.get("extra", ()))
    alignment = models[entry["alignment"]] if "alignment" in entry else None
    recognition = _recognition(name, entry, models)
    return Pack(name, models[entry["detection"]], recognition, liveness, extra, fusion, alignment)


def _fusion(where: str, table: Mapping[str, Any], models: set[str]) -> Fusion:
    offset = table.get("offset", 0.0)
    if not _is_finite(offset):
        raise ValueError(f"{where}.offset must be a number")
    return Fusion(float(offset), _weights(f"{where}.weights", table.get("weights", {}), models, "liveness"))


def _weights(where: str, weights: Mapping[str, Any], models: set[str], task: str) -> Mapping[str, float]:
    if not all(_is_finite(value) and value > 0 for value in weights.values()) or not set(weights) <= models:
        raise ValueError(f"{where} must be above 0 and name its {task} models")
    return {name: float(value) for name, value in weights.items()}


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float)) and isfinite(value)


def _recognition(name: str, entry: Mapping[str, Any], models: Mapping[str, ModelSpec]) -> Recognition:
    named = entry["recognition"]
    specs = tuple(models[item] for item in ([named] if isinstance(named, str) else named))
    if not specs or len(set(specs)) < len(specs):
        raise ValueError(f"packs.{name}.recognition must name a model, or several different ones")
    given = entry.get("recognition_weights", {})
    weights = _weights(f"packs.{name}.recognition_weights", given, {spec.name for spec in specs}, "recognition")
    shares = [weights.get(spec.name, 1.0) for spec in specs]
    mirrored = entry.get("recognition_mirrored", False)
    if not isinstance(mirrored, bool):
        raise TypeError(f"packs.{name}.recognition_mirrored must be true or false")
    fitted = read_calibration(entry.get("calibration"))
    return Recognition(specs, tuple(share / sum(shares) for share in shares), mirrored, fitted)


def digest(path: Path) -> str:
    """SHA-256 of a file, hex. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
