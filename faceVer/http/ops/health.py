"""Health: the result of a recent inference. It runs on a separate thread, never queued behind requests."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable

from aiohttp import web

from faceVer.domain.errors import FaceVerError, OverloadedError
from faceVer.http.ops.models import INOPERATIVE, WORKS, Health
from faceVer.http.pipeline.bounded_executor import BoundedExecutor
from faceVer.http.pipeline.responses import json_response
from faceVer.observability.shortage import tells_of_shortage

log = logging.getLogger(__name__)


def health_response(fault: str) -> web.Response:
    """200 with status 0 if there is no fault (""), otherwise 503 with status 3 and the fault as the message."""
    return json_response(Health(status=INOPERATIVE if fault else WORKS, message=fault), status=503 if fault else 200)


class HealthCheck:
    """Runs `probe` at most once per `ttl` seconds; concurrent callers share a run. timeout: of a run, in seconds."""

    def __init__(self, name: str, probe: Callable[[], None], ttl: float, timeout: float) -> None:
        self._name, self._probe, self._ttl, self._timeout = name, probe, ttl, timeout
        self._executor = BoundedExecutor(f"health-{name}", 1, 0)
        self._executor.start()
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
                # Not in the context of the request, whose deadline and timings are its own.
                work = self._executor.run(self._probe)
                self._run = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
            # Callers keep waiting for a run that hangs, so that no further runs queue behind it.
            await asyncio.wait_for(asyncio.shield(self._run), self._timeout)
            fault = ""
        except TimeoutError:
            fault = f"the {self._name} models did not answer within {self._timeout:g} s"
        except OverloadedError as error:
            return self._lacks(error)
        except FaceVerError as error:
            log.exception("health of %s", self._name)
            fault = f"the {self._name} models fail ({type(error).__name__})"
        except Exception as error:
            if tells_of_shortage(error):
                return self._lacks(error)
            log.exception("health of %s", self._name)
            fault = f"the {self._name} processor fails ({type(error).__name__})"
        self._last = now(), fault
        return fault

    def _lacks(self, error: Exception) -> str:
        """The fault of a process that gets no memory or thread; it is not kept, so that the next caller tries again."""
        log.warning("health of %s: %s", self._name, error)
        return f"the {self._name} processor lacks memory or threads"

    def close(self) -> None:
        self._executor.close(wait=False)


FACES_HEALTH = web.AppKey("faces_health", HealthCheck)
LIVENESS_HEALTH = web.AppKey("liveness_health", HealthCheck)


async def faces_health(request: web.Request) -> web.Response:
    """Report whether the face models work."""
    return health_response(await request.app[FACES_HEALTH].fault())


async def liveness_health(request: web.Request) -> web.Response:
    """Report whether the liveness models work."""
    return health_response(await request.app[LIVENESS_HEALTH].fault())
