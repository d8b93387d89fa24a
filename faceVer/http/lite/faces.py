"""/v1/face/pattern: templates, 1:1 and 1:N comparison. Use cases take parts in the order of docs/contract.md."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from faceVer.domain.errors import TooLargeError
from faceVer.domain.values import Comparison
from faceVer.http.lite import models
from faceVer.http.pipeline import responses
from faceVer.http.pipeline.comparison_forms import CallContext, UseCase, verify
from faceVer.http.pipeline.context import ENGINE
from faceVer.http.pipeline.endpoint import Content, json_content
from faceVer.http.pipeline.forms.content_types import FORM
from faceVer.http.pipeline.part_spec import Files, PartSpec, sample, template
from faceVer.http.pipeline.receiving import with_image
from faceVer.http.pipeline.wire import VerificationForm

# To compare up to this many templates takes less time than to hand the comparison to a thread.
INLINE = 32


async def extract(request: web.Request) -> web.Response:
    """Make a template from the image that is the request's body."""
    extracted, as_base64 = await with_image(request, request.app[ENGINE].extract)
    return responses.template_response(extracted, as_base64=as_base64)


async def _compare(context: CallContext, features: Files, templates: Files) -> web.Response:
    """Compare two templates, 1:1. The request contains no image, and the server runs no inference."""
    return responses.comparison_response(context.engine.compare(features.data[0], templates.data[0]))


async def _extract_and_compare(context: CallContext, left: Files, right: Files) -> web.Response:
    """Compare two images, 1:1."""
    vectors = await context.executor.map(context.engine.embed, [left.data[0], right.data[0]])
    return responses.comparison_response(context.engine.match(vectors[0], vectors[1:])[0])


async def _compare_n(context: CallContext, probe: Files, templates: Files) -> web.Response:
    """Compare a template with N templates. The server runs no inference."""
    return await _results(context, templates, lambda: context.engine.compare_n(probe.data[0], templates.data))


async def _verify_n(context: CallContext, probe: Files, templates: Files) -> web.Response:
    """Compare an image with N templates."""
    vector = await context.executor.run(context.engine.embed, probe.data[0])
    return await _results(context, templates, lambda: context.engine.verify_n(vector, templates.data))


async def _extract_and_compare_n(context: CallContext, probe: Files, samples: Files) -> web.Response:
    """Compare an image with N images. One unusable image rejects the request."""
    limit = context.settings.limits.max_samples
    if len(samples.data) > limit:
        raise TooLargeError(f"{len(samples.data)} samples, at most {limit} are allowed")
    vectors = await context.executor.map(context.engine.embed, [probe.data[0], *samples.data])
    return await _results(context, samples, lambda: context.engine.match(vectors[0], vectors[1:]))


USE_CASES: dict[str, tuple[PartSpec, PartSpec, UseCase]] = {
    "compare": (template("bio_feature"), template("bio_template"), _compare),
    "verify": (sample("sample"), template("bio_template"), verify),
    "extract_and_compare": (sample("sample_1"), sample("sample_2"), _extract_and_compare),
    "compare_n": (template("template_1"), template("templates_n", many=True), _compare_n),
    "verify_n": (sample("sample_1"), template("templates_n", many=True), _verify_n),
    "extract_and_compare_n": (sample("sample_1"), sample("samples_n", many=True), _extract_and_compare_n),
}
"""Last segment of the path below /v1/face/pattern -> the parts of the form in order, and the use case."""
RESPONSES: dict[str, Content] = {
    "compare": json_content(models.Comparison),
    "verify": Content(FORM, VerificationForm),
    "extract_and_compare": json_content(models.Comparison),
    "compare_n": json_content(models.Matches),
    "verify_n": json_content(models.Matches),
    "extract_and_compare_n": json_content(models.Matches),
}


async def _results(context: CallContext, many: Files, compare: Callable[[], list[Comparison]]) -> web.Response:
    """The 1:N response for the parts `many`. `compare` runs on a thread if it would block the event loop for long."""

    def work() -> bytes:
        return responses.results_bytes(many.names, compare())

    return responses.json_body(work() if len(many.data) <= INLINE else await context.executor.run(work))
