"""The parameter `face` of requests with photos: a query parameter, or a part of the form (docs/faces.md)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence

from aiohttp import web

from faceVer.domain.errors import FaceChoiceError
from faceVer.domain.face_choice import MOST_LETTERS, PATTERN, FaceChoice
from faceVer.http.pipeline.endpoint import QueryParameter
from faceVer.http.pipeline.forms.parser import Part
from faceVer.http.pipeline.forms.transfer_encoding import unbase64
from faceVer.http.pipeline.part_spec import PartSpec

FACE = "face"
_HOW = (
    "`largest`, `central` (nearest to the centre), a number from left to right, the leftmost is 1, or a box `x,y,w,h` "
    "in pixels of the upright picture, which holds the face's centre. Other people in the picture are no error then."
)


def name_of(spec: PartSpec) -> str:
    """The parameter of the photos of a part alone: `face_1` of `sample_1`, `face_n` of `samples_n`."""
    return re.sub(r"^samples?", FACE, spec.name)


def face_parameters(specs: Sequence[PartSpec] | None = None) -> tuple[QueryParameter, ...]:
    """The parameters of an endpoint with such parts; None = its body is the photo."""
    samples = [] if specs is None else [spec for spec in specs if spec.is_image]
    if specs is not None and not samples:
        return ()
    schema = {"type": "string", "pattern": PATTERN, "maxLength": MOST_LETTERS}
    described = {FACE: f"Which face of the photo counts: {_HOW}"}
    if len(samples) > 1:
        described[FACE] = f"Which face of each photo counts: {_HOW}"
        described |= {name_of(spec): f"The same for part `{spec.name}`, in place of `face`." for spec in samples}
    return tuple(QueryParameter(name, text, schema) for name, text in described.items())


def face_of_query(request: web.Request) -> FaceChoice | None:
    """The face that the query string chooses. Raises FaceChoiceError."""
    return _only(FACE, _texts(request, FACE))


def faces_of_form(request: web.Request, parts: Iterable[Part], specs: Sequence[PartSpec]) -> dict[str, FaceChoice]:
    """The faces that the query string and the form choose, by the name of the samples' part. Raises FaceChoiceError."""
    names = {spec.name: name_of(spec) for spec in specs if spec.is_image}
    given = {name: _texts(request, name) for name in (FACE, *names.values())} if names else {}
    for part in parts:
        if part.name in given:
            given[part.name].append(_text(part))
    chosen = {name: _only(name, texts) for name, texts in given.items()}
    return {spec: choice for spec, name in names.items() if (choice := chosen[name] or chosen[FACE]) is not None}


def _texts(request: web.Request, name: str) -> list[str]:
    return list(request.query.getall(name, ()))


def _text(part: Part) -> str:
    """The value in a part. Where the request says base64, it may be base64 as the files are, or not: no choice is
    both."""
    text = part.data[: 2 * MOST_LETTERS].decode("utf-8", "replace")
    if part.encoding and not re.fullmatch(PATTERN, text.strip()):
        with contextlib.suppress(ValueError):
            return unbase64(part.data[: 2 * MOST_LETTERS]).decode("utf-8", "replace")
    return text


def _only(name: str, texts: Sequence[str]) -> FaceChoice | None:
    """The choice of a parameter. Raises FaceChoiceError."""
    if len(texts) > 1:
        raise FaceChoiceError(f"{name} is sent twice", exposed=name)
    try:
        return FaceChoice.parse(texts[0]) if texts else None
    except FaceChoiceError as error:
        raise FaceChoiceError(str(error), exposed=name) from None
