"""The paths of the API families and of the operations."""

from __future__ import annotations

FACES, LIVENESS, OZ = "/v1/face/pattern", "/v1/face/liveness", "/api"
INSTANT_FOLDERS = f"{OZ}/instant/folders/"
VERSION, LIVE, READY, METRICS = "/version", "/livez", "/readyz", "/metrics"
