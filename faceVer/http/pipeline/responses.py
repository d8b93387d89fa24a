"""Responses of success: JSON with plain decimals, comparison results, templates, and the form of `verify`."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from json.encoder import encode_basestring

import pybase64
from aiohttp import web

from faceVer.domain.values import Comparison
from faceVer.matching.scores import SCORE_DIGITS
from faceVer.services.wire_json import json_bytes

JSON = "application/json"
OCTETS = "application/octet-stream"
TRANSFER_ENCODING = "Content-Transfer-Encoding"


def json_response(body: object, status: int = 200, content_type: str = JSON) -> web.Response:
    return json_body(json_bytes(body), status, content_type)


def json_body(body: bytes, status: int = 200, content_type: str = JSON) -> web.Response:
    """A response whose body is JSON text already."""
    return web.Response(body=body, status=status, headers={"Content-Type": content_type})


def plain_decimal(score: float) -> str:
    """A score as a plain decimal of at most six digits: 1.0, 0.85, 0.000031, never an exponent."""
    text = f"{score:.{SCORE_DIGITS}f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def comparison_response(outcome: Comparison) -> web.Response:
    return json_body(f"{{{_comparison_fields(outcome)}}}".encode())


def results_bytes(names: Iterable[str], outcomes: Iterable[Comparison]) -> bytes:
    """The JSON of a 1:N comparison, in the order of the request's parts."""
    rows = [
        f'{{"filename": {encode_basestring(name)}, {_comparison_fields(outcome)}}}'
        for name, outcome in zip(names, outcomes, strict=True)
    ]
    return f'{{"results": [{", ".join(rows)}]}}'.encode("utf-8", "backslashreplace")


def template_response(template: bytes, *, as_base64: bool) -> web.Response:
    body, headers = _encoded_template(template, as_base64)
    return web.Response(body=body, content_type=OCTETS, headers=headers)


def verify_response(outcome: Comparison, template: bytes, *, as_base64: bool) -> web.Response:
    """A multipart/form-data response with the parts `score` and `bio_feature`."""
    body, headers = _encoded_template(template, as_base64)
    boundary = secrets.token_hex(16)
    extra = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="score"\r\nContent-Type: {JSON}\r\n\r\n'
        f'{{"score": {plain_decimal(outcome.score)}}}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="bio_feature"\r\nContent-Type: {OCTETS}\r\n'
        f"{extra}\r\n"
    )
    return web.Response(
        body=head.encode() + body + f"\r\n--{boundary}--\r\n".encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )


def _comparison_fields(outcome: Comparison) -> str:
    return f'"score": {plain_decimal(outcome.score)}, "decision": "{outcome.decision}"'


def _encoded_template(template: bytes, as_base64: bool) -> tuple[bytes, dict[str, str]]:
    """(a template as the response's body, the headers that say how it is encoded)."""
    return (pybase64.b64encode(template), {TRANSFER_ENCODING: "base64"}) if as_base64 else (template, {})
