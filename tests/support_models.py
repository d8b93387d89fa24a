"""The models that settings select, on a new backend."""

from __future__ import annotations

from faceVer.inference.opening import open_backend
from faceVer.services.rules import pack_selection
from faceVer.settings.model import Settings
from faceVer.vision import packs
from faceVer.vision.liveness import models


def load_models(settings: Settings) -> packs.Models:
    return packs.load_models(pack_selection(settings), open_backend(settings))


def load_liveness_models(settings: Settings) -> models.LivenessModels:
    return models.load_liveness_models(pack_selection(settings), open_backend(settings))
