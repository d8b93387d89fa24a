"""What a running app holds, by key; made in app.py, read by the handlers."""

from __future__ import annotations

from aiohttp import web

from faceVer.api.body import Budget
from faceVer.api.health import HealthCheck
from faceVer.api.pool import InferencePool
from faceVer.config import Settings
from faceVer.engine import FaceEngine

SETTINGS = web.AppKey("settings", Settings)
ENGINE = web.AppKey("engine", FaceEngine)
POOL = web.AppKey("pool", InferencePool)
BUDGET = web.AppKey("budget", Budget)
PATTERN_HEALTH = web.AppKey("pattern_health", HealthCheck)

PATTERN = "/v1/face/pattern"
LIVENESS = "/v1/face/liveness"
INSTANT = "/api"
