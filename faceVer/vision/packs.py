"""A pack on disk -> loaded models behind the `Detector` and `Recognizer` protocols."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from faceVer.domain.errors import SetupError
from faceVer.domain.values import ModelInfo
from faceVer.inference.backend import Backend
from faceVer.inference.known_answer import load_model
from faceVer.inference.manifest import (
    MANIFEST,
    Manifest,
    digest,
    is_folder_pack,
    load_manifest,
    read_calibration,
    weights_folder,
)
from faceVer.inference.specs import DIGITS, IMPORTED, Calibration, ModelSpec, Recognition
from faceVer.inference.weights.store import require
from faceVer.vision.detection.centerface import CenterFace
from faceVer.vision.detection.detector import Detector
from faceVer.vision.detection.one_pass import OnePassDetector
from faceVer.vision.detection.yunet import YuNet
from faceVer.vision.recognition import ArcFace, Joined, Mirrored, Recognizer

Adapter = TypeVar("Adapter")
log = logging.getLogger(__name__)

DETECTORS: Mapping[str, type[OnePassDetector]] = {"centerface": CenterFace, "yunet": YuNet}
RECOGNIZERS: Mapping[str, type[ArcFace]] = {"arcface": ArcFace}
"""Kind in the manifest -> adapter."""
CALIBRATION_FILE = "calibration.toml"
"""In a folder pack: the [calibration] table that `facever calibrate` writes."""
# ArcFace models differ; until one is calibrated this puts 0.85 at cosine 0.42, strict for every public one.
UNCALIBRATED = Calibration(slope=20.0, midpoint=0.333)


class PackSelection(NamedTuple):
    """The settings that select models. detection_threshold: least confidence of a face, 0..1. also_read: packs, or
    recognition models, for faceVer.vision.older."""

    pack: str
    weights: str
    detection_threshold: float
    also_read: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Models:
    """The loaded models of a pack. identity: the model id templates carry."""

    pack: str
    detector: Detector
    recognizer: Recognizer
    backend: Backend
    identity: str
    calibration: Calibration
    infos: tuple[ModelInfo, ...]


def load_models(selection: PackSelection, backend: Backend) -> Models:
    """Load the selected pack: a name from the manifest, or a folder. Raises SetupError."""
    if is_folder_pack(selection.pack):
        return _from_folder(Path(selection.pack), backend, selection.detection_threshold)
    return _from_manifest(load_manifest(weights_folder(selection.weights)), selection, backend)


def calibration_target(selection: PackSelection) -> tuple[Path, tuple[str, ...]]:
    """Where the selected pack keeps its calibration: the TOML file and the tables above [calibration]."""
    if is_folder_pack(selection.pack):
        return Path(selection.pack) / CALIBRATION_FILE, ()
    manifest = load_manifest(weights_folder(selection.weights))
    recognition = manifest.pack(selection.pack).recognition
    keys = ("models", recognition.models[0].name) if recognition.is_plain else ("packs", selection.pack)
    return manifest.folder / MANIFEST, keys


def _from_manifest(manifest: Manifest, selection: PackSelection, backend: Backend) -> Models:
    pack = manifest.pack(selection.pack)
    for spec in pack.models:
        if spec.registry == IMPORTED:
            require(manifest, spec)  # a pack is selected for such files: no start without them
    aligner = _detector(manifest, pack.alignment, selection, backend) if pack.alignment else None
    detector = _detector(manifest, pack.detection, selection, backend, aligner)
    return Models(
        pack.name,
        detector,
        load_recognizer(manifest, pack.recognition, backend),
        backend,
        pack.recognition.identity,
        _calibration(pack.recognition.calibration, pack.name),
        tuple(spec.info for spec in (pack.detection, pack.alignment, *pack.recognition.models) if spec),
    )


def load_recognizer(manifest: Manifest, recognition: Recognition, backend: Backend) -> Recognizer:
    """What makes embeddings, of the manifest. Raises SetupError."""
    parts = [
        _adapter(RECOGNIZERS, spec)(load_model(manifest, spec, backend), spec.input) for spec in recognition.models
    ]
    joined = parts[0] if len(parts) == 1 else Joined(parts, recognition.weights)
    return Mirrored(joined) if recognition.mirrored else joined


def _detector(
    manifest: Manifest, spec: ModelSpec, selection: PackSelection, backend: Backend, aligner: Detector | None = None
) -> Detector:
    adapter = _adapter(DETECTORS, spec)
    return adapter(load_model(manifest, spec, backend), selection.detection_threshold, aligner)


def _adapter(known: Mapping[str, type[Adapter]], spec: ModelSpec) -> type[Adapter]:
    if spec.kind not in known:
        raise SetupError(f"{spec.name}: no code for a {spec.task} model of kind {spec.kind!r}")
    return known[spec.kind]


def _from_folder(folder: Path, backend: Backend, threshold: float) -> Models:
    from faceVer.vision.insightface_pack import load_folder  # insightface's zoo is slow to import and only needed here

    if not folder.is_dir():
        raise SetupError(f"pack folder {folder} does not exist")
    detector, detector_file, recognizer, recognizer_file = load_folder(folder, backend, threshold)
    infos = []
    for task, path in (("detection", detector_file), ("recognition", recognizer_file)):
        sha256 = digest(path)
        infos.append(ModelInfo(task, path.stem, sha256[:DIGITS], sha256))
    table = None
    if (folder / CALIBRATION_FILE).is_file():
        try:
            table = read_calibration(
                tomllib.loads((folder / CALIBRATION_FILE).read_text(encoding="utf-8"))["calibration"]
            )
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise SetupError(f"cannot read {folder / CALIBRATION_FILE}: {error}") from error
    return Models(
        folder.name,
        detector,
        recognizer,
        backend,
        f"{infos[1].name}-{infos[1].version}",
        _calibration(table, folder.name),
        tuple(infos),
    )


def _calibration(found: Calibration | None, pack: str) -> Calibration:
    if found is None:
        log.warning("pack %s is not calibrated: scores are provisional; run `facever calibrate DIR`", pack)
        return UNCALIBRATED
    return found
