"""Recognition models whose templates are read beside those of the pack: FACEVER_ALSO_READ."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from faceVer.domain.errors import SetupError
from faceVer.domain.values import ModelInfo
from faceVer.inference.backend import Backend
from faceVer.inference.manifest import is_folder_pack, load_manifest, weights_folder
from faceVer.inference.specs import Calibration
from faceVer.vision.packs import UNCALIBRATED, Models, PackSelection, load_models, load_recognizer
from faceVer.vision.recognition import Recognizer

SETTING = "FACEVER_ALSO_READ"
TASK = "older-recognition"
"""Of these models in metrics, where the pack's own has the task "recognition"."""


@dataclass(frozen=True, slots=True)
class OlderModel:
    """A recognition model that templates are read of, and none are made by. identity: the model id they carry."""

    identity: str
    recognizer: Recognizer
    calibration: Calibration
    infos: tuple[ModelInfo, ...]


def load_older(selection: PackSelection, models: Models) -> tuple[OlderModel, ...]:
    """Load the models of `selection.also_read`, in its order, beside the pack's. Raises SetupError."""
    loaded: dict[str, str] = {models.identity: selection.pack}
    found = []
    for name in selection.also_read:
        if name == selection.pack or (is_folder_pack(name) and Path(name).resolve() == Path(selection.pack).resolve()):
            raise SetupError(f"{SETTING}: {name} is the pack itself, whose templates are read anyway; name older packs")
        one = _load(name, selection, models.backend)
        if one.identity in loaded:
            known = loaded[one.identity]
            raise SetupError(f"{SETTING}: {name} has the recognition model of {known}, {one.identity}; leave it out")
        loaded[one.identity] = name
        found.append(one)
    return tuple(found)


def _load(name: str, selection: PackSelection, backend: Backend) -> OlderModel:
    try:
        if is_folder_pack(name):
            pack = load_models(selection._replace(pack=name), backend)
            detection, made_by = pack.infos
            backend.unload(str(Path(name) / f"{detection.name}.onnx"))
            return OlderModel(pack.identity, pack.recognizer, pack.calibration, (_older(made_by),))
        manifest = load_manifest(weights_folder(selection.weights))
        recognition = manifest.recognition(name)
        recognizer = load_recognizer(manifest, recognition, backend)
    except SetupError as error:
        raise SetupError(f"{SETTING}: {error}") from error
    infos = tuple(_older(spec.info) for spec in recognition.models)
    return OlderModel(recognition.identity, recognizer, recognition.calibration or UNCALIBRATED, infos)


def _older(info: ModelInfo) -> ModelInfo:
    return dataclasses.replace(info, task=TASK)
