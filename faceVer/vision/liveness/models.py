"""The liveness models of a pack: presentation attack detection, and face attributes for the best shot.

A pack without a liveness model (a folder of InsightFace files has none) uses the default pack's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from faceVer.domain.errors import SetupError
from faceVer.domain.values import ModelInfo
from faceVer.inference.backend import Backend, LoadedModel
from faceVer.inference.known_answer import load_model
from faceVer.inference.manifest import DEFAULT_PACK, MANIFEST, Manifest, load_manifest, weights_folder
from faceVer.inference.specs import Pack
from faceVer.vision.face_attributes import FaceAttributeModels
from faceVer.vision.liveness.passive import MiniFasNet, PadEnsemble, PadModel
from faceVer.vision.packs import PackSelection

KINDS: Mapping[str, Callable[[LoadedModel], PadModel]] = {"minifasnet": MiniFasNet}
"""Kind in the manifest -> adapter. A new model: a class in passive.py, a row here, an entry in the manifest."""
ATTRIBUTE_TASKS = ("landmarks", "eyes", "pose")


@dataclass(frozen=True, slots=True)
class LivenessModels:
    """pad: all PAD models of the pack as one. attributes: pose and eyes. infos: of every model behind them."""

    pad: PadModel
    attributes: FaceAttributeModels
    infos: tuple[ModelInfo, ...]


def load_liveness_models(selection: PackSelection, backend: Backend) -> LivenessModels:
    """Load the liveness models of the selected pack. Raises SetupError where weights are missing or unknown."""
    manifest = load_manifest(weights_folder(selection.weights))
    liveness = _pack_with(manifest, selection.pack, lambda pack: bool(pack.liveness))
    extras = {spec.task: spec for spec in _pack_with(manifest, selection.pack, _has_attributes).extra}

    members: list[tuple[PadModel, float]] = []
    for spec in liveness.liveness:
        if spec.kind not in KINDS:
            raise SetupError(f"{spec.name}: no code for a liveness model of kind {spec.kind!r}")
        model = KINDS[spec.kind](load_model(manifest, spec, backend))
        members.append((model, liveness.liveness_weights.get(spec.name, 1.0)))
    attributes = FaceAttributeModels(*(load_model(manifest, extras[task], backend) for task in ATTRIBUTE_TASKS))
    used = (*liveness.liveness, *(extras[task] for task in ATTRIBUTE_TASKS))
    return LivenessModels(PadEnsemble(members), attributes, tuple(spec.info for spec in used))


def _has_attributes(pack: Pack) -> bool:
    return set(ATTRIBUTE_TASKS) <= {spec.task for spec in pack.extra}


def _pack_with(manifest: Manifest, name: str, has: Callable[[Pack], bool]) -> Pack:
    for candidate in (name, DEFAULT_PACK):
        pack = manifest.packs.get(candidate)
        if pack is not None and has(pack):
            return pack
    path = manifest.folder / MANIFEST
    raise SetupError(f"{path}: neither pack {name!r} nor {DEFAULT_PACK!r} names the liveness models")
