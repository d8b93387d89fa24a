"""Parsers of the responses of the face and liveness methods. They raise UnreadableError only."""

from __future__ import annotations

import binascii
import re

from faceVer.client.content_types import OCTET_STREAM
from faceVer.client.response import Response, UnreadableError, json_object, objects, optional, required
from faceVer.client.results import Comparison, Health, Liveness, Match, Model, Verification, Version

_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;\s"]+))', re.IGNORECASE)
_PART_NAME = re.compile(r';\s*name\s*=\s*(?:"([^"]*)"|([^;\s"]+))', re.IGNORECASE)
TRANSFER_ENCODING = "Content-Transfer-Encoding"


def version(response: Response) -> Version:
    document = response.document()
    models = tuple(
        Model(required(model, "name", str), optional(model, "version", str) or "")
        for model in objects(document, "models")
    )
    return Version(required(document, "core", str), optional(document, "tfss", str) or "", models)


def health(response: Response) -> Health:
    document = response.document()
    return Health(required(document, "status", int), optional(document, "message", str) or "")


def comparison(response: Response) -> Comparison:
    document = response.document()
    return Comparison(required(document, "score", float), required(document, "decision", str))


def liveness(response: Response) -> Liveness:
    document = response.document()
    return Liveness(required(document, "passed", bool), required(document, "score", float))


def matches(response: Response, count: int, offset: int = 0) -> list[Match]:
    """The results of 1:N. count: how many are expected. offset: index of the first."""
    rows = objects(response.document(), "results")
    if len(rows) != count:
        raise UnreadableError(f"{len(rows)} results for {count} files")
    return [
        Match(
            optional(row, "filename", str) or "", required(row, "score", float), required(row, "decision", str), index
        )
        for index, row in enumerate(rows, offset)
    ]


def template(response: Response, *, encoded: bool) -> bytes:
    """The template that is the body. encoded: the request was in base64."""
    if response.content_type != OCTET_STREAM:
        raise UnreadableError("not a template")
    return _template(response.body, response.headers.get(TRANSFER_ENCODING.lower()), encoded)


def verification(response: Response, *, encoded: bool) -> Verification:
    """The score and the template of a multipart response. encoded: the request was in base64."""
    parts = form_parts(response)
    if "score" not in parts or "bio_feature" not in parts:
        raise UnreadableError("the response has no score or no bio_feature")
    headers, data = parts["bio_feature"]
    score = required(json_object(parts["score"][1]), "score", float)
    return Verification(score, _template(data, headers.get(TRANSFER_ENCODING.lower()), encoded))


def form_parts(response: Response) -> dict[str, tuple[dict[str, str], bytes]]:
    """The parts of a multipart response by name: (headers by lower-case name, data). Of equal names the first."""
    found = _BOUNDARY.search(response.headers.get("content-type", ""))
    if not response.content_type.startswith("multipart/") or found is None:
        raise UnreadableError("not a multipart response")
    boundary = re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]
    delimiter = b"\r\n--" + boundary.encode("utf-8", "replace")
    sections = (b"\r\n" + response.body).split(delimiter)[1:]
    if not sections or not sections[-1].startswith(b"--"):
        raise UnreadableError("the multipart response is cut short")
    parts: dict[str, tuple[dict[str, str], bytes]] = {}
    for section in sections[:-1]:
        head, blank, data = section.partition(b"\r\n\r\n")
        if not blank:
            raise UnreadableError("a part of the response has no headers")
        lines = (line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n"))
        headers = {name.strip().lower(): value.strip() for name, colon, value in lines if colon}
        name = _PART_NAME.search(headers.get("content-disposition", ""))
        if name is not None:
            parts.setdefault(name[1] if name[1] is not None else name[2], (headers, data))
    return parts


def _template(data: bytes, transfer_encoding: str | None, encoded: bool) -> bytes:
    """transfer_encoding: the response's; without one, its encoding is the request's."""
    if transfer_encoding is not None:
        encoded = transfer_encoding.strip().lower() == "base64"
    result = decode_base64(data, "the template") if encoded else data
    if not result:
        raise UnreadableError("the template is empty")
    return result


def decode_base64(data: bytes | str, name: str) -> bytes:
    """Decode standard base64, on one line or several. name: of the data, for the message."""
    try:
        text = data.encode("ascii") if isinstance(data, str) else data
        return binascii.a2b_base64(b"".join(text.split()), strict_mode=True)
    except ValueError:  # also for a text that is not ASCII
        raise UnreadableError(f"{name} is not base64") from None
