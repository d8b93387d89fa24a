"""GET /console/about and /console/status: what the page shows of the server, fixed and moving."""

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
    """What does not change while the server runs."""
    app, settings = request.app, request.app[SETTINGS]
    matcher = app[ENGINE].matcher
    calibration, thresholds = matcher.calibration, matcher.thresholds
    return json_response(
        {
            "version": __version__,
            "runtime": app[ENGINE].runtime,
            "language": settings.api.language,
            "docs": settings.api.docs,
            "key": bool(settings.auth.api_keys),
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
                "spoofing": settings.liveness.spoofing_threshold,
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
    """The numbers of all workers.

    requests: those that do work, by the first digit of their status. health: the fault, "" = works.
    """
    app = request.app
    app[EXPOSITION].sample()
    faces, liveness = await asyncio.gather(app[FACES_HEALTH].fault(), app[LIVENESS_HEALTH].fault())
    read = app[METRICS]
    workers = read.gauges()
    requests: Counter[str] = Counter()
    work = {endpoint.label for endpoint in app[ENDPOINTS].endpoints if endpoint.lane is not None}
    for label, (code, _), number in read.requests():
        if label in work:
            requests[code[0]] += int(number)
    return json_response(
        {
            "health": {"pattern": faces, "liveness": liveness},
            "requests": dict(sorted(requests.items())),
            "overloads": int(sum(read.overloads().values())),
            "faces": int(read.counters()["faces"]),
            "in_flight": _sum(workers, "in_flight", "in_flight_comparison"),
            "queue": _sum(workers, "queue", "queue_comparison"),
            "connections": _sum(workers, "connections"),
            "workers": len(workers),
            "memory": _sum(workers, "memory"),
            "uptime": round(read.uptime(), 1),
        }
    )


def _sum(workers: list[dict[str, float]], *names: str) -> int:
    return int(sum(one[name] for one in workers for name in names))
