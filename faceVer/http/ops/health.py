"""Health: a real, recent inference on a thread of its own, never queued behind user traffic."""

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
    """200 with status 0 where there is no fault, else 503 with status 3 and the fault as the message."""
    return json_response(Health(status=INOPERATIVE if fault else WORKS, message=fault), status=503 if fault else 200)


class HealthCheck:
    """Runs `probe` at most once per `ttl` seconds; concurrent callers share a run. timeout: seconds a run may take."""

    def __init__(self, name: str, probe: Callable[[], None], ttl: float, timeout: float) -> None:
        self._name, self._probe, self._ttl, self._timeout = name, probe, ttl, timeout
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"health-{name}")
        self._run: asyncio.Future[None] | None = None
        self._answer: tuple[float, str] | None = None

    async def message(self) -> str:
        """The fault, "" where the processor works."""
        now = asyncio.get_running_loop().time
        if self._answer is not None and now() - self._answer[0] < self._ttl:
            return self._answer[1]
        try:
            if self._run is None or self._run.done():
                # Where there is no memory for a thread, this fails.
                self._run = asyncio.get_running_loop().run_in_executor(self._executor, self._probe)
            # A run that hangs stays the current one: no further threads pile up behind it.
            await asyncio.wait_for(asyncio.shield(self._run), self._timeout)
            text = ""
        except TimeoutError:
            text = f"the {self._name} models did not answer within {self._timeout:g} s"
        except FaceVerError as error:
            log.exception("health of %s", self._name)
            text = f"the {self._name} models fail ({type(error).__name__})"
        except Exception as error:
            log.exception("health of %s", self._name)
            text = f"the {self._name} processor fails ({type(error).__name__})"
        self._answer = now(), text
        return text

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


FACES_HEALTH = web.AppKey("faces_health", HealthCheck)
LIVENESS_HEALTH = web.AppKey("liveness_health", HealthCheck)


async def faces_health(request: web.Request) -> web.Response:
    """Say whether the models of faces work."""
    return health_response(await request.app[FACES_HEALTH].message())


async def liveness_health(request: web.Request) -> web.Response:
    """Say whether the liveness models work."""
    return health_response(await request.app[LIVENESS_HEALTH].message())
