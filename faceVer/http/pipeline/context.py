"""What a running app holds, by key; made in app.py, read by the handlers."""

from __future__ import annotations

from aiohttp import web

from faceVer.domain.values import ModelInfo
from faceVer.http.ops.exposition import Exposition
from faceVer.http.ops.health import HealthCheck
from faceVer.http.ops.probes import Probes
from faceVer.http.pipeline.executor import InferencePool
from faceVer.http.pipeline.memory_budget import MemoryBudget
from faceVer.http.pipeline.webhooks import WebhookSender
from faceVer.observability.metrics import Metrics
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings

SETTINGS = web.AppKey("settings", Settings)
ENGINE = web.AppKey("engine", FaceEngine)
POOL = web.AppKey("pool", InferencePool)
BUDGET = web.AppKey("budget", MemoryBudget)
PATTERN_HEALTH = web.AppKey("pattern_health", HealthCheck)
LIVENESS_HEALTH = web.AppKey("liveness_health", HealthCheck)
FOLDERS = web.AppKey("folders", FolderService)
"""Absent where the liveness models could not be loaded."""
WEBHOOKS = web.AppKey("webhooks", WebhookSender)
METRICS = web.AppKey("metrics", Metrics)
EXPOSITION = web.AppKey("exposition", Exposition)
PROBES = web.AppKey("probes", Probes)

PATTERN = "/v1/face/pattern"
LIVENESS = "/v1/face/liveness"
INSTANT = "/api"
FOLDERS_PATH = f"{INSTANT}/instant/folders/"
CONSOLE = "/console"
CONSOLE_LIVENESS, CONSOLE_STATUS = f"{CONSOLE}/liveness", f"{CONSOLE}/status"


def loaded_models(app: web.Application) -> tuple[ModelInfo, ...]:
    """All loaded models, those of liveness after the others."""
    folders = app.get(FOLDERS)
    return (*app[ENGINE].infos, *(folders.infos if folders else ()))
