"""Health: the result of a recent inference. It runs on a separate thread, never queued behind requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from faceVer.domain.errors import FaceVerError
from faceVer.http.ops.models import INOPERATIVE, WORKS, Health
from faceVer.http.pipeline.responses import json_response

log = logging.getLogger(__name__)


def health_response(fault: str) -> web.Response:
    """200 with status 0 if there is no fault (""), otherwise 503 with status 3 and the fault as the message."""
    return json_response(Health(status=INOPERATIVE if fault else WORKS, message=fault), status=503 if fault else 200)


class HealthCheck:
    """Runs `probe` at most once per `ttl` seconds; concurrent callers share a run. timeout: of a run, in seconds."""

    def __init__(self, name: str, probe: Callable[[], None], ttl: float, timeout: float) -> None:
        self._name, self._probe, self._ttl, self._timeout = name, probe, ttl, timeout
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"health-{name}")
        self._run: asyncio.Future[None] | None = None
        self._last: tuple[float, str] | None = None
        """Time and result of the last run."""

    async def fault(self) -> str:
        """What is wrong, "" if the processor works."""
        now = asyncio.get_running_loop().time
        if self._last is not None and now() - self._last[0] < self._ttl:
            return self._last[1]
        try:
            if self._run is None or self._run.done():
                # Fails without memory for a thread.
                self._run = asyncio.get_running_loop().run_in_executor(self._executor, self._probe)
            # Callers keep waiting for a run that hangs, so that no further runs queue behind it.
            await asyncio.wait_for(asyncio.shield(self._run), self._timeout)
            fault = ""
        except TimeoutError:
            fault = f"the {self._name} models did not answer within {self._timeout:g} s"
        except FaceVerError as error:
            log.exception("health of %s", self._name)
            fault = f"the {self._name} models fail ({type(error).__name__})"
        except Exception as error:
            log.exception("health of %s", self._name)
            fault = f"the {self._name} processor fails ({type(error).__name__})"
        self._last = now(), fault
        return fault

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


FACES_HEALTH = web.AppKey("faces_health", HealthCheck)
LIVENESS_HEALTH = web.AppKey("liveness_health", HealthCheck)


async def faces_health(request: web.Request) -> web.Response:
    """Report whether the face models work."""
    return health_response(await request.app[FACES_HEALTH].fault())


async def liveness_health(request: web.Request) -> web.Response:
    """Report whether the liveness models work."""
    return health_response(await request.app[LIVENESS_HEALTH].fault())
