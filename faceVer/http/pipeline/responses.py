"""Answers on the wire: errors as they are worded, scores as plain decimals, templates, the verify answer."""

from __future__ import annotations

import io
import json
import re
import secrets
from collections.abc import Iterable
from decimal import Decimal
from json.encoder import encode_basestring_ascii

import pybase64
from aiohttp import web

from faceVer.domain.errors import (
    FaceError,
    FaceVerError,
    MethodError,
    PartTypeError,
    PayloadError,
    RequestTypeError,
    SampleError,
    TooLargeError,
    UnknownPathError,
)
from faceVer.domain.values import Comparison
from faceVer.http.pipeline.messages import status_of, words
from faceVer.matching.scores import SCORE_DIGITS

JSON = "application/json"
OCTETS = "application/octet-stream"
TRANSFER_ENCODING = "Content-Transfer-Encoding"

MAX_NUMBER = 12
"""Characters of a plain decimal; a number that needs more keeps its exponent."""
_EXPONENT = re.compile(r"e[+-]\d")
_MANTISSA = 24
"""Characters that `repr` writes before a float's exponent, at most."""
_STRING_OR_EXPONENT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?\d++(?:\.\d++)?e[+-]\d++')


def error_response(
    error: FaceVerError, *, liveness: bool, language: str, retry_after: int, status: int | None = None
) -> web.Response:
    """An error as the contract answers it: {"code", "message"}."""
    code = error.liveness if liveness else error.pattern
    message = words(code, language) + (f": {error.exposed}" if error.exposed else "")
    response = json_response({"code": code, "message": message}, status=status or status_of(code))
    if response.status == 503:
        response.headers["Retry-After"] = str(retry_after)
    return response


def instant_response(error: FaceVerError, *, language: str, retry_after: int) -> web.Response:
    """An error in the full API's shape, section 7 of the contract."""
    number, status = _instant(error)
    text = words(error.liveness, language)
    details = {"field": error.exposed} if error.exposed else None
    response = json_response({"error_code": number, "error_message": text, "details": details}, status=status)
    if status == 503:
        response.headers["Retry-After"] = str(retry_after)
    if isinstance(error, MethodError):
        response.headers["Allow"] = ", ".join(error.allowed)
    return response


def _instant(error: FaceVerError) -> tuple[int, int]:
    """(the full API's error code, HTTP status)."""
    if isinstance(error, PayloadError):
        return error.kind, 400
    if isinstance(error, MethodError):
        return 1, 405
    if isinstance(error, UnknownPathError):
        return 10, 404
    if isinstance(error, (RequestTypeError, PartTypeError)):
        return PayloadError.TYPE, 400
    if isinstance(error, (SampleError, TooLargeError, FaceError)):
        return PayloadError.VALUE, status_of(error.liveness)
    return 0, status_of(error.liveness)


def json_response(body: object, status: int = 200) -> web.Response:
    return json_body(json_bytes(body), status)


def json_body(body: bytes, status: int = 200) -> web.Response:
    """JSON that is written already."""
    return web.Response(body=body, status=status, content_type=JSON)


def json_bytes(body: object) -> bytes:
    """JSON in ASCII with every number a plain decimal (0.000031, never 3.1e-05), but for those that would be long.

    ASCII, since the contract's Content-Type has no charset, and old clients take Latin-1 for granted then.
    """
    text = json.dumps(body)
    if _has_exponents(text):
        text = _without_exponents(text)
    return text.encode()


def _has_exponents(text: str) -> bool:
    """Whether there may be a number with an exponent. Quick, since long documents are pictures as base64."""
    for found in _EXPONENT.finditer(text):
        before = text[max(0, found.start() - _MANTISSA) : found.start()]
        rest = before.rstrip("0123456789.-")
        if rest != before and rest[-1:] in ("", " ", "["):
            return True
    return False


def _without_exponents(text: str) -> str:
    out, at = io.StringIO(), 0
    for match in _STRING_OR_EXPONENT.finditer(text):
        if match[0].startswith('"'):
            continue
        number = format(Decimal(match[0]), "f")
        # A client's own 1e-320 would become fifty times as long, in every place where it is echoed.
        if len(number) <= MAX_NUMBER:
            out.write(text[at : match.start()])
            out.write(number)
            at = match.end()
    out.write(text[at:])
    return out.getvalue()


def plain(score: float) -> str:
    """A score as a plain decimal of at most six digits: 1.0, 0.85, 0.000031, never an exponent."""
    text = f"{score:.{SCORE_DIGITS}f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def comparison_response(outcome: Comparison) -> web.Response:
    return json_body(f"{{{_outcome(outcome)}}}".encode())


def results_bytes(names: Iterable[str], outcomes: Iterable[Comparison]) -> bytes:
    """The 1:N answer, in the order of the request's parts."""
    rows = [
        f'{{"filename": {encode_basestring_ascii(name)}, {_outcome(outcome)}}}'
        for name, outcome in zip(names, outcomes, strict=True)
    ]
    return f'{{"results": [{", ".join(rows)}]}}'.encode()


def template_response(template: bytes, *, as_base64: bool) -> web.Response:
    body, headers = _template(template, as_base64)
    return web.Response(body=body, content_type=OCTETS, headers=headers)


def verify_response(outcome: Comparison, template: bytes, *, as_base64: bool) -> web.Response:
    """multipart/form-data of `score` and `bio_feature`."""
    body, headers = _template(template, as_base64)
    boundary = secrets.token_hex(16)
    extra = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="score"\r\nContent-Type: {JSON}\r\n\r\n'
        f'{{"score": {plain(outcome.score)}}}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="bio_feature"\r\nContent-Type: {OCTETS}\r\n'
        f"{extra}\r\n"
    )
    return web.Response(
        body=head.encode() + body + f"\r\n--{boundary}--\r\n".encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )


def _outcome(outcome: Comparison) -> str:
    return f'"score": {plain(outcome.score)}, "decision": "{outcome.decision}"'


def _template(template: bytes, as_base64: bool) -> tuple[bytes, dict[str, str]]:
    return (pybase64.b64encode(template), {TRANSFER_ENCODING: "base64"}) if as_base64 else (template, {})
