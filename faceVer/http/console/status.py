"""GET /console/about and /console/status: facts about the server, and its current health and load."""

from __future__ import annotations

import asyncio
from collections import Counter

from aiohttp import web

from faceVer import __version__
from faceVer.http.ops.exposition import EXPOSITION
from faceVer.http.ops.health import FACES_HEALTH, LIVENESS_HEALTH
from faceVer.http.pipeline.context import ENDPOINTS, ENGINE, FOLDERS, METRICS, SETTINGS, loaded_models
from faceVer.http.pipeline.responses import json_response
from faceVer.inference.specs import DIGITS


async def about(request: web.Request) -> web.Response:
    """The facts that do not change while the server runs."""
    app, settings = request.app, request.app[SETTINGS]
    matcher = app[ENGINE].matcher
    calibration, thresholds = matcher.calibration, matcher.thresholds
    return json_response(
        {
            "version": __version__,
            "runtime": app[ENGINE].runtime,
            "language": settings.api.language,
            "docs": settings.api.docs,
            "folders": bool(settings.store.store),
            "key_required": bool(settings.auth.api_keys),
            "liveness": FOLDERS in app,
            "models": [
                {
                    "task": info.task,
                    "name": info.name,
                    "version": info.version,
                    "sha256": info.sha256[:DIGITS],
                    "licence": info.licence,
                }
                for info in loaded_models(app)
            ],
            "thresholds": {
                "approve": thresholds.approve,
                "operator": thresholds.operator,
                "pad": settings.liveness.spoofing_threshold,
            },
            "calibration": {
                "slope": calibration.slope,
                "midpoint": calibration.midpoint,
                "source": calibration.source,
                "points": [point._asdict() for point in calibration.points],
            },
            "limits": {
                "file_bytes": settings.limits.max_file_bytes,
                "request_bytes": settings.limits.max_request_bytes,
                "pixels": settings.media.max_pixels,
                "parts": settings.limits.max_parts,
                "media": settings.limits.max_media,
                "video_seconds": settings.media.max_video_seconds,
                "video_pixels": settings.media.max_video_pixels,
                "archive_members": settings.media.max_members,
                "frames": settings.media.media_frames,
            },
        }
    )


async def status(request: web.Request) -> web.Response:
    """The health, and the metrics of all workers.

    health: the fault of each processor, "" = it works. requests: those to endpoints with a lane, by the first digit of
    the status.
    """
    app = request.app
    app[EXPOSITION].sample()
    faces, liveness = await asyncio.gather(app[FACES_HEALTH].fault(), app[LIVENESS_HEALTH].fault())
    metrics = app[METRICS]
    workers = metrics.gauges()
    requests: Counter[str] = Counter()
    counted = {endpoint.label for endpoint in app[ENDPOINTS].endpoints if endpoint.lane is not None}
    for label, (status, _), number in metrics.requests():
        if label in counted:
            requests[status[0]] += int(number)
    return json_response(
        {
            "health": {"pattern": faces, "liveness": liveness},
            "requests": dict(sorted(requests.items())),
            "overloads": int(sum(metrics.overloads().values())),
            "faces": int(metrics.counters()["faces"]),
            "in_flight": _sum(workers, "in_flight", "in_flight_comparison"),
            "queue": _sum(workers, "queue", "queue_comparison"),
            "connections": _sum(workers, "connections"),
            "workers": len(workers),
            "memory": _sum(workers, "memory"),
            "uptime": round(metrics.uptime(), 1),
        }
    )


def _sum(workers: list[dict[str, float]], *names: str) -> int:
    return int(sum(worker[name] for worker in workers for name in names))
