"""Forms of two named parts, the second of them perhaps N times; API Lite and the vendor profile share them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from aiohttp import web

from faceVer.domain.errors import FaceVerError
from faceVer.http.pipeline.context import ENGINE, EXECUTOR, SETTINGS
from faceVer.http.pipeline.endpoint import Handler
from faceVer.http.pipeline.executor import InferenceExecutor
from faceVer.http.pipeline.forms.parser import Part
from faceVer.http.pipeline.part_spec import Files, PartSpec, read_pair
from faceVer.http.pipeline.receiving import with_form
from faceVer.http.pipeline.responses import verify_response
from faceVer.services.faces import FaceEngine
from faceVer.settings.model import Settings


class Call(NamedTuple):
    """What a use case needs besides its parts. as_base64: the request's header said so."""

    engine: FaceEngine
    executor: InferenceExecutor
    settings: Settings
    as_base64: bool


UseCase = Callable[[Call, Files, Files], Awaitable[web.Response]]


def pair_handler(first: PartSpec, second: PartSpec, use_case: UseCase) -> Handler:
    """The handler of a form: read the two kinds of parts, check them in this order, run the use case."""

    async def handle(request: web.Request) -> web.Response:
        app, settings = request.app, request.app[SETTINGS]
        engine, executor = app[ENGINE], app[EXECUTOR]

        def read(parts: list[Part]) -> tuple[Files, Files | FaceVerError]:
            return read_pair(parts, first, second, settings)

        async def respond(pair: tuple[Files, Files | FaceVerError], as_base64: bool) -> web.Response:
            one, other = pair
            if isinstance(other, FaceVerError):
                # Of two errors the client gets the one of the row's first part.
                await executor.run(engine.embed if first.is_image else engine.decode, one.data[0])
                # A new one: this frame, which its traceback refers to, keeps `other` and all parts.
                raise type(other)(str(other), exposed=other.exposed)
            return await use_case(Call(engine, executor, settings, as_base64), one, other)

        return await with_form(request, first.error, read, respond)

    handle.__doc__ = use_case.__doc__
    return handle


async def verify(call: Call, samples: Files, templates: Files) -> web.Response:
    """Compare a sample with a template; the response carries the sample's own template."""
    vector = await call.executor.run(call.engine.embed, samples.data[0])
    outcome = call.engine.verify_n(vector, templates.data)[0]
    return verify_response(outcome, call.engine.encode(vector), as_base64=call.as_base64)
