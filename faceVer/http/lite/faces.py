"""/v1/face/pattern: templates, 1:1 and 1:N comparison. Each use case takes its parts in the contract's order."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from faceVer.domain.errors import TooLargeError
from faceVer.domain.values import Comparison
from faceVer.http.lite import models
from faceVer.http.pipeline import responses
from faceVer.http.pipeline.comparison_forms import Call, UseCase, verify
from faceVer.http.pipeline.context import ENGINE
from faceVer.http.pipeline.endpoint import Content, json_content
from faceVer.http.pipeline.forms.content_types import FORM
from faceVer.http.pipeline.part_spec import Files, PartSpec, sample, template
from faceVer.http.pipeline.receiving import with_image
from faceVer.http.pipeline.wire import VerificationForm

# A comparison of up to this many templates takes less time than handing it to a thread.
INLINE = 32


async def extract(request: web.Request) -> web.Response:
    """Make a template from the image that is the request's body."""
    made, as_base64 = await with_image(request, request.app[ENGINE].extract)
    return responses.template_response(made, as_base64=as_base64)


async def _compare(call: Call, features: Files, templates: Files) -> web.Response:
    """Compare two templates, 1:1. No image is needed, and no inference is made."""
    return responses.comparison_response(call.engine.compare(features.data[0], templates.data[0]))


async def _extract_and_compare(call: Call, left: Files, right: Files) -> web.Response:
    """Compare two images, 1:1."""
    vectors = await call.executor.map(call.engine.embed, [left.data[0], right.data[0]])
    return responses.comparison_response(call.engine.match(vectors[0], vectors[1:])[0])


async def _compare_n(call: Call, probe: Files, templates: Files) -> web.Response:
    """Compare a template with N templates. No inference is made."""
    return await _results(call, templates, lambda: call.engine.compare_n(probe.data[0], templates.data))


async def _verify_n(call: Call, probe: Files, templates: Files) -> web.Response:
    """Compare an image with N templates."""
    vector = await call.executor.run(call.engine.embed, probe.data[0])
    return await _results(call, templates, lambda: call.engine.verify_n(vector, templates.data))


async def _extract_and_compare_n(call: Call, probe: Files, samples: Files) -> web.Response:
    """Compare an image with N images. One unusable image rejects the request."""
    most = call.settings.limits.max_samples
    if len(samples.data) > most:
        raise TooLargeError(f"{len(samples.data)} samples, at most {most} are allowed")
    vectors = await call.executor.map(call.engine.embed, [probe.data[0], *samples.data])
    return await _results(call, samples, lambda: call.engine.match(vectors[0], vectors[1:]))


USE_CASES: dict[str, tuple[PartSpec, PartSpec, UseCase]] = {
    "compare": (template("bio_feature"), template("bio_template"), _compare),
    "verify": (sample("sample"), template("bio_template"), verify),
    "extract_and_compare": (sample("sample_1"), sample("sample_2"), _extract_and_compare),
    "compare_n": (template("template_1"), template("templates_n", many=True), _compare_n),
    "verify_n": (sample("sample_1"), template("templates_n", many=True), _verify_n),
    "extract_and_compare_n": (sample("sample_1"), sample("samples_n", many=True), _extract_and_compare_n),
}
"""Name below /v1/face/pattern -> its parts in order, and its use case."""
RESPONSES: dict[str, Content] = {
    "compare": json_content(models.Comparison),
    "verify": Content(FORM, VerificationForm),
    "extract_and_compare": json_content(models.Comparison),
    "compare_n": json_content(models.Matches),
    "verify_n": json_content(models.Matches),
    "extract_and_compare_n": json_content(models.Matches),
}


async def _results(call: Call, many: Files, compare: Callable[[], list[Comparison]]) -> web.Response:
    """The 1:N response for `many`, on a thread where comparing and encoding would hold up the event loop."""

    def work() -> bytes:
        return responses.results_bytes(many.names, compare())

    return responses.json_body(work() if len(many.data) <= INLINE else await call.executor.run(work))
