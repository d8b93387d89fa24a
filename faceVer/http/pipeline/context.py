"""Keys of the objects that a running app holds. server/app.py creates the objects, the handlers read them."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from faceVer.domain.values import ModelInfo
from faceVer.http.pipeline.endpoint import EndpointTable
from faceVer.http.pipeline.executor import InferenceExecutor
from faceVer.http.pipeline.memory_budget import MemoryBudget
from faceVer.http.pipeline.webhooks import WebhookSender
from faceVer.observability.metrics import Metrics
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings


@dataclass(slots=True)
class ServerState:
    """draining: whether the server is stopping and accepts no new connections; the first thing that shutdown sets."""

    draining: bool = False


SETTINGS = web.AppKey("settings", Settings)
STATE = web.AppKey("state", ServerState)
ENDPOINTS = web.AppKey("endpoints", EndpointTable)
ENGINE = web.AppKey("engine", FaceEngine)
FOLDERS = web.AppKey("folders", FolderService)
"""Missing if the liveness models could not be loaded."""
EXECUTOR = web.AppKey("executor", InferenceExecutor)
BUDGET = web.AppKey("budget", MemoryBudget)
WEBHOOKS = web.AppKey("webhooks", WebhookSender)
METRICS = web.AppKey("metrics", Metrics)


def loaded_models(app: web.Application) -> tuple[ModelInfo, ...]:
    """All loaded models, the liveness models last."""
    folders = app.get(FOLDERS)
    return (*app[ENGINE].infos, *(folders.infos if folders else ()))
