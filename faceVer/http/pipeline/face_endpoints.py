"""Endpoints that make and compare templates. API Lite and the vendor profile have them, each below its own path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from aiohttp import web

from faceVer.domain.errors import FaceVerError
from faceVer.domain.face_choice import FaceChoice
from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.context import ENGINE, EXECUTOR, SETTINGS
from faceVer.http.pipeline.endpoint import Body, Content, Endpoint, Handler, Lane
from faceVer.http.pipeline.executor import InferenceExecutor
from faceVer.http.pipeline.face_parameter import face_of_query, face_parameters, faces_of_form
from faceVer.http.pipeline.forms.content_types import FORM, IMAGE_TYPES
from faceVer.http.pipeline.forms.parser import Part
from faceVer.http.pipeline.part_spec import Files, PartSpec, read_pair
from faceVer.http.pipeline.receiving import with_form, with_image
from faceVer.http.pipeline.responses import OCTETS, template_response, verify_response
from faceVer.http.pipeline.wire import VerificationForm
from faceVer.media.limits import PixelBudget
from faceVer.services.faces import FaceEngine
from faceVer.services.templates import Vector
from faceVer.settings.model import Settings

TEMPLATE = Content(OCTETS, bytes)
VERIFICATION_FORM = Content(FORM, VerificationForm)


class CallContext(NamedTuple):
    """What a use case needs besides its parts. as_base64: whether the request's own header says base64."""

    engine: FaceEngine
    executor: InferenceExecutor
    settings: Settings
    as_base64: bool

    async def embed_all(self, *samples: Files) -> list[Vector]:
        """The vectors of all pictures of the request, which share its budget of pixels. Raises as the engine does."""
        budget = PixelBudget(self.settings.media.max_folder_pixels)

        def embed(sample: tuple[bytes, FaceChoice | None]) -> Vector:
            return self.engine.embed(sample[0], budget, sample[1])

        return await self.executor.map(embed, [(data, files.face) for files in samples for data in files.data])


UseCase = Callable[[CallContext, Files, Files], Awaitable[web.Response]]


class Comparing(NamedTuple):
    """An endpoint that compares. first, second: the parts of its form, of which the second may occur N times.

    use_case: makes the response; its docstring describes the endpoint. examples: see `Endpoint`.
    """

    first: PartSpec
    second: PartSpec
    use_case: UseCase
    response: Content
    examples: tuple[str, ...] = ()


def face_endpoints(
    base: str, family: ApiFamily, comparing: Mapping[str, Comparing], image_types: frozenset[str] = IMAGE_TYPES
) -> Iterator[Endpoint]:
    """The rows of `extract` and of the endpoints that compare.

    base: the path above them all. comparing: by the last segment of the path. image_types: accepted by `extract`.
    """
    yield Endpoint(
        method="POST",
        path=f"{base}/extract",
        handler=_extract_handler(image_types),
        family=family,
        body=Body.IMAGE,
        models=("faces",),
        responses=(TEMPLATE,),
        query=face_parameters(),
    )
    for name, one in comparing.items():
        yield Endpoint(
            method="POST",
            path=f"{base}/{name}",
            handler=_pair_handler(one.first, one.second, one.use_case),
            family=family,
            lane=Lane.INFERENCE if one.first.is_image or one.second.is_image else Lane.COMPARISON,
            body=Body.FORM,
            parts=(one.first, one.second),
            query=face_parameters((one.first, one.second)),
            models=("faces",),
            responses=(one.response,),
            examples=one.examples,
        )


def _extract_handler(types: frozenset[str]) -> Handler:
    async def extract(request: web.Request) -> web.Response:
        """Make a template from the image that is the request's body."""
        extract = partial(request.app[ENGINE].extract, choice=face_of_query(request))
        template, as_base64 = await with_image(request, extract, types)
        return template_response(template, as_base64=as_base64)

    return extract


def _pair_handler(first: PartSpec, second: PartSpec, use_case: UseCase) -> Handler:
    """The handler of a form: it reads the two kinds of parts, checks them in this order and runs the use case."""

    async def handle(request: web.Request) -> web.Response:
        app, settings = request.app, request.app[SETTINGS]
        engine, executor = app[ENGINE], app[EXECUTOR]

        def read(parts: list[Part]) -> tuple[Files, Files | FaceVerError]:
            chosen = faces_of_form(request, parts, (first, second))
            one, other = read_pair(parts, first, second, settings)
            one = one._replace(face=chosen.get(first.name))
            return one, other._replace(face=chosen.get(second.name)) if isinstance(other, Files) else other

        def images(pair: tuple[Files, Files | FaceVerError]) -> Iterator[bytes]:
            for spec, found in zip((first, second), pair, strict=True):
                if spec.is_image and not isinstance(found, FaceVerError):
                    yield from found.data

        async def respond(pair: tuple[Files, Files | FaceVerError], as_base64: bool) -> web.Response:
            first_files, second_files = pair
            if isinstance(second_files, FaceVerError):
                # Errors in the first part's content have priority (docs/contract.md, Order of checks).
                embed = partial(engine.embed, choice=first_files.face)
                await executor.run(embed if first.is_image else engine.check, first_files.data[0])
                # A new error: the traceback of `second_files` would refer to this frame, which holds it and all parts.
                raise type(second_files)(str(second_files), exposed=second_files.exposed)
            return await use_case(CallContext(engine, executor, settings, as_base64), first_files, second_files)

        return await with_form(request, first.error, read, images, respond)

    handle.__doc__ = use_case.__doc__
    return handle


async def verify(context: CallContext, samples: Files, templates: Files) -> web.Response:
    """Compare a sample with a template; the response also contains the template of the sample."""
    engine = context.engine
    vector, (outcome,) = await context.executor.run(engine.verify, samples.data[0], templates.data, samples.face)
    return verify_response(outcome, context.engine.encode(vector), as_base64=context.as_base64)
