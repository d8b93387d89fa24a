"""Verification of the vendor profile, /v1/{prefix}/pattern: takes every image type; `compare` returns only a score."""

from __future__ import annotations

from aiohttp import web

from faceVer.http.pipeline.comparison_forms import CallContext, pair_handler, verify
from faceVer.http.pipeline.context import ENGINE
from faceVer.http.pipeline.endpoint import Body, Content, Endpoint, Handler, Lane, json_content
from faceVer.http.pipeline.forms.content_types import ANY_IMAGE, FORM
from faceVer.http.pipeline.part_spec import Files, sample, template
from faceVer.http.pipeline.receiving import with_image
from faceVer.http.pipeline.responses import OCTETS, json_body, plain_decimal, template_response
from faceVer.http.pipeline.wire import Score, VerificationForm
from faceVer.http.vendor.errors import VERIFICATION

_OCTETS = frozenset({"application/octet-stream"})
_COMPARE = (template("bio_feature", types=_OCTETS), template("bio_template", types=_OCTETS))
VERIFICATION_FORM = Content(FORM, VerificationForm)
_VERIFY = (sample("sample", types=ANY_IMAGE), template("bio_template", types=_OCTETS))


async def extract(request: web.Request) -> web.Response:
    """Make a template from the image that is the request's body."""
    extracted, as_base64 = await with_image(request, request.app[ENGINE].extract, ANY_IMAGE)
    return template_response(extracted, as_base64=as_base64)


async def _compare(context: CallContext, features: Files, templates: Files) -> web.Response:
    """Compare two templates, 1:1. The server runs no inference."""
    score = context.engine.compare(features.data[0], templates.data[0]).score
    return json_body(f'{{"score": {plain_decimal(score)}}}'.encode(), content_type=VERIFICATION.content_type)


def base(prefix: str) -> str:
    """The path that all verification endpoints are below. prefix: an entry of FACEVER_VENDOR_PREFIX; "." = none."""
    return "/v1/pattern" if prefix == "." else f"/v1/{prefix}/pattern"


def endpoints(prefix: str) -> tuple[Endpoint, ...]:
    """The verification endpoints of one prefix, without health."""

    def row(name: str, handler: Handler, **more: object) -> Endpoint:
        return Endpoint(
            method="POST",
            path=f"{base(prefix)}/{name}",
            handler=handler,
            family=VERIFICATION,
            models=("faces",),
            **more,  # type: ignore[arg-type]
        )

    score = (json_content(Score),)
    return (
        row("extract", extract, body=Body.IMAGE, responses=(Content(OCTETS, bytes),)),
        row(
            "compare",
            pair_handler(*_COMPARE, _compare),
            body=Body.FORM,
            parts=_COMPARE,
            lane=Lane.COMPARISON,
            responses=score,
        ),
        row("verify", pair_handler(*_VERIFY, verify), body=Body.FORM, parts=_VERIFY, responses=(VERIFICATION_FORM,)),
    )
