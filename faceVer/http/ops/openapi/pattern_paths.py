"""The operations of /v1/face/pattern: one for each row of ENDPOINTS, and extract."""

from __future__ import annotations

from typing import Any, NamedTuple

from faceVer.domain.errors import (
    ExtractionError,
    InferenceError,
    NoFaceError,
    PartTypeError,
    RequestTypeError,
    SampleError,
    SeveralFacesError,
    TooLargeError,
)
from faceVer.http.lite.faces import USE_CASES as ENDPOINTS
from faceVer.http.ops.openapi.answers import Ending, ending, endings, json_content, success
from faceVer.http.ops.openapi.bodies import binary, form_body, image_body
from faceVer.http.ops.openapi.examples import EXAMPLES
from faceVer.http.ops.openapi.operation import asked, operation, parameters, security
from faceVer.http.ops.openapi.schema import Schema, ref
from faceVer.http.pipeline.forms.content_types import FORM, IMAGE_TYPES
from faceVer.http.pipeline.part_spec import PartSpec
from faceVer.http.pipeline.paths import FACES as PATTERN
from faceVer.http.pipeline.responses import JSON, OCTETS, TRANSFER_ENCODING
from faceVer.settings.model import Settings

TAG = "Pattern"


class Words(NamedTuple):
    """What is said of an endpoint. answer: the schema of its answer, "" where that is a form."""

    ident: str
    summary: str
    description: str
    answer: str


WORDS = {
    "compare": Words(
        "compare", "Compare two templates", "1:1. No picture is needed, and no inference is made.", "Comparison"
    ),
    "verify": Words(
        "verify",
        "Compare a picture with a template",
        "1:1. The answer is a form: the score, and the template that was made of the picture.",
        "",
    ),
    "extract_and_compare": Words("extractAndCompare", "Compare two pictures", "1:1.", "Comparison"),
    "compare_n": Words("compareN", "Compare a template with N templates", "1:N. No inference is made.", "Matches"),
    "verify_n": Words("verifyN", "Compare a picture with N templates", "1:N.", "Matches"),
    "extract_and_compare_n": Words(
        "extractAndCompareN",
        "Compare a picture with N pictures",
        "1:N. One bad picture refuses the request.",
        "Matches",
    ),
}
FACES = (ExtractionError, NoFaceError, SeveralFacesError, InferenceError)


def pattern_paths(settings: Settings) -> dict[str, Schema]:
    """By path."""
    paths = {f"{PATTERN}/extract": {"post": _extract(settings)}}
    for name, (first, second, _) in ENDPOINTS.items():
        paths[f"{PATTERN}/{name}"] = {"post": _form(name, (first, second), settings)}
    return paths


def _extract(settings: Settings) -> dict[str, Any]:
    path = f"{PATTERN}/extract"
    well = success(
        "The template; as base64 where the request's own header said base64.",
        {OCTETS: {"schema": binary("The template.")}},
        TRANSFER_ENCODING,
    )
    ends = endings(RequestTypeError, SampleError, TooLargeError, *FACES)
    return operation(
        TAG,
        "extract",
        "Make a template of a picture",
        "The body is the picture. The face it is about is the largest and most central one.",
        asked(path, settings, *ends, well=well),
        parameters=parameters(TRANSFER_ENCODING),
        requestBody=image_body(settings),
        security=security(path, settings),
    )


def _form(name: str, specs: tuple[PartSpec, PartSpec], settings: Settings) -> dict[str, Any]:
    path, words = f"{PATTERN}/{name}", WORDS[name]
    if words.answer:
        well = success(words.summary + ".", json_content(ref(words.answer), answer=EXAMPLES[name]))
    else:
        well = success("The score and the new template.", _verification())
    return operation(
        TAG,
        words.ident,
        words.summary,
        words.description,
        asked(path, settings, *_ends(specs), well=well),
        parameters=parameters(TRANSFER_ENCODING),
        requestBody=form_body(specs, settings),
        security=security(path, settings),
    )


def _ends(specs: tuple[PartSpec, PartSpec]) -> list[Ending]:
    pictures = any(spec.types is IMAGE_TYPES for spec in specs)
    kinds = dict.fromkeys(spec.error for spec in specs)
    missing = [ending(spec.error(exposed=spec.name), f"part `{spec.name}` is missing, or sent twice") for spec in specs]
    return [
        *endings(RequestTypeError, *kinds, PartTypeError, TooLargeError, *(FACES if pictures else ())),
        *missing,
    ]


def _verification() -> dict[str, Any]:
    schema = {
        "type": "object",
        "description": "A form of two parts.",
        "properties": {"score": ref("Score"), "bio_feature": binary("The template made of the sample.")},
        "required": ["score", "bio_feature"],
        "additionalProperties": False,
    }
    header = {TRANSFER_ENCODING: ref(TRANSFER_ENCODING, "headers")}
    encoding = {"score": {"contentType": JSON}, "bio_feature": {"contentType": OCTETS, "headers": header}}
    return {FORM: {"schema": schema, "encoding": encoding}}
