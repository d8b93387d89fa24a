"""/v1/face/pattern: 1:1 and 1:N comparison. Use cases take parts in the order of docs/contract.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web

from faceVer.domain import values
from faceVer.domain.errors import TooLargeError
from faceVer.http.lite.models import Comparison, Matches
from faceVer.http.pipeline import responses
from faceVer.http.pipeline.endpoint import json_content
from faceVer.http.pipeline.face_endpoints import VERIFICATION_FORM, CallContext, Comparing, verify
from faceVer.http.pipeline.part_spec import Files, sample, template

# To compare up to this many templates takes less time than to hand the comparison to a thread.
INLINE = 32


async def _compare(context: CallContext, features: Files, templates: Files) -> web.Response:
    """Compare two templates, 1:1. The request contains no image, and the server runs no inference."""
    return responses.comparison_response(context.engine.compare(features.data[0], templates.data[0]))


async def _extract_and_compare(context: CallContext, left: Files, right: Files) -> web.Response:
    """Compare two images, 1:1."""
    vectors = await context.embed_all(left, right)
    return responses.comparison_response(context.engine.match(vectors[0], vectors[1:])[0])


async def _compare_n(context: CallContext, probe: Files, templates: Files) -> web.Response:
    """Compare a template with N templates. The server runs no inference."""
    return await _results(context, templates, lambda: context.engine.compare_n(probe.data[0], templates.data))


async def _verify_n(context: CallContext, probe: Files, templates: Files) -> web.Response:
    """Compare an image with N templates."""

    def work() -> bytes:
        _, compared = context.engine.verify(probe.data[0], templates.data, probe.face)
        return responses.results_bytes(templates.names, compared)

    return responses.json_body(await context.executor.run(work))


async def _extract_and_compare_n(context: CallContext, probe: Files, samples: Files) -> web.Response:
    """Compare an image with N images. One unusable image rejects the request."""
    limit = context.settings.limits.max_samples
    if len(samples.data) > limit:
        raise TooLargeError(f"{len(samples.data)} samples, at most {limit} are allowed")
    vectors = await context.embed_all(probe, samples)
    return await _results(context, samples, lambda: context.engine.match(vectors[0], vectors[1:]))


_ONE, _MANY = json_content(Comparison), json_content(Matches)
COMPARING: Mapping[str, Comparing] = {
    "compare": Comparing(template("bio_feature"), template("bio_template"), _compare, _ONE, ("compare",)),
    "verify": Comparing(sample("sample"), template("bio_template"), verify, VERIFICATION_FORM),
    "extract_and_compare": Comparing(
        sample("sample_1"), sample("sample_2"), _extract_and_compare, _ONE, ("extract_and_compare",)
    ),
    "compare_n": Comparing(
        template("template_1"), template("templates_n", many=True), _compare_n, _MANY, ("compare_n",)
    ),
    "verify_n": Comparing(sample("sample_1"), template("templates_n", many=True), _verify_n, _MANY, ("verify_n",)),
    "extract_and_compare_n": Comparing(
        sample("sample_1"), sample("samples_n", many=True), _extract_and_compare_n, _MANY, ("extract_and_compare_n",)
    ),
}
"""By the last segment of the path below /v1/face/pattern."""


async def _results(context: CallContext, many: Files, compare: Callable[[], list[values.Comparison]]) -> web.Response:
    """The 1:N response for the parts `many`. `compare` runs on a thread if it would block the event loop for long."""

    def work() -> bytes:
        return responses.results_bytes(many.names, compare())

    return responses.json_body(work() if len(many.data) <= INLINE else await context.executor.run(work))
