"""Verification of the vendor profile, /v1/{prefix}/pattern: takes every image type; `compare` returns only a score."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from faceVer.http.pipeline.endpoint import json_content
from faceVer.http.pipeline.face_endpoints import VERIFICATION_FORM, CallContext, Comparing, verify
from faceVer.http.pipeline.forms.content_types import ANY_IMAGE
from faceVer.http.pipeline.part_spec import Files, sample, template
from faceVer.http.pipeline.responses import json_body, plain_decimal
from faceVer.http.pipeline.wire import Score
from faceVer.http.vendor.errors import VERIFICATION

_OCTETS = frozenset({"application/octet-stream"})


async def _compare(context: CallContext, features: Files, templates: Files) -> web.Response:
    """Compare two templates, 1:1. The server runs no inference."""
    score = context.engine.compare(features.data[0], templates.data[0]).score
    return json_body(f'{{"score": {plain_decimal(score)}}}'.encode(), content_type=VERIFICATION.content_type)


_TEMPLATE = template("bio_template", types=_OCTETS)
COMPARING: Mapping[str, Comparing] = {
    "compare": Comparing(template("bio_feature", types=_OCTETS), _TEMPLATE, _compare, json_content(Score)),
    "verify": Comparing(sample("sample", types=ANY_IMAGE), _TEMPLATE, verify, VERIFICATION_FORM),
}
"""By the last segment of the path."""
