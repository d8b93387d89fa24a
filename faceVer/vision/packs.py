"""A pack on disk -> loaded models behind the `Detector` and `Embedder` protocols."""

from __future__ import annotations

import logging
import tomllib
from dataclasses import dataclass
from pathlib import Path

from faceVer.domain.errors import SetupError
from faceVer.domain.values import ModelInfo
from faceVer.inference.manifest import (
    DIGITS,
    MANIFEST,
    Calibration,
    Manifest,
    digest,
    is_folder_pack,
    load_manifest,
    read_calibration,
    weights_folder,
)
from faceVer.inference.onnx import Session
from faceVer.inference.weights.store import require
from faceVer.settings.model import Settings
from faceVer.vision.detection.centerface import CenterFace, Detector
from faceVer.vision.recognition import ArcFaceEmbedder, Embedder

log = logging.getLogger(__name__)

CALIBRATION_FILE = "calibration.toml"
"""In a folder pack: the [calibration] table that `facever calibrate` writes."""
# ArcFace models differ; until one is calibrated this puts 0.85 at cosine 0.42, strict for every public one.
UNCALIBRATED = Calibration(slope=20.0, midpoint=0.333)


@dataclass(frozen=True, slots=True)
class Models:
    """The loaded models of a pack. identity: the model id templates carry."""

    pack: str
    detector: Detector
    embedder: Embedder
    identity: str
    calibration: Calibration
    infos: tuple[ModelInfo, ...]


def load_models(settings: Settings) -> Models:
    """Load the configured pack: a name from the manifest, or a folder. Raises SetupError."""
    if is_folder_pack(settings.models.pack):
        return _from_folder(Path(settings.models.pack), settings)
    return _from_manifest(load_manifest(weights_folder(settings.models.weights)), settings)


def calibration_target(settings: Settings) -> tuple[Path, tuple[str, ...]]:
    """Where the configured pack keeps its calibration: the TOML file and the tables above [calibration]."""
    if is_folder_pack(settings.models.pack):
        return Path(settings.models.pack) / CALIBRATION_FILE, ()
    manifest = load_manifest(weights_folder(settings.models.weights))
    return manifest.folder / MANIFEST, ("models", manifest.pack(settings.models.pack).recognition.name)


def _from_manifest(manifest: Manifest, settings: Settings) -> Models:
    pack = manifest.pack(settings.models.pack)
    kinds = {"detection": "centerface", "recognition": "arcface"}
    for spec in (pack.detection, pack.recognition):
        if spec.kind != kinds[spec.task]:
            raise SetupError(f"{spec.name}: no code for a {spec.task} model of kind {spec.kind!r}")
    detector = CenterFace(
        Session(require(manifest, pack.detection), settings.models.providers), settings.faces.detection_threshold
    )
    embedder = ArcFaceEmbedder(
        Session(require(manifest, pack.recognition), settings.models.providers), pack.recognition.input
    )
    return Models(
        pack.name,
        detector,
        embedder,
        pack.recognition.identity,
        _calibration(pack.recognition.calibration, pack.name),
        (pack.detection.info, pack.recognition.info),
    )


def _from_folder(folder: Path, settings: Settings) -> Models:
    from faceVer.vision.insightface_pack import load_folder  # insightface's zoo is slow to import and only needed here

    if not folder.is_dir():
        raise SetupError(f"pack folder {folder} does not exist")
    detector, detector_file, embedder, recognizer_file = load_folder(
        folder, settings.models.providers, settings.faces.detection_threshold
    )
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
        embedder,
        f"{infos[1].name}-{infos[1].version}",
        _calibration(table, folder.name),
        tuple(infos),
    )


def _calibration(found: Calibration | None, pack: str) -> Calibration:
    if found is None:
        log.warning("pack %s is not calibrated: scores are provisional; run `facever calibrate DIR`", pack)
        return UNCALIBRATED
    return found
