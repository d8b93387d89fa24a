"""Answers of the pattern and liveness methods, parsed. Everything here raises UnreadableError and nothing else."""

from __future__ import annotations

import binascii
import re
from typing import Any

from faceVer.client.answer import (
    Answer,
    UnreadableError,
    flag_of,
    json_object,
    list_of,
    number_of,
    object_of,
    text_of,
    whole_of,
)
from faceVer.client.kinds import OCTETS
from faceVer.client.results import Comparison, Health, Liveness, Match, Model, Verification, Version

_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;\s"]+))', re.IGNORECASE)
_PART_NAME = re.compile(r';\s*name\s*=\s*(?:"([^"]*)"|([^;\s"]+))', re.IGNORECASE)
TRANSFER_ENCODING = "Content-Transfer-Encoding"


def version(answer: Answer) -> Version:
    document = answer.document()
    models = [object_of(model, "a model") for model in list_of(document, "models")]
    return Version(
        text_of(document, "core"),
        text_of(document, "tfss", ""),
        tuple(Model(text_of(model, "name"), text_of(model, "version", "")) for model in models),
    )


def health(answer: Answer) -> Health:
    document = answer.document()
    status = whole_of(document, "status")
    if status is None:
        raise UnreadableError("status is missing")
    return Health(status, text_of(document, "message", ""))


def comparison(answer: Answer) -> Comparison:
    document = answer.document()
    return Comparison(number_of(document, "score"), text_of(document, "decision"))


def liveness(answer: Answer) -> Liveness:
    document = answer.document()
    return Liveness(flag_of(document, "passed"), number_of(document, "score"))


def matches(answer: Answer, count: int, offset: int = 0) -> list[Match]:
    """The results of 1:N. count: as many as were asked for. offset: the index of the first."""
    rows = list_of(answer.document(), "results")
    if len(rows) != count:
        raise UnreadableError(f"{len(rows)} results for {count} files")
    return [_match(object_of(row, "a result"), index) for index, row in enumerate(rows, offset)]


def _match(row: dict[str, Any], index: int) -> Match:
    return Match(text_of(row, "filename", ""), number_of(row, "score"), text_of(row, "decision"), index)


def template(answer: Answer, *, encoded: bool) -> bytes:
    """The template that the body is. encoded: the request asked for base64."""
    if answer.content_type != OCTETS:
        raise UnreadableError("not a template")
    return _template(answer.body, answer.headers.get(TRANSFER_ENCODING.lower()), encoded)


def verification(answer: Answer, *, encoded: bool) -> Verification:
    """The score and the template of a multipart answer. encoded: the request asked for base64."""
    parts = form_parts(answer)
    if "score" not in parts or "bio_feature" not in parts:
        raise UnreadableError("the answer has no score or no bio_feature")
    headers, data = parts["bio_feature"]
    score = number_of(json_object(parts["score"][1]), "score")
    return Verification(score, _template(data, headers.get(TRANSFER_ENCODING.lower()), encoded))


def form_parts(answer: Answer) -> dict[str, tuple[dict[str, str], bytes]]:
    """The parts of a multipart answer by name: headers by lower-case name, and data. Of two with one name the first."""
    found = _BOUNDARY.search(answer.headers.get("content-type", ""))
    if not answer.content_type.startswith("multipart/") or found is None:
        raise UnreadableError("not a multipart answer")
    boundary = re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]
    delimiter = b"\r\n--" + boundary.encode("utf-8", "replace")
    sections = (b"\r\n" + answer.body).split(delimiter)[1:]
    if not sections or not sections[-1].startswith(b"--"):
        raise UnreadableError("the multipart answer is cut short")
    parts: dict[str, tuple[dict[str, str], bytes]] = {}
    for section in sections[:-1]:
        head, blank, data = section.partition(b"\r\n\r\n")
        if not blank:
            raise UnreadableError("a part of the answer has no headers")
        headers = _headers(head)
        name = _PART_NAME.search(headers.get("content-disposition", ""))
        if name is not None:
            parts.setdefault(name[1] if name[1] is not None else name[2], (headers, data))
    return parts


def _headers(head: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n"))
    return {name.strip().lower(): value.strip() for name, colon, value in lines if colon}


def _template(data: bytes, transfer_encoding: str | None, encoded: bool) -> bytes:
    """transfer_encoding: what the answer says; where it says nothing, it is as the request was."""
    if transfer_encoding is not None:
        encoded = transfer_encoding.strip().lower() == "base64"
    result = unbase64(data, "the template") if encoded else data
    if not result:
        raise UnreadableError("the template is empty")
    return result


def unbase64(data: bytes | str, name: str) -> bytes:
    """Standard base64, in one line or several."""
    try:
        text = data.encode("ascii") if isinstance(data, str) else data
        return binascii.a2b_base64(b"".join(text.split()), strict_mode=True)
    except ValueError:  # also what is not ASCII
        raise UnreadableError(f"{name} is not base64") from None
