"""/v1/face/pattern/*: a table of endpoints; each row is its parts, in the contract's order, and its use case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aiohttp import web

from faceVer.domain.errors import FaceVerError, PartTypeError, SampleError, TemplateError, TooLargeError
from faceVer.domain.values import Comparison
from faceVer.http.pipeline import responses
from faceVer.http.pipeline.context import BUDGET, ENGINE, POOL, SETTINGS
from faceVer.http.pipeline.executor import InferencePool
from faceVer.http.pipeline.forms.content_types import IMAGE_TYPES, TEMPLATE_TYPES, media_type
from faceVer.http.pipeline.forms.parser import Part
from faceVer.http.pipeline.forms.reading import form_parts, image_body, unpack
from faceVer.http.pipeline.forms.transfer_encoding import decoded, decoded_body
from faceVer.observability.timings import stage
from faceVer.services.faces import FaceEngine, Vector
from faceVer.settings.model import Settings

# Up to this many templates a comparison takes less time than handing it to a thread.
INLINE = 32


@dataclass(frozen=True, slots=True)
class PartSpec:
    """A part an endpoint asks for. many: N of them, at least one; else exactly one."""

    name: str
    types: frozenset[str]
    error: type[FaceVerError]
    many: bool = False


def _sample(name: str, many: bool = False) -> PartSpec:
    return PartSpec(name, IMAGE_TYPES, SampleError, many)


def _template(name: str, many: bool = False) -> PartSpec:
    return PartSpec(name, TEMPLATE_TYPES, TemplateError, many)


class Files(NamedTuple):
    """The parts of one spec: their bytes, decoded from base64, and the names the answer gives them."""

    data: list[bytes]
    names: list[str]


class Call(NamedTuple):
    """What a use case needs besides its parts. as_base64: the request's header said so."""

    engine: FaceEngine
    pool: InferencePool
    settings: Settings
    as_base64: bool


UseCase = Callable[[Call, Files, Files], Awaitable[web.Response]]


async def extract(request: web.Request) -> web.Response:
    """POST extract: the body is the image, the answer the template."""
    app, settings = request.app, request.app[SETTINGS]
    with app[BUDGET].reserve() as reservation:
        body, encoded = await image_body(request, reservation)
        engine = app[ENGINE]
        async with app[POOL].admit():
            template = await app[POOL].run(lambda: engine.extract(decoded_body(body, encoded, settings)))
    return responses.template_response(template, as_base64=bool(encoded))


async def _compare(call: Call, features: Files, templates: Files) -> web.Response:
    return responses.comparison_response(call.engine.compare(features.data[0], templates.data[0]))


async def _verify(call: Call, samples: Files, templates: Files) -> web.Response:
    vector = await call.pool.run(call.engine.embed, samples.data[0])
    outcome = call.engine.verify_n(vector, templates.data)[0]
    return responses.verify_response(outcome, call.engine.encode(vector), as_base64=call.as_base64)


async def _extract_and_compare(call: Call, left: Files, right: Files) -> web.Response:
    vectors = await call.pool.map(call.engine.embed, [left.data[0], right.data[0]])
    return responses.comparison_response(call.engine.match(vectors[0], vectors[1:])[0])


async def _compare_n(call: Call, template: Files, templates: Files) -> web.Response:
    return await _results(call, templates, lambda: call.engine.compare_n(template.data[0], templates.data))


async def _verify_n(call: Call, sample: Files, templates: Files) -> web.Response:
    vector = await call.pool.run(call.engine.embed, sample.data[0])
    return await _results(call, templates, lambda: call.engine.verify_n(vector, templates.data))


async def _extract_and_compare_n(call: Call, sample: Files, samples: Files) -> web.Response:
    if len(samples.data) > call.settings.limits.max_samples:
        raise TooLargeError(f"{len(samples.data)} samples, at most {call.settings.limits.max_samples} are allowed")
    vectors = await call.pool.map(call.engine.embed, [sample.data[0], *samples.data])
    return await _results(call, samples, lambda: call.engine.match(vectors[0], vectors[1:]))


ENDPOINTS: dict[str, tuple[PartSpec, PartSpec, UseCase]] = {
    "compare": (_template("bio_feature"), _template("bio_template"), _compare),
    "verify": (_sample("sample"), _template("bio_template"), _verify),
    "extract_and_compare": (_sample("sample_1"), _sample("sample_2"), _extract_and_compare),
    "compare_n": (_template("template_1"), _template("templates_n", many=True), _compare_n),
    "verify_n": (_sample("sample_1"), _template("templates_n", many=True), _verify_n),
    "extract_and_compare_n": (_sample("sample_1"), _sample("samples_n", many=True), _extract_and_compare_n),
}


def multipart_handler(
    first: PartSpec, second: PartSpec, use_case: UseCase
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of a multipart endpoint: read the parts, check them in the row's order, run the use case."""

    async def handle(request: web.Request) -> web.Response:
        app, settings = request.app, request.app[SETTINGS]
        with app[BUDGET].reserve() as reservation:
            parts, encoded = await form_parts(request, reservation, first.error)
            async with app[POOL].admit():
                call = Call(app[ENGINE], app[POOL], settings, encoded)
                one, other = await unpack(call.pool, parts, lambda: _both(parts, first, second, settings))
                if isinstance(other, FaceVerError):
                    # Two problems at once: what is wrong with the row's first part is told first.
                    await call.pool.run(_reader(call.engine, first), one.data[0])
                    raise other
                parts.clear()
                return await use_case(call, one, other)

    return handle


def _reader(engine: FaceEngine, spec: PartSpec) -> Callable[[bytes], Vector]:
    return engine.embed if spec.types is IMAGE_TYPES else engine.decode


def _both(
    parts: Sequence[Part], first: PartSpec, second: PartSpec, settings: Settings
) -> tuple[Files, Files | FaceVerError]:
    """The files of both specs, or what is wrong with the second's. Raises what is wrong with the first's."""
    with stage("unpack"):
        one = _files(parts, first, settings)
        try:
            return one, _files(parts, second, settings)
        except FaceVerError as error:
            return one, error


def _files(parts: Sequence[Part], spec: PartSpec, settings: Settings) -> Files:
    """The parts of one spec, checked and decoded from base64. Raises the spec's error, PartTypeError, TooLargeError."""
    found = [part for part in parts if part.name == spec.name]
    if not found or (len(found) > 1 and not spec.many):
        raise spec.error(f"part {spec.name} is {'sent twice' if found else 'missing'}", exposed=spec.name)
    for content_type in {part.content_type: None for part in found}:  # thousands of parts state one type
        if content_type is not None and media_type(content_type) not in spec.types:
            raise PartTypeError(f"part {spec.name} has Content-Type {content_type!r}")
    data = [
        decoded(part.data, part.encoding, settings, spec.error, spec.name) if part.encoding else part.data
        for part in found
    ]
    return Files(
        data, [str(number) if part.filename is None else part.filename for number, part in enumerate(found, 1)]
    )


async def _results(call: Call, many: Files, compare: Callable[[], list[Comparison]]) -> web.Response:
    """The 1:N answer for `many`: compared and written on a thread, where that would hold up the event loop."""

    def work() -> bytes:
        return responses.results_bytes(many.names, compare())

    return responses.json_body(work() if len(many.data) <= INLINE else await call.pool.run(work))
