"""The liveness models of a pack: presentation attack detection, and face attributes for the best shot.

A pack without a liveness model (a folder of InsightFace files has none) uses the default pack's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from faceVer.domain.errors import SetupError
from faceVer.domain.values import ModelInfo
from faceVer.inference.backend import Backend
from faceVer.inference.known_answer import load_model
from faceVer.inference.manifest import DEFAULT_PACK, MANIFEST, Manifest, load_manifest, weights_folder
from faceVer.inference.specs import EQUAL, MEDIA, Fusion, Pack
from faceVer.vision.face_attributes import FaceAttributeModels
from faceVer.vision.liveness.passive import (
    FACEPLUGIN,
    SILENT_FACE_V1SE,
    SILENT_FACE_V2,
    Feeding,
    MiniFasNet,
    PadEnsemble,
    PadModel,
)
from faceVer.vision.packs import PackSelection

KINDS: Mapping[str, Feeding] = {
    "minifasnet": FACEPLUGIN,
    "silent-face-v2": SILENT_FACE_V2,
    "silent-face-v1se": SILENT_FACE_V1SE,
}
"""Kind in the manifest -> how it is fed. Another model of this family: a row here and an entry in the manifest."""
ATTRIBUTE_TASKS = ("landmarks", "eyes", "pose")


@dataclass(frozen=True, slots=True)
class LivenessModels:
    """pad: all PAD models of the pack as one, for photos. attributes: pose and eyes. infos: of every model behind them.

    video_pad: the same for frames of videos and archives, where the pack weighs the models otherwise there.
    """

    pad: PadModel
    attributes: FaceAttributeModels
    infos: tuple[ModelInfo, ...]
    video_pad: PadModel | None = None

    def pad_of(self, *, is_photo: bool) -> PadModel:
        """What scores a photo, or else the frames of a video or an archive."""
        return self.pad if is_photo or self.video_pad is None else self.video_pad


def load_liveness_models(selection: PackSelection, backend: Backend) -> LivenessModels:
    """Load the liveness models of the selected pack. Raises SetupError where weights are missing or unknown."""
    manifest = load_manifest(weights_folder(selection.weights))
    liveness = _pack_with(manifest, selection.pack, lambda pack: bool(pack.liveness))
    extras = {spec.task: spec for spec in _pack_with(manifest, selection.pack, _has_attributes).extra}

    models = pad_models(manifest, liveness, backend)
    photo, video = (_combined(models, liveness.fusion.get(medium, EQUAL)) for medium in MEDIA)
    attributes = FaceAttributeModels(*(load_model(manifest, extras[task], backend) for task in ATTRIBUTE_TASKS))
    used = (*liveness.liveness, *(extras[task] for task in ATTRIBUTE_TASKS))
    return LivenessModels(photo, attributes, tuple(spec.info for spec in used), video)


def pad_models(manifest: Manifest, pack: Pack, backend: Backend) -> dict[str, PadModel]:
    """Each of the pack's liveness models alone, by name. Raises SetupError."""
    models: dict[str, PadModel] = {}
    for spec in pack.liveness:
        if spec.kind not in KINDS:
            raise SetupError(f"{spec.name}: no code for a liveness model of kind {spec.kind!r}")
        models[spec.name] = MiniFasNet(load_model(manifest, spec, backend), KINDS[spec.kind])
    return models


def _combined(models: Mapping[str, PadModel], fusion: Fusion) -> PadModel:
    weights = fusion.weights or dict.fromkeys(models, 1 / len(models))
    if fusion.offset == 0 and list(weights.values()) == [1.0]:
        (alone,) = weights
        return models[alone]  # its score as it is: not rounded by a logarithm, nor limited
    return PadEnsemble([(models[name], weight) for name, weight in weights.items()], fusion.offset)


def _has_attributes(pack: Pack) -> bool:
    return set(ATTRIBUTE_TASKS) <= {spec.task for spec in pack.extra}


def _pack_with(manifest: Manifest, name: str, has: Callable[[Pack], bool]) -> Pack:
    for candidate in (name, DEFAULT_PACK):
        pack = manifest.packs.get(candidate)
        if pack is not None and has(pack):
            return pack
    path = manifest.folder / MANIFEST
    raise SetupError(f"{path}: neither pack {name!r} nor {DEFAULT_PACK!r} names the liveness models")
