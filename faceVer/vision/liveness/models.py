"""The liveness side of a pack -> loaded models: presentation attack detection and what the best shot needs.

A pack without a liveness model (a folder of InsightFace files has none) uses the default pack's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from faceVer.domain.errors import SetupError
from faceVer.domain.values import ModelInfo
from faceVer.inference.manifest import DEFAULT_PACK, MANIFEST, Manifest, ModelSpec, Pack, load_manifest, weights_folder
from faceVer.inference.onnx import Session
from faceVer.inference.weights.store import require
from faceVer.settings.model import Settings
from faceVer.vision.face_attributes import FaceGauge
from faceVer.vision.liveness.passive import MiniFasNet, SpoofEnsemble, SpoofModel

KINDS: Mapping[str, Callable[[Session], SpoofModel]] = {"minifasnet": MiniFasNet}
GAUGE_TASKS = ("landmarks", "eyes", "pose")


@dataclass(frozen=True, slots=True)
class LivenessModels:
    """spoof: all liveness models of the pack, weighed. gauge: pose and eyes. infos: of every model behind them."""

    spoof: SpoofModel
    gauge: FaceGauge
    infos: tuple[ModelInfo, ...]


def load_liveness(settings: Settings) -> LivenessModels:
    """Load the liveness models of the configured pack. Raises SetupError where weights are missing or unknown."""
    manifest = load_manifest(weights_folder(settings.models.weights))
    liveness = _pack_with(manifest, settings.models.pack, lambda pack: bool(pack.liveness))
    extras = {spec.task: spec for spec in _pack_with(manifest, settings.models.pack, _has_gauge).extra}

    def session(spec: ModelSpec) -> Session:
        return Session(require(manifest, spec), settings.models.providers)

    members: list[tuple[SpoofModel, float]] = []
    for spec in liveness.liveness:
        if spec.kind not in KINDS:
            raise SetupError(f"{spec.name}: no code for a liveness model of kind {spec.kind!r}")
        members.append((KINDS[spec.kind](session(spec)), liveness.liveness_weights.get(spec.name, 1.0)))
    gauge = FaceGauge(*(session(extras[task]) for task in GAUGE_TASKS))
    used = (*liveness.liveness, *(extras[task] for task in GAUGE_TASKS))
    return LivenessModels(SpoofEnsemble(members), gauge, tuple(spec.info for spec in used))


def _has_gauge(pack: Pack) -> bool:
    return set(GAUGE_TASKS) <= {spec.task for spec in pack.extra}


def _pack_with(manifest: Manifest, name: str, has: Callable[[Pack], bool]) -> Pack:
    for candidate in (name, DEFAULT_PACK):
        pack = manifest.packs.get(candidate)
        if pack is not None and has(pack):
            return pack
    path = manifest.folder / MANIFEST
    raise SetupError(f"{path}: neither pack {name!r} nor {DEFAULT_PACK!r} names the liveness models")
